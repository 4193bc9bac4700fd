/**
 * Goal: what the model said in a raw stream of `create({ stream: true })` is on the one span of the
 * call, whatever the application does with the stream, also where the SDK records the span itself
 * (from 0.134). Method: one suite over versions and module systems of the real package, a local
 * server that speaks its protocol, the engine's own garbage collection.
 */
import { createRequire } from "node:module";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import AnthropicNewest from "@anthropic-ai/sdk";
import AnthropicPatched from "@anthropic-ai/sdk-0.133";
import AnthropicFirst from "@anthropic-ai/sdk-0.134";
import { SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import {
  AnthropicInstrumentation,
  AnthropicSpanProcessor,
} from "@spanledger/instrumentation-anthropic";
import { OTEL } from "@spanledger/schema";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type AnthropicServer, startAnthropicServer } from "./anthropic-server.ts";
import { record } from "./spans.ts";

type AnthropicClass = typeof AnthropicNewest;

const required = createRequire(import.meta.url);
const classOf = (name: string): AnthropicClass =>
  (required(name) as { default: AnthropicClass }).default;

const recording = record(new AnthropicSpanProcessor());
const instrumentation = new AnthropicInstrumentation();
const OWN: readonly (readonly [string, AnthropicClass])[] = [
  ["0.134, ES module", AnthropicFirst as unknown as AnthropicClass],
  ["0.134, CommonJS", classOf("@anthropic-ai/sdk-0.134")],
  ["1.14, ES module", AnthropicNewest],
  ["1.14, CommonJS", classOf("@anthropic-ai/sdk")],
];
const ALL: readonly (readonly [string, AnthropicClass])[] = [
  ["0.133, ES module", AnthropicPatched as unknown as AnthropicClass],
  ...OWN,
];
for (const [, Anthropic] of ALL) instrumentation.manuallyInstrument({ Anthropic });
let server: AnthropicServer;
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

beforeAll(async () => {
  server = await startAnthropicServer();
});
afterAll(async () => {
  instrumentation.disable();
  await server.close();
});
beforeEach(() => recording.reset());

const BODY = {
  model: "claude-x",
  max_tokens: 50,
  messages: [{ role: "user" as const, content: "Hello" }],
  stream: true as const,
};
const TOOLS = [{ name: "lookup", input_schema: { type: "object" as const } }];
const TEXT = { type: "text", content: "Hello" };
const TOOL_CALL = { type: "tool_call", id: "toolu_1", name: "lookup", arguments: { id: 7 } };

function only(): ReadableSpan {
  const spans = recording.spans();
  expect(spans).toHaveLength(1);
  return spans[0] as ReadableSpan;
}

function said(span: ReadableSpan): unknown {
  const text = span.attributes[OTEL.genAiOutputMessages];
  return text === undefined ? undefined : JSON.parse(String(text));
}

const message = (parts: readonly object[], reason: string): unknown => [
  { role: "assistant", parts, finish_reason: reason },
];

async function typesOf(stream: AsyncIterable<{ readonly type: string }>): Promise<string[]> {
  const types: string[] = [];
  for await (const { type } of stream) types.push(type);
  return types;
}

