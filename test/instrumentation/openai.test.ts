/**
 * Goal: a call through the openai package is recorded as the GenAI conventions say, and the
 * application does not notice. Method: the real package in this process, against a local server
 * that speaks its protocol.
 */
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { step } from "@spanledger/api";
import { OpenAIInstrumentation } from "@spanledger/instrumentation-openai";
import { OTEL, WORKFLOW } from "@spanledger/schema";
import OpenAI from "openai";
import { APIPromise } from "openai/api-promise";
import { zodResponseFormat } from "openai/helpers/zod";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { type OpenAIServer, startOpenAIServer } from "./openai-server.ts";
import { record, tree } from "./spans.ts";

const recording = record();
new OpenAIInstrumentation().manuallyInstrument({ OpenAI });
let server: OpenAIServer;
let client: OpenAI;

beforeAll(async () => {
  server = await startOpenAIServer();
  client = new OpenAI({ apiKey: "unused", baseURL: server.baseUrl });
});
afterAll(() => server.close());
beforeEach(() => recording.reset());

const HELLO = [{ role: "user", content: "Hello" }] as const;

function only(): ReadableSpan {
  const spans = recording.spans();
  expect(spans).toHaveLength(1);
  return spans[0] as ReadableSpan;
}

function json(span: ReadableSpan, name: string): unknown {
  return JSON.parse(String(span.attributes[name]));
}

