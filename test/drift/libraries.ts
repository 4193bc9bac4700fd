/**
 * What is instrumented, as far as it has versions of its own: names and declared ranges. Data only.
 */
import { AI_SDK_VERSIONS } from "@spanledger/instrumentation-ai-sdk";
import { ANTHROPIC_VERSIONS } from "@spanledger/instrumentation-anthropic";
import { BULLMQ_VERSIONS } from "@spanledger/instrumentation-bullmq";
import { LANGCHAIN_CORE_VERSIONS } from "@spanledger/instrumentation-langchain";
import { LANGGRAPH_VERSIONS } from "@spanledger/instrumentation-langgraph";
import { MASTRA_VERSIONS } from "@spanledger/instrumentation-mastra";
import { MCP_VERSIONS } from "@spanledger/instrumentation-mcp";
import { OPENAI_VERSIONS } from "@spanledger/instrumentation-openai";

/** One library. */
export interface Instrumented {
  readonly name: string;
  /** Ranges `>=A.B.C <D`. */
  readonly supported: readonly string[];
  /** A package whose own copy is tested as well. */
  readonly through?: string;
}

export const INSTRUMENTED: readonly Instrumented[] = [
  { name: "@langchain/langgraph", supported: LANGGRAPH_VERSIONS, through: "langchain" },
  { name: "@langchain/core", supported: LANGCHAIN_CORE_VERSIONS, through: "langchain" },
  { name: "openai", supported: OPENAI_VERSIONS },
  { name: "@anthropic-ai/sdk", supported: ANTHROPIC_VERSIONS },
  { name: "@anthropic-ai/bedrock-sdk", supported: [">=0.29.2 <2"] },
  { name: "@anthropic-ai/vertex-sdk", supported: [">=0.19.11 <2"] },
  { name: "ai", supported: AI_SDK_VERSIONS },
  { name: "@mastra/core", supported: MASTRA_VERSIONS },
  { name: "@modelcontextprotocol/sdk", supported: MCP_VERSIONS },
  { name: "bullmq", supported: BULLMQ_VERSIONS },
  // Nothing is patched in these: the ranges are those of the packages' READMEs.
  { name: "express", supported: [">=4.17.0 <6"] },
  { name: "fastify", supported: [">=4.29.1 <6"] },
  { name: "hono", supported: [">=4.0.0 <5"] },
  { name: "pino", supported: [">=6.0.0 <11"] },
];
