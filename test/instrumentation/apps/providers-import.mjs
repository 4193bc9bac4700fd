import "@spanledger/register";
import Anthropic from "@anthropic-ai/sdk";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { run } from "./providers-app.cjs";

await run({ Anthropic, Client, StdioClientTransport }, process.argv);
