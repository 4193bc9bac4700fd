/**
 * Applications whose cost with and without the one import is compared: each does one call of a
 * library again and again, with a model provider that answers at once inside the process.
 *
 * In: a port of Redis for the one that needs it. Out: a call. Libraries are loaded when asked for.
 */
import { once } from "node:events";
import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

export interface Subject {
  /** Spans that one call records. */
  readonly spans: number;
  /** Share of the calls of a round: slow libraries take fewer. */
  readonly share: number;
  readonly open: (redisPort: number) => Promise<Running>;
}

export interface Running {
  readonly call: () => Promise<unknown>;
  readonly close?: () => Promise<unknown>;
}

/** What people ask a model about: some 600 characters. */
const QUESTION = "Where is order 7, and may it be refunded under the policy of May? ".repeat(9);

const COMPLETION = JSON.stringify({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "gpt-x-2026",
  choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: QUESTION } }],
  usage: { prompt_tokens: 150, completion_tokens: 150, total_tokens: 300 },
});

async function openApi(): Promise<Running> {
  const { decide, step, workflow } = await import("@spanledger/api");
  const options = ["refund", "reject"] as const;
  return {
    call: () =>
      workflow({ id: "bench", name: "bench" }, async () => {
        for (let index = 0; index < 5; index += 1) {
          await step("look", { input: { order: index } }, async () => ({ found: index }));
          decide("refundable", { options, inputs: { order: index } }, () => "refund");
        }
      }),
  };
}

async function openOpenAI(): Promise<Running> {
  const { default: OpenAI } = await import("openai");
  const headers = { "content-type": "application/json" };
  const fetch = async (): Promise<Response> => new Response(COMPLETION, { headers });
  const client = new OpenAI({ apiKey: "unused", baseURL: "http://127.0.0.1:9/v1", fetch });
  const messages = [{ role: "user" as const, content: QUESTION }];
  return { call: () => client.chat.completions.create({ model: "gpt-x", messages }) };
}

const MESSAGE = JSON.stringify({
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude-x-2026",
  content: [{ type: "text", text: QUESTION }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 150, output_tokens: 150 },
});

async function openAnthropic(): Promise<Running> {
  const { default: Anthropic } = await import("@anthropic-ai/sdk");
  const headers = { "content-type": "application/json" };
  const fetch = async (): Promise<Response> => new Response(MESSAGE, { headers });
  const client = new Anthropic({ apiKey: "unused", baseURL: "http://127.0.0.1:9", fetch });
  const messages = [{ role: "user" as const, content: QUESTION }];
  return { call: () => client.messages.create({ model: "claude-x", max_tokens: 500, messages }) };
}

async function openLangGraph(): Promise<Running> {
  const { Annotation, END, START, StateGraph } = await import("@langchain/langgraph");
  const State = Annotation.Root({ order: Annotation<number>(), text: Annotation<string>() });
  const graph = new StateGraph(State)
    .addNode("read", () => ({ text: QUESTION }))
    .addNode("look", () => ({ text: "found" }))
    .addNode("refund", () => ({ text: "refunded" }))
    .addEdge(START, "read")
    .addEdge("read", "look")
    .addConditionalEdges("look", () => "refund", ["refund", END])
    .addEdge("refund", END)
    .compile({ name: "bench" });
  return { call: () => graph.invoke({ order: 7 }) };
}

async function openTool(): Promise<Running> {
  const { tool } = await import("@langchain/core/tools");
  const look = tool(async (input: unknown) => JSON.stringify(input), {
    name: "get_order",
    description: "Look an order up",
    schema: { type: "object", properties: { id: { type: "string" } }, required: ["id"] },
  });
  return { call: () => look.invoke({ id: "7" }) };
}

async function openAiSdk(): Promise<Running> {
  const { generateText } = await import("ai");
  const { MockLanguageModelV4 } = await import("ai/test");
  const usage = {
    inputTokens: { total: 150, noCache: 150, cacheRead: undefined, cacheWrite: undefined },
    outputTokens: { total: 150, text: 150, reasoning: undefined },
  };
  const answer = {
    content: [{ type: "text" as const, text: QUESTION }],
    finishReason: { unified: "stop" as const, raw: "stop" },
    usage,
    warnings: [],
  };
  // A model of its own for each call: this one remembers every request.
  return {
    call: () => {
      const model = new MockLanguageModelV4({ doGenerate: async () => answer });
      return generateText({ model, prompt: QUESTION });
    },
  };
}