describe("a chat completion", () => {
  test("is a client span with request, response, usage, messages and server", async () => {
    const result = await client.chat.completions.create({
      model: "gpt-x",
      messages: [{ role: "system", content: "Be brief" }, ...HELLO],
      temperature: 0.2,
      max_completion_tokens: 50,
      stop: "END",
    });
    expect(result.choices[0]?.message.content).toBe('{"label":"high"}');
    const span = only();
    expect(span.name).toBe("chat gpt-x");
    expect(span.kind).toBe(SpanKind.CLIENT);
    expect(span.attributes).toMatchObject({
      [OTEL.genAiOperationName]: "chat",
      [OTEL.genAiProviderName]: "openai",
      [OTEL.genAiRequestModel]: "gpt-x",
      [OTEL.genAiRequestTemperature]: 0.2,
      [OTEL.genAiRequestMaxTokens]: 50,
      [OTEL.genAiRequestStopSequences]: ["END"],
      [OTEL.genAiResponseId]: "chatcmpl-1",
      [OTEL.genAiResponseModel]: "gpt-x-2026",
      [OTEL.genAiResponseFinishReasons]: ["stop"],
      [OTEL.genAiUsageInputTokens]: 12,
      [OTEL.genAiUsageOutputTokens]: 3,
      [OTEL.serverAddress]: "127.0.0.1",
      [OTEL.serverPort]: server.port,
    });
    expect(span.attributes).not.toHaveProperty(OTEL.httpRequestResendCount);
    expect(json(span, OTEL.genAiInputMessages)).toEqual([
      { role: "system", parts: [{ type: "text", content: "Be brief" }] },
      { role: "user", parts: [{ type: "text", content: "Hello" }] },
    ]);
    expect(json(span, OTEL.genAiOutputMessages)).toEqual([
      {
        role: "assistant",
        parts: [{ type: "text", content: '{"label":"high"}' }],
        finish_reason: "stop",
      },
    ]);
  });

  test("keeps tool definitions, calls and answers as parts", async () => {
    const parameters = { type: "object", properties: { id: { type: "number" } } };
    await client.chat.completions.create({
      model: "gpt-x",
      messages: [
        ...HELLO,
        {
          role: "assistant",
          tool_calls: [{ id: "c0", type: "function", function: { name: "a", arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: "c0", content: "42" },
      ],
      tools: [{ type: "function", function: { name: "lookup", description: "Find", parameters } }],
    });
    const span = only();
    expect(json(span, OTEL.genAiToolDefinitions)).toEqual([
      { type: "function", name: "lookup", description: "Find", parameters },
    ]);
    expect(json(span, OTEL.genAiInputMessages)).toMatchObject([
      { role: "user" },
      { role: "assistant", parts: [{ type: "tool_call", id: "c0", name: "a", arguments: {} }] },
      { role: "tool", parts: [{ type: "tool_call_response", id: "c0", response: "42" }] },
    ]);
    expect(json(span, OTEL.genAiOutputMessages)).toMatchObject([
      { parts: [{ type: "tool_call", id: "call_1", name: "lookup", arguments: { id: 7 } }] },
    ]);
  });

  test("nests under its step and makes it an AI step", async () => {
    await step("classify", () =>
      client.chat.completions.create({ model: "gpt-x", messages: [...HELLO] }),
    );
    expect(tree(recording.spans())).toEqual(["run_step classify", "  chat gpt-x"]);
    expect(recording.named("run_step classify")[0]?.attributes[WORKFLOW.stepType]).toBe("ai");
  });

  test("counts what the SDK sends again", async () => {
    await client.chat.completions.create({ model: "gpt-busy", messages: [...HELLO] });
    const span = only();
    expect(span.attributes[OTEL.httpRequestResendCount]).toBe(1);
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
  });

  test("that is refused rejects with the SDK's own error and ends the span with it", async () => {
    const refused = client.chat.completions.create({ model: "gpt-refused", messages: [...HELLO] });
    await expect(refused).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    const span = only();
    expect(span.status.code).toBe(SpanStatusCode.ERROR);
    expect(span.attributes[OTEL.errorType]).toBe("BadRequestError");
    expect(span.events.map((event) => event.name)).toEqual(["exception"]);
  });
});

describe("the SDK's promise", () => {
  const body = { model: "gpt-x", messages: [...HELLO] };

  test("still has withResponse, and one span comes of it", async () => {
    const { data, response } = await client.chat.completions.create(body).withResponse();
    expect(response.status).toBe(200);
    expect(data.id).toBe("chatcmpl-1");
    expect(only().attributes[OTEL.genAiUsageInputTokens]).toBe(12);
  });

  test("still has asResponse with an unread body, and the span ends without it", async () => {
    const response = await client.chat.completions.create(body).asResponse();
    expect(response.bodyUsed).toBe(false);
    expect(await response.json()).toMatchObject({ id: "chatcmpl-1" });
    await expect.poll(() => recording.spans().length).toBe(1);
    expect(only().attributes).not.toHaveProperty(OTEL.genAiUsageInputTokens);
  });

  test("is parsed by parse()", async () => {
    const format = zodResponseFormat(z.object({ label: z.string() }), "label");
    const parsed = await client.chat.completions.parse({ ...body, response_format: format });
    expect(parsed.choices[0]?.message.parsed).toEqual({ label: "high" });
    expect(only().attributes[OTEL.genAiOutputType]).toBe("json");
  });

  test("has the class that it has without us", async () => {
    const promise = client.chat.completions.create(body);
    expect(promise).toBeInstanceOf(APIPromise);
    await promise;
  });
});

describe("a streamed chat completion", () => {
  const body = { model: "gpt-x", messages: [...HELLO], stream: true as const };

  test("ends its span when it was read, with text, finish reason and usage", async () => {
    const stream = await client.chat.completions.create({
      ...body,
      stream_options: { include_usage: true },
    });
    let text = "";
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    expect(text).toBe("Hello");
    const span = only();
    expect(span.attributes[OTEL.genAiResponseFinishReasons]).toEqual(["stop"]);
    expect(span.attributes[OTEL.genAiUsageOutputTokens]).toBe(3);
    expect(json(span, OTEL.genAiOutputMessages)).toMatchObject([
      { parts: [{ type: "text", content: "Hello" }], finish_reason: "stop" },
    ]);
  });

  test("ends its span when the application leaves early", async () => {
    for await (const _ of await client.chat.completions.create(body)) break;
    const span = only();
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
    expect(json(span, OTEL.genAiOutputMessages)).toMatchObject([
      { parts: [{ type: "text", content: "Hel" }] },
    ]);
  });

  test("ends its span with the error that breaks it", async () => {
    const read = async (): Promise<void> => {
      for await (const _ of await client.chat.completions.create({ ...body, model: "gpt-breaks" }));
    };
    await expect(read()).rejects.toBeInstanceOf(OpenAI.APIError);
    expect(only().status.code).toBe(SpanStatusCode.ERROR);
  });

  test("can still be split and sent on", async () => {
    const [left, right] = (await client.chat.completions.create(body)).tee();
    const read = async (stream: AsyncIterable<unknown>): Promise<number> => {
      let chunks = 0;
      for await (const _ of stream) chunks += 1;
      return chunks;
    };
    expect(await Promise.all([read(left), read(right)])).toEqual([3, 3]);
    expect(recording.spans()).toHaveLength(1);
  });

  test("goes through the stream() helper as one span", async () => {
    const runner = client.chat.completions.stream({ model: "gpt-x", messages: [...HELLO] });
    expect((await runner.finalChatCompletion()).choices[0]?.message.content).toBe("Hello");
    expect(only().name).toBe("chat gpt-x");
  });
});

describe("the other resources", () => {
  test("responses are chat spans with instructions and cached tokens", async () => {
    const result = await client.responses.create({
      model: "gpt-x",
      instructions: "Be brief",
      input: "Hello",
      max_output_tokens: 9,
    });
    expect(result.output_text).toBe("Hello");
    const span = only();
    expect(span.name).toBe("chat gpt-x");
    expect(span.attributes).toMatchObject({
      [OTEL.genAiRequestMaxTokens]: 9,
      [OTEL.genAiResponseFinishReasons]: ["stop"],
      [OTEL.genAiUsageInputTokens]: 5,
      [OTEL.genAiUsageCacheReadInputTokens]: 4,
    });
    expect(json(span, OTEL.genAiSystemInstructions)).toEqual([
      { type: "text", content: "Be brief" },
    ]);
    expect(json(span, OTEL.genAiInputMessages)).toEqual([
      { role: "user", parts: [{ type: "text", content: "Hello" }] },
    ]);
  });

  test("streamed responses keep what the last event says", async () => {
    const stream = await client.responses.create({ model: "gpt-x", input: "Hello", stream: true });
    for await (const _ of stream);
    expect(only().attributes).toMatchObject({
      [OTEL.genAiResponseFinishReasons]: ["stop"],
      [OTEL.genAiUsageOutputTokens]: 2,
    });
  });

  test("embeddings keep tokens and dimensions, not vectors", async () => {
    const result = await client.embeddings.create({
      model: "embed-x",
      input: "Hello",
      dimensions: 2,
      encoding_format: "float",
    });
    expect(result.data[0]?.embedding).toEqual([0.5, 0.25]);
    const span = only();
    expect(span.name).toBe("embeddings embed-x");
    expect(span.attributes).toMatchObject({
      [OTEL.genAiEmbeddingsDimensionCount]: 2,
      [OTEL.genAiRequestEncodingFormats]: ["float"],
      [OTEL.genAiUsageInputTokens]: 4,
    });
  });
});
