/**
 * Goal: a streamed answer of any supported version of the openai package is recorded whole and its
 * span ends, whatever the application does with the stream. Method: the real packages, a local
 * server that speaks their protocol, the engine's own garbage collection.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { OTEL } from "@spanledger/schema";
import type OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type OpenAIServer, startOpenAIServer } from "./openai-server.ts";
import { OPENAI_VERSIONS_TESTED, patchAll } from "./openai-versions.ts";
import { record } from "./spans.ts";

const recording = record();
patchAll();
let server: OpenAIServer;
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

beforeAll(async () => {
  server = await startOpenAIServer();
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

/** Wait until the streams that nobody holds have ended their spans. */
async function collected(): Promise<void> {
  await expect
    .poll(() => {
      collectGarbage();
      return recording.spans().length;
    })
    .toBe(1);
}

describe.each(OPENAI_VERSIONS_TESTED)("a stream of openai $version", (library) => {
  let client: OpenAI;
  beforeAll(() => {
    client = new library.OpenAI({ apiKey: "unused", baseURL: server.baseUrl });
  });
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
    await expect(read()).rejects.toBeInstanceOf(library.OpenAI.APIError);
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

  test("says that it was streamed and when the first chunk came", async () => {
    for await (const _ of await client.chat.completions.create(body));
    const span = only();
    expect(span.attributes[OTEL.genAiRequestStream]).toBe(true);
    const seconds = span.attributes[OTEL.genAiResponseTimeToFirstChunk];
    const [wholeSeconds, nanos] = span.duration;
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(wholeSeconds + nanos / 1e9);
  });

  test("ends its span when the application aborts it before it reads", async () => {
    const stream = await client.chat.completions.create(body);
    stream.controller.abort();
    expect(only().status.code).toBe(SpanStatusCode.UNSET);
  });

  test("ends its span when the application drops it unread", async () => {
    await client.chat.completions.create(body);
    await collected();
    expect(only().status.code).toBe(SpanStatusCode.UNSET);
  });

  test("ends its span with what was read when the application drops its iterator", async () => {
    const readOne = async (): Promise<void> => {
      const stream = await client.chat.completions.create(body);
      await stream[Symbol.asyncIterator]().next();
    };
    await readOne();
    await collected();
    expect(json(only(), OTEL.genAiOutputMessages)).toMatchObject([
      { parts: [{ type: "text", content: "Hel" }] },
    ]);
  });

  test("has iterators that are what they are without us", async () => {
    const plain = new library.Plain({ apiKey: "unused", baseURL: server.baseUrl });
    const [ours, theirs] = await Promise.all(
      [client, plain].map(async (one) => {
        const iterator = (await one.chat.completions.create(body))[Symbol.asyncIterator]();
        const first = await iterator.next();
        const closed = await iterator.return?.();
        return {
          first: first.value?.choices[0]?.delta,
          closed,
          after: await iterator.next(),
          disposable: Symbol.asyncDispose in iterator,
          iterable: Symbol.asyncIterator in iterator,
          text: Object.prototype.toString.call(iterator),
        };
      }),
    );
    expect(ours).toEqual(theirs);
  });

  test("of responses goes through the stream() helper as one span", async () => {
    const runner = client.responses.stream({ model: "gpt-x", input: "Hello" });
    const events: string[] = [];
    for await (const event of runner) events.push(event.type);
    expect(events).toEqual(["response.created", "response.completed"]);
    expect(only().attributes[OTEL.genAiUsageOutputTokens]).toBe(2);
  });

  test("of responses that fails ends its span with the model's error", async () => {
    const stream = await client.responses.create({ model: "gpt-fails", input: "Hi", stream: true });
    for await (const _ of stream);
    const span = only();
    expect(span.status).toMatchObject({ code: SpanStatusCode.ERROR, message: "out of luck" });
    expect(span.attributes[OTEL.errorType]).toBe("server_error");
  });
});
