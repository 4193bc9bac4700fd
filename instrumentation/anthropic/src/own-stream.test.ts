/**
 * Goal: the span of a watched stream ends, and an SDK of OpenTelemetry that fails at it harms
 * nobody. Method: streams like the SDK's; spans that count, and spans that throw.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { INVALID_SPAN_CONTEXT, type Span, trace } from "@opentelemetry/api";
import { OTEL } from "@spanledger/schema";
import { expect, test, vi } from "vitest";
import { collectStream, streamedAttributes } from "./own-stream.ts";

class Stream {
  iterator = async function* (): AsyncGenerator<unknown> {
    yield { type: "message_start", message: { id: "msg_1" } };
    yield { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } };
    yield { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hi" } };
  };

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return this.iterator();
  }
}

function spanWith(methods: Partial<Span>): Span {
  return Object.assign(trace.wrapSpanContext(INVALID_SPAN_CONTEXT), methods);
}

async function read(stream: Stream): Promise<number> {
  let count = 0;
  for await (const _ of stream) count += 1;
  await nextTurn();
  return count;
}

test("a span that its SDK has not ended by the next turn ends, with what came", async () => {
  const end = vi.fn();
  const span = spanWith({ isRecording: () => true, end });
  const stream = new Stream();
  collectStream(span, stream, true);
  expect(await read(stream)).toBe(3);
  expect(end).toHaveBeenCalledOnce();
  expect(streamedAttributes(span)[OTEL.genAiOutputMessages]).toContain("Hi");
  expect(streamedAttributes(span)).toEqual({});
});

test("a span that its SDK has ended is left alone", async () => {
  const end = vi.fn();
  const span = spanWith({ isRecording: () => false, end });
  const stream = new Stream();
  collectStream(span, stream, false);
  await read(stream);
  expect(end).not.toHaveBeenCalled();
  expect(streamedAttributes(span)).not.toHaveProperty([OTEL.genAiOutputMessages]);
});

test.each(["isRecording", "end"])("a span whose %s throws harms no reader", async (method) => {
  const broken = (): never => {
    throw new Error("broken SDK");
  };
  const span = spanWith({ isRecording: () => true, [method]: broken });
  const stream = new Stream();
  collectStream(span, stream, true);
  expect(await read(stream)).toBe(3);
});

test("what is no stream is not watched", () => {
  const span = spanWith({});
  collectStream(span, { id: "msg_1" }, true);
  expect(streamedAttributes(span)).toEqual({});
});
