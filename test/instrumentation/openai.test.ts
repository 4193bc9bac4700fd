/**
 * Goal: a call through any supported version of the openai package is recorded as the GenAI
 * conventions say. Method: the real packages in this process, against a local server that speaks
 * their protocol.
 */
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { step } from "@spanledger/api";
import { OTEL, WORKFLOW } from "@spanledger/schema";
import type OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { type OpenAIServer, startOpenAIServer } from "./openai-server.ts";
import { OPENAI_VERSIONS_TESTED, patchAll } from "./openai-versions.ts";
import { record, tree } from "./spans.ts";

const recording = record();
patchAll();
let server: OpenAIServer;

beforeAll(async () => {
  server = await startOpenAIServer();
});
afterAll(() => server.close());
beforeEach(() => recording.reset());

/** Time-out of a request whose first answer never ends, in milliseconds. */
const STALL_TIMEOUT_MS = 250;

const HELLO = [{ role: "user", content: "Hello" }] as const;

function only(): ReadableSpan {
  const spans = recording.spans();
  expect(spans).toHaveLength(1);
  return spans[0] as ReadableSpan;
}

function json(span: ReadableSpan, name: string): unknown {
  return JSON.parse(String(span.attributes[name]));
}

describe.each(OPENAI_VERSIONS_TESTED)("openai $version", (library) => {
  let client: OpenAI;
  beforeAll(() => {
    client = new library.OpenAI({ apiKey: "unused", baseURL: server.baseUrl });
  });

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
          ...HELLO,
        ],
        tools: [
          { type: "function", function: { name: "lookup", description: "Find", parameters } },
        ],
      });
      const span = only();
      expect(json(span, OTEL.genAiToolDefinitions)).toEqual([
        { type: "function", name: "lookup", description: "Find", parameters },
      ]);
      expect(json(span, OTEL.genAiInputMessages)).toMatchObject([
        { role: "user" },
        { role: "assistant", parts: [{ type: "tool_call", id: "c0", name: "a", arguments: {} }] },
        { role: "tool", parts: [{ type: "tool_call_response", id: "c0", response: "42" }] },
        { role: "user" },
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
      const refused = client.chat.completions.create({
        model: "gpt-refused",
        messages: [...HELLO],
      });
      await expect(refused).rejects.toBeInstanceOf(library.OpenAI.BadRequestError);
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

    test("is parsed by responses.parse()", async () => {
      const format = zodTextFormat(z.object({ label: z.string() }), "label");
      const request = { model: "gpt-x", input: "json", text: { format } };
      const parsed = await client.responses.parse(request);
      expect(parsed.output_parsed).toEqual({ label: "high" });
      expect(only().attributes[OTEL.genAiOutputType]).toBe("json");
    });

    test("that fails and that nobody awaits stays an unhandled rejection", async () => {
      const unhandled = new Promise((resolve) => process.once("unhandledRejection", resolve));
      const format = zodResponseFormat(z.object({ label: z.string() }), "label");
      void client.chat.completions.parse({
        ...body,
        model: "gpt-refused",
        response_format: format,
      });
      expect(await unhandled).toBeInstanceOf(library.OpenAI.BadRequestError);
      expect(only().status.code).toBe(SpanStatusCode.ERROR);
    });

    test("has the class that it has without us", async () => {
      const promise = client.chat.completions.create(body);
      expect(promise.constructor).toBe(library.APIPromise);
      await promise;
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
      const stream = await client.responses.create({
        model: "gpt-x",
        input: "Hello",
        stream: true,
      });
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
});

// Versions below 7 wait for a body for ever.
describe.each(OPENAI_VERSIONS_TESTED.filter(({ version }) => version >= "7"))(
  "openai $version",
  (library) => {
    test("counts what the SDK sends again after an answer whose body never came", async () => {
      const client = new library.OpenAI({
        apiKey: "unused",
        baseURL: server.baseUrl,
        timeout: STALL_TIMEOUT_MS,
      });
      await client.chat.completions.create({ model: "gpt-stalls", messages: [...HELLO] });
      expect(only().attributes).toMatchObject({
        [OTEL.httpRequestResendCount]: 1,
        [OTEL.genAiUsageInputTokens]: 12,
      });
    });
  },
);
