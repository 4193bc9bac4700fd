/**
 * Goal: what an MCP client asks a server to do is recorded as the MCP conventions say, the server
 * learns the context, and the application does not notice. Method: the real SDK's client and server
 * over memory, standard input and output, and HTTP; the same calls patched and not patched.
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { propagation, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import {
  CompositePropagator,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from "@opentelemetry/core";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { step, tool, workflow } from "@spanledger/api";
import { McpInstrumentation } from "@spanledger/instrumentation-mcp";
import { OTEL, WORKFLOW } from "@spanledger/schema";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createMcpServer, startHttpMcpServer } from "./mcp-server.ts";
import { record, tree } from "./spans.ts";

/** The CommonJS build, which shares nothing with the ES module build; loaded before any hook. */
const esm = fileURLToPath(import.meta.resolve("@modelcontextprotocol/sdk/client/index.js"));
const { Client: PlainClient } = createRequire(esm)(esm.replace("/esm/", "/cjs/")) as {
  Client: typeof Client;
};
const recording = record();
const instrumentation = new McpInstrumentation();
instrumentation.manuallyInstrument({ Client });
beforeAll(() => {
  propagation.disable();
  const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()];
  propagation.setGlobalPropagator(new CompositePropagator({ propagators }));
});
beforeEach(() => recording.reset());

async function connect(Class: typeof Client = Client) {
  const running = createMcpServer();
  const [near, far] = InMemoryTransport.createLinkedPair();
  await running.server.connect(far);
  const client = new Class({ name: "app", version: "1" });
  await client.connect(near);
  return { client, ...running };
}

function only(): ReadableSpan {
  const spans = recording.spans();
  expect(spans).toHaveLength(1);
  return spans[0] as ReadableSpan;
}

const LOOKUP = { name: "lookup", arguments: { id: 7 } };

describe("a call of a tool", () => {
  test("is a client span with tool, arguments, result and server", async () => {
    const { client } = await connect();
    const result = await client.callTool(LOOKUP);
    expect(result.content).toEqual([{ type: "text", text: "order 7" }]);
    const span = only();
    expect(span.name).toBe("tools/call lookup");
    expect(span.kind).toBe(SpanKind.CLIENT);
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
    expect(span.attributes).toMatchObject({
      [OTEL.genAiOperationName]: "execute_tool",
      [OTEL.genAiToolName]: "lookup",
      [OTEL.mcpMethodName]: "tools/call",
      [OTEL.jsonrpcRequestId]: "1",
      [OTEL.servicePeerName]: "orders",
      [OTEL.genAiToolCallArguments]: '{"id":7}',
      [OTEL.genAiToolCallResult]: '[{"type":"text","text":"order 7"}]',
    });
  });

  test("keeps structured content, and of media no more than type and size", async () => {
    const { client } = await connect();
    await client.callTool({ name: "total" });
    await client.callTool({ name: "picture" });
    const results = recording.spans().map((span) => span.attributes[OTEL.genAiToolCallResult]);
    expect(results).toEqual(['{"total":3}', '[{"type":"image","mimeType":"image/png","chars":4}]']);
  });

  test("whose tool fails is an error that the application gets as a result", async () => {
    const { client } = await connect();
    const result = await client.callTool({ name: "fails" });
    expect(result.isError).toBe(true);
    const span = only();
    expect(span.status.code).toBe(SpanStatusCode.ERROR);
    expect(span.attributes[OTEL.errorType]).toBe("tool_error");
  });

  test("that the server refuses rejects with the SDK's own error and its code", async () => {
    const { client, server } = await connect();
    server.server.removeRequestHandler("tools/call");
    await expect(client.callTool(LOOKUP)).rejects.toMatchObject({ code: -32601 });
    const span = only();
    expect(span.status.code).toBe(SpanStatusCode.ERROR);
    expect(span.attributes).toMatchObject({
      [OTEL.errorType]: "-32601",
      [OTEL.rpcResponseStatusCode]: "-32601",
    });
  });

  test("that is aborted ends its span", async () => {
    const { client } = await connect();
    const aborted = client.callTool(LOOKUP, undefined, { signal: AbortSignal.abort("enough") });
    await expect(aborted).rejects.toBe("enough");
    expect(only().status.code).toBe(SpanStatusCode.ERROR);
  });

  test("that is made as a stream is recorded like any other", async () => {
    const { client } = await connect();
    const types: string[] = [];
    for await (const message of client.experimental.tasks.callToolStream(LOOKUP)) {
      types.push(message.type);
    }
    expect(types).toEqual(["result"]);
    expect(only().attributes[OTEL.genAiToolCallResult]).toContain("order 7");
  });

  test("nests under its step", async () => {
    const { client } = await connect();
    await step("find", () => client.callTool(LOOKUP));
    expect(tree(recording.spans())).toEqual(["run_step find", "  tools/call lookup"]);
  });
});

describe("a framework's tool that hands its call on", () => {
  test("is one span, with what the protocol adds", async () => {
    const { client } = await connect();
    await tool("orders__lookup", {}, () => client.callTool(LOOKUP));
    const span = only();
    expect(span.name).toBe("execute_tool orders__lookup");
    expect(span.attributes).toMatchObject({
      [OTEL.genAiToolName]: "orders__lookup",
      [OTEL.mcpMethodName]: "tools/call",
      [OTEL.servicePeerName]: "orders",
    });
  });

  test("has spans below it for a second call and for another tool", async () => {
    const { client } = await connect();
    await tool("lookup", {}, async () => {
      await client.callTool(LOOKUP);
      await client.callTool(LOOKUP);
      await client.callTool({ name: "total" });
    });
    expect(tree(recording.spans())).toEqual([
      "execute_tool lookup",
      "  tools/call lookup",
      "  tools/call total",
    ]);
  });
});

