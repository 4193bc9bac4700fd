"use strict";
const { Anthropic } = require("@anthropic-ai/sdk");
const { Client } = require("@modelcontextprotocol/sdk/client/index.js");
const { StdioClientTransport } = require("@modelcontextprotocol/sdk/client/stdio.js");
const { run } = require("./providers-app.cjs");

void run({ Anthropic, Client, StdioClientTransport }, process.argv);
