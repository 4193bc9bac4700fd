"use strict";
require("@spanledger/register");
const { createRequire } = require("node:module");
const openai = require("@langchain/openai");
const langchain = require("langchain");
// The copy that LangChain itself uses, where the application has another version.
const langgraph = createRequire(require.resolve("langchain"))("@langchain/langgraph");
const { z } = require("zod");
const { run } = require("./agent.cjs");

void run({ langchain, langgraph, openai, z }, process.argv);
