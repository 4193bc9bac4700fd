/**
 * The libraries that are patched: names, supported versions, the files that define what is patched.
 *
 * In: nothing. Out: instrumentations, and one entry per library. Pure but for the instrumentations,
 * which set up their hooks when they are made.
 */
import type { InstrumentationBase } from "@opentelemetry/instrumentation";
import { AI_SDK_VERSIONS, AiSdkInstrumentation } from "@spanledger/instrumentation-ai-sdk";
import {
  ANTHROPIC_VERSIONS,
  AnthropicInstrumentation,
} from "@spanledger/instrumentation-anthropic";
import { BULLMQ_VERSIONS, BullMQInstrumentation } from "@spanledger/instrumentation-bullmq";
import { HttpInstrumentation } from "@spanledger/instrumentation-http";
import {
  LANGCHAIN_CORE_VERSIONS,
  LangChainInstrumentation,
} from "@spanledger/instrumentation-langchain";
import {
  LANGGRAPH_VERSIONS,
  LangGraphInstrumentation,
} from "@spanledger/instrumentation-langgraph";
import { MASTRA_VERSIONS, MastraInstrumentation } from "@spanledger/instrumentation-mastra";
import { MCP_VERSIONS, McpInstrumentation } from "@spanledger/instrumentation-mcp";
import { OPENAI_VERSIONS, OpenAIInstrumentation } from "@spanledger/instrumentation-openai";
import {
  OPENAI_AGENTS_VERSIONS,
  OpenAIAgentsInstrumentation,
} from "@spanledger/instrumentation-openai-agents";

/** One library and how it is patched. */
export interface Library {
  readonly name: string;
  readonly supported: readonly string[];
  /** The files that define what is patched, without their endings; none where nothing has to be. */
  readonly files: readonly string[];
  /** The ending as an ES module; undefined where `import` gets the CommonJS file. */
  readonly esm?: string;
  readonly cjs: string;
  /** Packages that may bring a copy of their own, which the application uses through them. */
  readonly broughtBy?: readonly string[];
  patch(exports: Readonly<Record<string, unknown>>): void;
}

/** Packages that have LangChain core as a dependency, and so perhaps a copy of their own. */
const LANGCHAIN_PACKAGES = [
  "langchain",
  "@langchain/langgraph",
  "@langchain/openai",
  "@langchain/anthropic",
  "@langchain/aws",
  "@langchain/google-genai",
  "@langchain/mistralai",
  "@langchain/ollama",
];

/** Anthropic's clients of other platforms, which have its SDK as a dependency. */
const ANTHROPIC_PACKAGES = [
  "@anthropic-ai/aws-sdk",
  "@anthropic-ai/bedrock-sdk",
  "@anthropic-ai/foundry-sdk",
  "@anthropic-ai/vertex-sdk",
  "@langchain/anthropic",
];

/** The instrumentations and the libraries that they patch. */
export interface Libraries {
  readonly instrumentations: readonly InstrumentationBase[];
  readonly libraries: readonly Library[];
}

/** @param captureContent whether inputs, outputs and messages are recorded */
export function createLibraries(captureContent: boolean): Libraries {
  const config = { captureContent };
  const aiSdk = new AiSdkInstrumentation(config);
  const anthropic = new AnthropicInstrumentation(config);
  const bullmq = new BullMQInstrumentation(config);
  const mastra = new MastraInstrumentation(config);
  const mcp = new McpInstrumentation(config);
  const openai = new OpenAIInstrumentation(config);
  const agents = new OpenAIAgentsInstrumentation(config);
  const langgraph = new LangGraphInstrumentation(config);
  const langchain = new LangChainInstrumentation(config);
  return {
    instrumentations: [
      langgraph,
      langchain,
      openai,
      agents,
      anthropic,
      mcp,
      mastra,
      aiSdk,
      bullmq,
      new HttpInstrumentation({ captureBody: captureContent }),
    ],
    libraries: [
      {
        name: "@langchain/langgraph",
        supported: LANGGRAPH_VERSIONS,
        files: ["dist/pregel/index"],
        esm: ".js",
        cjs: ".cjs",
        broughtBy: ["langchain"],
        patch: (exports) => langgraph.manuallyInstrument(exports),
      },
      {
        name: "@langchain/core",
        supported: LANGCHAIN_CORE_VERSIONS,
        files: [
          "dist/tools/index",
          "dist/language_models/chat_models",
          "dist/runnables/base",
          "dist/runnables/branch",
        ],
        esm: ".js",
        cjs: ".cjs",
        broughtBy: LANGCHAIN_PACKAGES,
        patch: (exports) => langchain.manuallyInstrument(exports),
      },
      {
        name: "openai",
        supported: OPENAI_VERSIONS,
        files: ["client"],
        esm: ".mjs",
        cjs: ".js",
        broughtBy: ["@langchain/openai", "@openai/agents"],
        patch: (exports) => openai.manuallyInstrument(exports),
      },
      {
        name: "@openai/agents-core",
        supported: OPENAI_AGENTS_VERSIONS,
        files: ["dist/index"],
        esm: ".mjs",
        cjs: ".js",
        broughtBy: ["@openai/agents"],
        patch: (exports) => agents.manuallyInstrument(exports),
      },
      {
        name: "@anthropic-ai/sdk",
        supported: ANTHROPIC_VERSIONS,
        files: ["client"],
        esm: ".mjs",
        cjs: ".js",
        broughtBy: ANTHROPIC_PACKAGES,
        patch: (exports) => anthropic.manuallyInstrument(exports),
      },
      {
        name: "ai",
        supported: AI_SDK_VERSIONS,
        files: [],
        esm: ".mjs",
        cjs: ".js",
        patch: () => aiSdk.manuallyInstrument(),
      },
      {
        name: "@mastra/core",
        supported: MASTRA_VERSIONS,
        files: ["dist/workflows/index", "dist/agent/index", "dist/llm/index"],
        esm: ".js",
        cjs: ".cjs",
        patch: (exports) => mastra.manuallyInstrument(exports),
      },
      {
        name: "@modelcontextprotocol/sdk",
        supported: MCP_VERSIONS,
        files: ["dist/"],
        esm: "esm/client/index.js",
        cjs: "cjs/client/index.js",
        patch: (exports) => mcp.manuallyInstrument(exports),
      },
      {
        name: "bullmq",
        supported: BULLMQ_VERSIONS,
        files: ["dist/cjs/index"],
        cjs: ".js",
        patch: (exports) => bullmq.manuallyInstrument(exports),
      },
    ],
  };
}

/** Files that the ES module hook has to see; everything else is left alone. */
export const HOOKED_FILES: readonly RegExp[] = [
  /\/node_modules\/@langchain\/langgraph\/dist\/pregel\/index\.c?js$/,
  /\/node_modules\/@langchain\/core\/dist\/tools\/index\.c?js$/,
  /\/node_modules\/@langchain\/core\/dist\/language_models\/chat_models\.c?js$/,
  /\/node_modules\/@langchain\/core\/dist\/runnables\/(?:base|branch)\.c?js$/,
  /\/node_modules\/openai\/client\.m?js$/,
  /\/node_modules\/@openai\/agents-core\/dist\/index\.m?js$/,
  /\/node_modules\/@anthropic-ai\/sdk\/client\.m?js$/,
  /\/node_modules\/@mastra\/core\/dist\/(?:workflows|agent|llm)\/index\.c?js$/,
  /\/node_modules\/@modelcontextprotocol\/sdk\/dist\/(?:esm|cjs)\/client\/index\.js$/,
  /\/node_modules\/bullmq\/dist\/cjs\/index\.js$/,
];
