"use strict";

/**
 * An application with an SDK of its own and one of our instrumentations, without the one import.
 *
 * Arguments: the library; `hooks` to leave the patching to the import hooks, `manual` to hand over
 * the library's exports; then what the library needs (address of a provider, port of Redis). Every
 * library is loaded after the SDK has started, and lazily, so that a bundle of this file has all
 * of them. Prints the spans, indented below their parents.
 */
const { NodeSDK } = require("@opentelemetry/sdk-node");
const { InMemorySpanExporter, SimpleSpanProcessor } = require("@opentelemetry/sdk-trace");
const { RunSpanProcessor } = require("@spanledger/api");

const messages = [{ role: "user", content: "Hello" }];

const SUBJECTS = {
  "ai-sdk": {
    create: () => new (require("@spanledger/instrumentation-ai-sdk").AiSdkInstrumentation)(),
    exports: () => ({}),
    run: async (baseURL) => {
      const { generateText } = require("ai");
      const { createOpenAI } = require("@ai-sdk/openai");
      const openai = createOpenAI({ apiKey: "unused", baseURL });
      await generateText({ model: openai.chat("gpt-x"), prompt: "Hello" });
    },
  },
  anthropic: {
    create: () => new (require("@spanledger/instrumentation-anthropic").AnthropicInstrumentation)(),
    // The SDK records itself; the processor gives its spans our names.
    processors: () => [
      new (require("@spanledger/instrumentation-anthropic").AnthropicSpanProcessor)(),
    ],
    exports: () => require("@anthropic-ai/sdk"),
    run: async (baseURL) => {
      const { Anthropic } = require("@anthropic-ai/sdk");
      const client = new Anthropic({ apiKey: "unused", baseURL });
      await client.messages.create({ model: "claude-x", max_tokens: 9, messages });
    },
  },
  bullmq: {
    create: () => new (require("@spanledger/instrumentation-bullmq").BullMQInstrumentation)(),
    exports: () => require("bullmq"),
    run: async (port) => {
      const { Queue, Worker } = require("bullmq");
      const connection = { host: "127.0.0.1", port: Number(port), maxRetriesPerRequest: null };
      const queue = new Queue("mail", { connection });
      await queue.add("welcome", { to: "a" });
      const worker = new Worker("mail", async () => "sent", { connection });
      await new Promise((resolve) => worker.on("completed", resolve));
      await worker.close();
      await queue.close();
    },
  },
  http: {
    create: () => new (require("@spanledger/instrumentation-http").HttpInstrumentation)(),
    exports: () => require("node:http"),
    run: async () => {
      const { createServer } = require("node:http");
      const server = createServer((_, response) => response.end("ok"));
      await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
      await (await fetch(`http://127.0.0.1:${server.address().port}/`)).text();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  },
  langchain: {
    create: () => new (require("@spanledger/instrumentation-langchain").LangChainInstrumentation)(),
    exports: () => require("@langchain/core/tools"),
    run: async () => {
      const { tool } = require("@langchain/core/tools");
      const { z } = require("zod");
      const schema = z.object({ id: z.string() });
      await tool(() => "found", { name: "lookup", schema }).invoke({ id: "7" });
    },
  },
  langgraph: {
    create: () => new (require("@spanledger/instrumentation-langgraph").LangGraphInstrumentation)(),
    exports: () => require("@langchain/langgraph"),
    run: async () => {
      const { Annotation, START, StateGraph } = require("@langchain/langgraph");
      const graph = new StateGraph(Annotation.Root({ x: Annotation() }))
        .addNode("add", ({ x }) => ({ x: x + 1 }))
        .addEdge(START, "add")
        .compile({ name: "sum" });
      await graph.invoke({ x: 1 });
    },
  },
  mastra: {
    create: () => new (require("@spanledger/instrumentation-mastra").MastraInstrumentation)(),
    exports: () => require("@mastra/core/workflows"),
    run: async () => {
      const { createStep, createWorkflow } = require("@mastra/core/workflows");
      const { z } = require("zod");
      const schemas = { inputSchema: z.any(), outputSchema: z.any() };
      const execute = async ({ inputData }) => inputData;
      const workflow = createWorkflow({ id: "triage", ...schemas })
        .then(createStep({ id: "classify", ...schemas, execute }))
        .commit();
      await (await workflow.createRun()).start({ inputData: 1 });
    },
  },
  mcp: {
    create: () => new (require("@spanledger/instrumentation-mcp").McpInstrumentation)(),
    exports: () => require("@modelcontextprotocol/sdk/client/index.js"),
    run: async () => {
      const { Client } = require("@modelcontextprotocol/sdk/client/index.js");
      const { InMemoryTransport } = require("@modelcontextprotocol/sdk/inMemory.js");
      const { McpServer } = require("@modelcontextprotocol/sdk/server/mcp.js");
      const server = new McpServer({ name: "orders", version: "1" });
      server.registerTool("lookup", {}, () => ({ content: [{ type: "text", text: "7" }] }));
      const [near, far] = InMemoryTransport.createLinkedPair();
      await server.connect(far);
      const client = new Client({ name: "app", version: "1" });
      await client.connect(near);
      await client.callTool({ name: "lookup" });
      await client.close();
    },
  },
  openai: {
    create: () => new (require("@spanledger/instrumentation-openai").OpenAIInstrumentation)(),
    exports: () => require("openai"),
    run: async (baseURL) => {
      const { OpenAI } = require("openai");
      const client = new OpenAI({ apiKey: "unused", baseURL });
      await client.chat.completions.create({ model: "gpt-x", messages });
    },
  },
  "openai-agents": {
    create: () =>
      new (require("@spanledger/instrumentation-openai-agents").OpenAIAgentsInstrumentation)(),
    exports: () => require("@openai/agents"),
    run: async (baseURL) => {
      const { Agent, OpenAIProvider, Runner, setTraceProcessors } = require("@openai/agents");
      setTraceProcessors([]);
      const modelProvider = new OpenAIProvider({ apiKey: "unused", baseURL });
      const agent = new Agent({ name: "helper", model: "gpt-agent" });
      await new Runner({ modelProvider }).run(agent, "Hello");
    },
  },
};

async function main([name, how, argument]) {
  const subject = SUBJECTS[name];
  const exporter = new InMemorySpanExporter();
  const instrumentation = subject.create();
  const sdk = new NodeSDK({
    spanProcessors: [
      new RunSpanProcessor(),
      ...(subject.processors?.() ?? []),
      new SimpleSpanProcessor({ exporter }),
    ],
    instrumentations: [instrumentation],
    // What is detected late makes the processor wait.
    autoDetectResources: false,
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
  if (how === "manual") instrumentation.manuallyInstrument(subject.exports());
  await subject.run(argument);
  const spans = exporter.getFinishedSpans();
  const ids = new Set(spans.map((span) => span.spanContext().spanId));
  const depthOf = (span) => {
    const parent = span.parentSpanContext?.spanId;
    if (parent === undefined || !ids.has(parent)) return 0;
    return 1 + depthOf(spans.find((one) => one.spanContext().spanId === parent));
  };
  const lines = spans
    .filter((span) => !span.name.startsWith("define_workflow"))
    .toSorted((a, b) => a.startTime[0] - b.startTime[0] || a.startTime[1] - b.startTime[1])
    .map((span) => `${"  ".repeat(depthOf(span))}${span.name}\n`);
  process.stdout.write(lines.join(""));
  await sdk.shutdown();
}

void main(process.argv.slice(2));