async function openMastra(): Promise<Running> {
  const { createStep, createWorkflow } = await import("@mastra/core/workflows");
  const { z } = await import("zod");
  const schemas = { inputSchema: z.any(), outputSchema: z.any() };
  const step = (id: string, text: string) =>
    createStep({ id, ...schemas, execute: async () => ({ text }) });
  const flow = createWorkflow({ id: "bench", ...schemas })
    .then(step("read", QUESTION))
    .then(step("look", "found"))
    .branch([[async () => true, step("refund", "refunded")]])
    .commit();
  return {
    call: async () => {
      const run = await flow.createRun();
      return run.start({ inputData: { order: 7 } });
    },
  };
}

async function openMcp(): Promise<Running> {
  const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
  const { InMemoryTransport } = await import("@modelcontextprotocol/sdk/inMemory.js");
  const { McpServer } = await import("@modelcontextprotocol/sdk/server/mcp.js");
  const server = new McpServer({ name: "orders", version: "1.2.3" });
  server.registerTool("lookup", {}, () => ({ content: [{ type: "text", text: QUESTION }] }));
  const [near, far] = InMemoryTransport.createLinkedPair();
  await server.connect(far);
  const client = new Client({ name: "bench", version: "1" });
  await client.connect(near);
  return { call: () => client.callTool({ name: "lookup" }), close: () => client.close() };
}

async function openHttp(): Promise<Running> {
  const server = createServer((incoming, response) => {
    incoming.resume();
    incoming.once("end", () => response.end("{}"));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ text: QUESTION });
  return {
    call: async () => {
      const sent = request({
        host: "127.0.0.1",
        port,
        path: "/order",
        method: "POST",
        agent,
        headers,
      });
      sent.end(body);
      const [response] = await once(sent, "response");
      response.resume();
      await once(response, "end");
    },
    close: async () => {
      agent.destroy();
      server.close();
    },
  };
}

async function openBullMQ(redisPort: number): Promise<Running> {
  const { Queue, QueueEvents, Worker } = await import("bullmq");
  const connection = { host: "127.0.0.1", port: redisPort, maxRetriesPerRequest: null };
  const name = `bench-${process.pid}`;
  const queue = new Queue(name, { connection });
  const events = new QueueEvents(name, { connection });
  const worker = new Worker(name, async () => ({ sent: true }), { connection });
  await Promise.all([events.waitUntilReady(), worker.waitUntilReady()]);
  const options = { removeOnComplete: true, removeOnFail: true };
  return {
    call: async () => {
      const done = once(worker, "completed");
      await queue.add("mail", { text: QUESTION }, options);
      await done;
    },
    close: () => Promise.all([worker.close(), queue.close(), events.close()]),
  };
}

/** By the name that the table shows. */
export const SUBJECTS: Readonly<Record<string, Subject>> = {
  "api: workflow, 5 steps, 5 decisions": { spans: 11, share: 1, open: openApi },
  "openai: chat": { spans: 1, share: 1, open: openOpenAI },
  "anthropic: messages": { spans: 1, share: 1, open: openAnthropic },
  "langgraph: 3 steps, 1 branch": { spans: 5, share: 0.2, open: openLangGraph },
  "langchain: tool": { spans: 1, share: 1, open: openTool },
  "ai-sdk: generateText": { spans: 1, share: 0.5, open: openAiSdk },
  "mastra: 3 steps, 1 branch": { spans: 5, share: 0.2, open: openMastra },
  "mcp: tool": { spans: 1, share: 0.5, open: openMcp },
  "http: POST with a body": { spans: 1, share: 0.5, open: openHttp },
  "bullmq: job": { spans: 2, share: 0.2, open: openBullMQ },
};

/** The subject that needs a Redis. */
export const NEEDS_REDIS = "bullmq: job";