describe("the server", () => {
  test("gets trace context and baggage beside what the application put into _meta", async () => {
    const { client, metas } = await connect();
    const actor = { id: "svc-shop", type: "service" as const };
    const params = { ...LOOKUP, _meta: { progressToken: 9, "example.com/own": "kept" } };
    await workflow({ id: "refund", name: "refund", actor }, () => client.callTool(params));
    const span = recording.named("tools/call lookup")[0];
    const { traceId, spanId } = span?.spanContext() ?? {};
    expect(metas).toEqual([
      {
        progressToken: 9,
        "example.com/own": "kept",
        traceparent: `00-${traceId}-${spanId}-01`,
        baggage: expect.stringContaining(`${WORKFLOW.actorId}=svc-shop`),
      },
    ]);
    expect(params._meta).toEqual({ progressToken: 9, "example.com/own": "kept" });
  });

  test("gets nothing where that is switched off", async () => {
    const { client, metas } = await connect();
    instrumentation.setConfig({ propagate: false });
    await client.callTool(LOOKUP);
    instrumentation.setConfig({});
    expect(metas).toEqual([undefined]);
    expect(recording.spans()).toHaveLength(1);
  });

  test("over standard input and output is reached by a pipe", async () => {
    const path = fileURLToPath(new URL("apps/mcp-server.mjs", import.meta.url));
    const client = new Client({ name: "app", version: "1" });
    await client.connect(new StdioClientTransport({ command: process.execPath, args: [path] }));
    const result = await client.callTool({ name: "meta" });
    await client.close();
    const [block] = result.content as { text: string }[];
    const span = only();
    expect(block?.text).toContain(span.spanContext().traceId);
    expect(span.attributes).toMatchObject({
      [OTEL.networkTransport]: "pipe",
      [OTEL.servicePeerName]: "stdio-server",
    });
  });

  test("over HTTP has an address, a session and a protocol version", async () => {
    const server = await startHttpMcpServer();
    const client = new Client({ name: "app", version: "1" });
    const transport = new StreamableHTTPClientTransport(server.url);
    await client.connect(transport as never);
    await client.callTool(LOOKUP);
    expect(only().attributes).toMatchObject({
      [OTEL.networkTransport]: "tcp",
      [OTEL.serverAddress]: "127.0.0.1",
      [OTEL.serverPort]: Number(server.url.port),
      [OTEL.mcpSessionId]: transport.sessionId,
      [OTEL.mcpProtocolVersion]: transport.protocolVersion,
    });
    await client.close();
    await server.close();
  });
});

test("prompts and resources are recorded, handshakes and lists are not", async () => {
  const { client } = await connect();
  await client.listTools();
  await client.ping();
  await client.getPrompt({ name: "greet" });
  await client.readResource({ uri: "file:///readme.md" });
  expect(tree(recording.spans())).toEqual(["prompts/get greet", "resources/read"]);
  const [prompt, resource] = recording.spans();
  expect(prompt?.attributes[OTEL.genAiPromptName]).toBe("greet");
  expect(resource?.attributes[OTEL.mcpResourceUri]).toBe("file:///readme.md");
});

describe("the application", () => {
  test("is compared with one that records nothing", async () => {
    const { client } = await connect(PlainClient);
    await client.callTool(LOOKUP);
    expect(recording.spans()).toEqual([]);
  });

  const cyclic: Record<string, unknown> = { id: 7, big: "x".repeat(1_000_000) };
  const hostile = {
    id: 7,
    get bomb(): string {
      throw new RangeError("boom");
    },
  };

  test.each([
    ["a known tool", LOOKUP],
    ["a tool that fails", { name: "fails" }],
    ["an unknown tool", { name: "nope" }],
    ["wrong arguments", { name: "lookup", arguments: { id: "seven" } }],
    ["huge arguments", { name: "lookup", arguments: cyclic }],
    ["arguments that throw", { name: "lookup", arguments: hostile }],
    ["binary arguments", { name: "lookup", arguments: { id: 7, bytes: new Uint8Array(64) } }],
    ["a big integer", { name: "lookup", arguments: { id: 7, big: 7n } }],
    ["no parameters at all", undefined],
  ])("gets for %s what it gets without us", async (_, params) => {
    const outcome = async (Class: typeof Client): Promise<unknown> => {
      const { client } = await connect(Class);
      return settled(() => client.callTool(params as never));
    };
    expect(await outcome(Client)).toEqual(await outcome(PlainClient));
  });

  test("gets promises of the class that it gets without us, and errors when not connected", async () => {
    const outcome = async (Class: typeof Client): Promise<unknown> => {
      const client = new Class({ name: "app", version: "1" });
      const promise = client.callTool(LOOKUP);
      return { native: promise.constructor === Promise, ended: await settled(() => promise) };
    };
    expect(await outcome(Client)).toEqual(await outcome(PlainClient));
    expect(only().attributes).not.toHaveProperty(OTEL.jsonrpcRequestId);
  });
});

/** How a call ends, so that two can be compared. */
async function settled(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return { returned: await call() };
  } catch (error) {
    if (!(error instanceof Error)) return { threw: error };
    return {
      name: error.constructor.name,
      message: error.message,
      code: Reflect.get(error, "code"),
    };
  }
}