describe.each(ALL)("a raw stream of %s", (_name, Anthropic) => {
  let client: AnthropicNewest;
  beforeAll(() => {
    client = new Anthropic({ apiKey: "unused", baseURL: server.baseUrl });
  });

  test("that is read puts the message, finish reason, id and usage on its span", async () => {
    const types = await typesOf(await client.messages.create({ ...BODY, tools: TOOLS }));
    expect(types.at(-1)).toBe("message_stop");
    const span = only();
    expect(said(span)).toEqual(message([TEXT, TOOL_CALL], "tool_call"));
    expect(span.status.code).not.toBe(SpanStatusCode.ERROR);
    expect(span.attributes).toMatchObject({
      [OTEL.genAiResponseId]: "msg_1",
      [OTEL.genAiResponseModel]: "claude-2026",
      [OTEL.genAiResponseFinishReasons]: ["tool_call"],
      [OTEL.genAiUsageInputTokens]: 12,
      [OTEL.genAiUsageOutputTokens]: 2,
      [OTEL.genAiResponseTimeToFirstChunk]: expect.any(Number),
    });
  });

  test("of a beta message is recorded like any other", async () => {
    await typesOf(await client.beta.messages.create(BODY));
    expect(said(only())).toEqual(message([TEXT], "stop"));
  });

  test("that is left early keeps what came until then, without an error", async () => {
    for await (const event of await client.messages.create(BODY)) {
      if (event.type === "content_block_delta") break;
    }
    const span = only();
    expect(said(span)).toEqual(message([{ type: "text", content: "Hel" }], "unknown"));
    expect(span.status.code).not.toBe(SpanStatusCode.ERROR);
    expect(span.attributes[OTEL.genAiResponseId]).toBe("msg_1");
    expect(span.attributes).not.toHaveProperty([OTEL.genAiUsageOutputTokens]);
    expect(span.attributes).not.toHaveProperty([OTEL.genAiResponseFinishReasons]);
  });

  test("that breaks keeps what came until then, and the error", async () => {
    const stream = await client.messages.create({ ...BODY, model: "claude-breaks" });
    await expect(typesOf(stream)).rejects.toBeInstanceOf(Anthropic.APIError);
    const span = only();
    expect(said(span)).toEqual(message([TEXT], "unknown"));
    expect(span.status.code).toBe(SpanStatusCode.ERROR);
    expect(span.attributes[OTEL.errorType]).toEqual(expect.any(String));
  });

  test("that is aborted while it is read keeps what came until then", async () => {
    const stream = await client.messages.create({ ...BODY, model: "claude-hangs" });
    for await (const event of stream) {
      if (event.type === "content_block_stop") stream.controller.abort();
    }
    const span = only();
    expect(said(span)).toEqual(message([TEXT], "unknown"));
    expect(span.status.code).not.toBe(SpanStatusCode.ERROR);
  });

  test("that is aborted before it is read says nothing of the model", async () => {
    const { signal, abort } = aborter();
    await client.messages.create({ ...BODY, model: "claude-hangs" }, { signal });
    abort();
    await expect.poll(() => recording.spans().length).toBe(1);
    expect(said(only())).toBeUndefined();
    expect(only().status.code).not.toBe(SpanStatusCode.ERROR);
  });

  test("that is split gives both halves all events, in one span", async () => {
    const [left, right] = (await client.messages.create(BODY)).tee();
    expect(await typesOf(left)).toEqual(await typesOf(right));
    expect(said(only())).toEqual(message([TEXT], "stop"));
  });

  test("that is read as bytes is recorded too", async () => {
    const bytes = (await client.messages.create(BODY)).toReadableStream();
    expect(await new Response(bytes).text()).toContain('"type":"message_stop"');
    expect(said(only())).toEqual(message([TEXT], "stop"));
  });

  test("comes with its response, and with the class and the properties it has", async () => {
    const promise = client.messages.create(BODY);
    expect(promise.constructor.name).toBe("APIPromise");
    const { data, response } = await promise.withResponse();
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(data.constructor.name).toBe("Stream");
    expect(data.controller).toBeInstanceOf(AbortController);
    expect(await promise).toBe(data);
    await typesOf(data);
    expect(said(only())).toEqual(message([TEXT], "stop"));
    await expect(typesOf(data)).rejects.toThrow("consumed stream");
  });

  test("that is asked for as a response is left to the application", async () => {
    const response = await client.messages.create(BODY).asResponse();
    expect(await response.text()).toContain("event: message_stop");
    await expect.poll(() => recording.spans().length).toBe(1);
    expect(said(only())).toBeUndefined();
  });

  test.each([
    ["without being read", 0],
    ["while it is read", 3],
  ])("that is dropped %s ends its span with what came", async (_how, events) => {
    await (async () => {
      const stream = await client.messages.create({ ...BODY, model: "claude-hangs" });
      const iterator = events === 0 ? undefined : stream[Symbol.asyncIterator]();
      for (let count = 0; count < events; count += 1) await iterator?.next();
    })();
    await expect
      .poll(() => {
        collectGarbage();
        return recording.spans().length;
      })
      .toBe(1);
    const came = message([{ type: "text", content: "Hel" }], "unknown");
    expect(said(only())).toEqual(events === 0 ? undefined : came);
  });

  test("puts no content on its span where none is captured", async () => {
    instrumentation.setConfig({ ...instrumentation.getConfig(), captureContent: false });
    try {
      await typesOf(await client.messages.create({ ...BODY, tools: TOOLS }));
    } finally {
      instrumentation.setConfig({ ...instrumentation.getConfig(), captureContent: true });
    }
    expect(said(only())).toBeUndefined();
    expect(only().attributes[OTEL.genAiUsageOutputTokens]).toBe(2);
  });
});

test.each(OWN)("a client of %s that asks for metadata alone gets no content", async (_, Class) => {
  const openTelemetry = { traces: { contentMode: "metadata_only" as const } };
  const client = new Class({ apiKey: "unused", baseURL: server.baseUrl, openTelemetry });
  await typesOf(await client.messages.create(BODY));
  expect(said(only())).toBeUndefined();
  expect(only().attributes[OTEL.genAiInputMessages]).toBeUndefined();
  expect(only().attributes[OTEL.genAiResponseFinishReasons]).toEqual(["stop"]);
});

function aborter(): { readonly signal: AbortSignal; abort(): void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
