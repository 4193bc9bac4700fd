"use strict";
require("@spanledger/register");
const { createRequire } = require("node:module");
// LangChain has the newest LangGraph that installs, and the core that belongs to it.
const newest = createRequire(require.resolve("langchain"));
const langgraph = newest("@langchain/langgraph");
const { tool } = newest("@langchain/core/tools");
const { OpenAI } = require("openai");
const { z } = require("zod");
const { run } = require("./refund-app.cjs");

void run({ langgraph, tool, z, OpenAI }, process.argv);
