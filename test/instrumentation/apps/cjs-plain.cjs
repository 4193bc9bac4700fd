"use strict";
const langgraph = require("@langchain/langgraph");
const { tool } = require("@langchain/core/tools");
const { OpenAI } = require("openai");
const { z } = require("zod");
const { run } = require("./refund-app.cjs");

void run({ langgraph, tool, z, OpenAI }, process.argv);
