/**
 * Goal: an SDK that throws at every turn is not noticed by applications of the AI SDK, Mastra, MCP,
 * HTTP servers and BullMQ. Method: the same uses of the real libraries before they are instrumented
 * and after it, with a tracer whose every span throws; what comes out is compared. The other
 * libraries have this in their own host-safety tests.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as mastraAgents from "@mastra/core/agent";
import * as mastraWorkflows from "@mastra/core/workflows";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { diag, type Span, type Tracer } from "@opentelemetry/api";
import { AiSdkInstrumentation } from "@spanledger/instrumentation-ai-sdk";
import { BullMQInstrumentation } from "@spanledger/instrumentation-bullmq";
import { HttpInstrumentation } from "@spanledger/instrumentation-http";
import { MastraInstrumentation } from "@spanledger/instrumentation-mastra";
import { McpInstrumentation } from "@spanledger/instrumentation-mcp";
import { generateText, streamText, tool } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import * as bullmq from "bullmq";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { answering, CALLS_TOOL, streaming } from "./ai-models.ts";
import { createMcpServer } from "./mcp-server.ts";
import { isRedisMissing, type Redis, startRedis } from "./redis.ts";
import { record } from "./spans.ts";

const isMissing = isRedisMissing();
let redis: Redis | undefined;
record();
diag.disable();

const schemas = { inputSchema: z.any(), outputSchema: z.any() };
const lookup = tool({
  inputSchema: z.object({ id: z.number() }),
  execute: ({ id }) => `order ${id}`,
});

const USES: Readonly<Record<string, () => Promise<unknown>>> = {
  "a generation with a tool": async () => {
    const { text, content } = await generateText({
      model: new MockLanguageModelV4({ doGenerate: answering(CALLS_TOOL) }),
      prompt: "Where is it?",
      tools: { lookup },
    });
    return { text, content };
  },
  "a stream that is read and one that is left": async () => {
    const read: unknown[] = [];
    const ask = () => {
      const model = new MockLanguageModelV4({ doStream: streaming() });
      return streamText({ model, prompt: "Hi" }).textStream;
    };
    for await (const part of ask()) read.push(part);
    for await (const part of ask()) {
      read.push(part);
      break;
    }
    return read;
  },
  "a workflow with a branch, a failing step and a pause": async () => {
    const { createStep, createWorkflow } = mastraWorkflows;
    const create = (id: string, execute: (given: never) => unknown) =>
      createStep({ id, ...schemas, execute: execute as never });
    const flow = createWorkflow({ id: "flow", ...schemas })
      .then(create("first", ({ inputData }: { inputData: unknown }) => inputData))
      .branch([
        [
          async ({ inputData }) => inputData.ask === true,
          create("ask", ({ suspend }: { suspend: (given: unknown) => unknown }) =>
            suspend({ why: "?" }),
          ),
        ],
        [
          async ({ inputData }) => inputData.ask !== true,
          create("fail", () => {
            throw new RangeError("mine");
          }),
        ],
      ])
      .commit();
    const results = [];
    for (const inputData of [{ ask: true }, { ask: false }]) {
      const result = await (await flow.createRun()).start({ inputData });
      const error = "error" in result ? String(result.error) : undefined;
      results.push([result.status, error]);
    }
    return results;
  },
  "tools of an MCP server": async () => {
    const { server } = createMcpServer();
    const [near, far] = InMemoryTransport.createLinkedPair();
    await server.connect(far);
    const client = new Client({ name: "app", version: "1" });
    await client.connect(near);
    const outcomes = [];
    for (const asked of [
      { name: "lookup", arguments: { id: 7 } },
      { name: "fails" },
      { name: "no" },
    ]) {
      outcomes.push(await client.callTool(asked).catch(String));
    }
    return outcomes;
  },
  "requests to a server": async () => {
    const server = createServer((request, response) => {
      response.writeHead(request.url === "/bad" ? 500 : 200, { "x-own": "1" });
      request.pipe(response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const outcomes = [];
    for (const path of ["/good", "/bad"]) {
      const body = JSON.stringify({ path });
      const headers = { "content-type": "application/json" };
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
        method: "POST",
        headers,
        body,
      });
      outcomes.push([answer.status, answer.headers.get("x-own"), await answer.text()]);
    }
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    return outcomes;
  },
  ...(isMissing ? {} : { "jobs that fail once": jobs }),
};

async function jobs(): Promise<unknown> {
  const connection = { host: "127.0.0.1", port: Number(redis?.port), maxRetriesPerRequest: null };
  const queue = new bullmq.Queue("mail", { connection });
  const job = await queue.add("welcome", { to: "a" }, { attempts: 2 });
  const failures: string[] = [];
  const worker = new bullmq.Worker(
    "mail",
    async ({ attemptsMade, data }) => {
      if (attemptsMade === 0) throw new RangeError("first");
      return data;
    },
    { connection },
  );
  worker.on("failed", (_, error) => failures.push(String(error)));
  const result = await new Promise<unknown>((resolve) => {
    worker.on("completed", (_, returned) => resolve(returned));
  });
  await worker.close();
  await queue.close();
  return [job.name, job.data, failures, result];
}

const plain = new Map<string, unknown>();
let started = 0;

beforeAll(async () => {
  if (!isMissing) redis = await startRedis();
  for (const [name, use] of Object.entries(USES)) plain.set(name, await use());
  const mastra = new MastraInstrumentation();
  const mcp = new McpInstrumentation();
  const queues = new BullMQInstrumentation();
  mastra.manuallyInstrument({ ...mastraWorkflows, ...mastraAgents });
  mcp.manuallyInstrument({ Client });
  queues.manuallyInstrument(bullmq);
  const all = [mastra, mcp, queues, new AiSdkInstrumentation(), new HttpInstrumentation()];
  for (const one of all) one.setTracerProvider({ getTracer: () => brokenTracer() });
});
afterAll(() => redis?.close());

test.each(Object.keys(USES))("%s give what they give without us", async (name) => {
  const before = started;
  expect(await USES[name]?.()).toEqual(plain.get(name));
  expect(started).toBeGreaterThan(before);
});

/** Every span that it starts throws at whatever is done to it; every third is not started. */
function brokenTracer(): Tracer {
  const fail = (): never => {
    throw new Error("broken SDK");
  };
  const span = new Proxy({} as Span, {
    get: (_, name) =>
      name === "spanContext" ? () => ({ traceId: "", spanId: "", traceFlags: 0 }) : fail,
  });
  const startSpan = (): Span => {
    started += 1;
    return started % 3 === 0 ? fail() : span;
  };
  return { startSpan, startActiveSpan: fail };
}
