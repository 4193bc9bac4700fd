/**
 * Goal: no span goes missing silently. Method: an exporter that does what each test says, a clock
 * that stands still; the spans are those of a real provider.
 */
import { type ReadableSpan, type SpanExporter, TracerProvider } from "@opentelemetry/sdk-trace";
import { SPAN_NAME, TELEMETRY } from "@spanledger/schema";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { isRefusal } from "./refusal.ts";
import { SpanQueue, type SpanQueueLimits } from "./span-queue.ts";

const LIMITS: SpanQueueLimits = {
  spansMax: 8,
  charsMax: 100_000,
  batchSpansMax: 4,
  batchCharsMax: 50_000,
  delayMs: 1_000,
  exportTimeoutMs: 5_000,
};

const DOWN = Object.assign(new Error("down"), { code: 14 });
const INVALID = Object.assign(new Error("invalid"), { code: 3 });

/** What the exporter answers, by the names of the spans; undefined is success. */
let answer: (names: readonly string[]) => Error | undefined;
let arrived: ReadableSpan[];
let requests: number;
const said = vi.fn();

function open(limits: Partial<SpanQueueLimits> = {}) {
  const exporter: SpanExporter = {
    export(spans, done) {
      requests += 1;
      const error = answer(spans.map(({ name }) => name));
      if (error === undefined) arrived.push(...spans);
      done(error === undefined ? { code: 0 } : { code: 1, error });
    },
    shutdown: async () => undefined,
  };
  const queue = new SpanQueue(exporter, { ...LIMITS, ...limits }, said);
  const tracer = new TracerProvider({ spanProcessors: [queue] }).getTracer("test");
  const end = (name: string, text = ""): void =>
    tracer.startSpan(name, { attributes: { text } }).end();
  return { queue, end };
}

const names = () => arrived.map(({ name }) => name);
const gaps = () =>
  arrived
    .filter(({ name }) => name === SPAN_NAME.gap)
    .map(({ attributes }) => [attributes[TELEMETRY.gapReason], attributes[TELEMETRY.gapSpans]]);

beforeEach(() => {
  vi.useFakeTimers();
  answer = () => undefined;
  arrived = [];
  requests = 0;
  said.mockClear();
});
afterEach(() => vi.useRealTimers());

describe("the queue", () => {
  test("sends a full batch at once, but not on the stack of whoever ended the span", async () => {
    const { end } = open();
    for (const name of ["a", "b", "c", "d"]) end(name);
    expect(requests).toBe(0);
    await vi.advanceTimersByTimeAsync(0);
    expect(names()).toEqual(["a", "b", "c", "d"]);
  });

  test("sends less than a batch after the delay", async () => {
    const { end } = open();
    end("a");
    await vi.advanceTimersByTimeAsync(LIMITS.delayMs - 1);
    expect(names()).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(names()).toEqual(["a"]);
  });

  test("keeps what the receiver did not take and sends it again, in order", async () => {
    answer = () => DOWN;
    const { queue, end } = open();
    end("a");
    end("b");
    await expect(queue.forceFlush()).rejects.toBe(DOWN);
    expect(queue.waiting).toHaveLength(2);
    answer = () => undefined;
    end("c");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(names()).toEqual(["a", "b", "c"]);
    expect(queue.waiting).toEqual([]);
  });

  test("asks a receiver that is down no more often than once in 15 s after a while", async () => {
    answer = () => DOWN;
    const { end } = open();
    end("a");
    await vi.advanceTimersByTimeAsync(120_000);
    const before = requests;
    await vi.advanceTimersByTimeAsync(150_000);
    expect(requests - before).toBeLessThanOrEqual(10);
    expect(requests - before).toBeGreaterThanOrEqual(5);
  });

  test("cuts batches by what the attributes take", async () => {
    const { queue, end } = open({ batchCharsMax: 1_000 });
    for (const name of ["a", "b", "c"]) end(name, "x".repeat(600));
    await queue.forceFlush();
    expect(requests).toBe(3);
    expect(names()).toEqual(["a", "b", "c"]);
  });

  test("takes an exporter that never answers for one that is down", async () => {
    const silent: SpanExporter = { export: () => undefined, shutdown: async () => undefined };
    const queue = new SpanQueue(silent, LIMITS, said);
    new TracerProvider({ spanProcessors: [queue] }).getTracer("test").startSpan("a").end();
    const flushed = expect(queue.forceFlush()).rejects.toThrow("did not answer");
    await vi.advanceTimersByTimeAsync(LIMITS.exportTimeoutMs);
    await flushed;
    expect(queue.waiting).toHaveLength(1);
  });
});

describe("a gap", () => {
  test("is recorded with the first batch that arrives, with its count and times", async () => {
    answer = () => DOWN;
    const { queue, end } = open();
    for (let span = 0; span < LIMITS.spansMax; span += 1) end(`${span}`);
    const first = Date.now();
    end("lost");
    vi.setSystemTime(first + 5_000);
    end("lost");
    expect(said.mock.calls).toEqual([["spans are dropped: queue_full"]]);
    answer = () => undefined;
    await queue.forceFlush();
    expect(gaps()).toEqual([["queue_full", 2]]);
    const gap = arrived.find(({ name }) => name === SPAN_NAME.gap);
    expect(gap?.startTime[0]).toBe(Math.floor(first / 1_000));
    expect((gap?.endTime[0] ?? 0) - (gap?.startTime[0] ?? 0)).toBe(5);
    expect(gap?.status).toEqual({ code: 2, message: "2 spans were dropped: queue_full" });
    expect(queue.waiting).toEqual([]);
  });

  test("is recorded where the attributes take more than the queue may hold", async () => {
    const { queue, end } = open({ charsMax: 5_000 });
    end("large", "x".repeat(9_000));
    end("lost", "x".repeat(100));
    await queue.forceFlush();
    expect(names()).toEqual(["large", SPAN_NAME.gap]);
    expect(gaps()).toEqual([["queue_full", 1]]);
  });

  test("of a span that the receiver refuses takes none of its neighbours along", async () => {
    answer = (sent) => (sent.includes("bad") ? INVALID : undefined);
    const { queue, end } = open();
    for (const name of ["a", "b", "bad", "c", "d"]) end(name);
    await queue.forceFlush();
    expect(names().filter((name) => name !== SPAN_NAME.gap)).toEqual(["a", "b", "c", "d"]);
    expect(gaps()).toEqual([["refused", 1]]);
    expect(queue.waiting).toEqual([]);
  });
});

test("a receiver that refuses everything is taken for a broken one: the queue is kept", async () => {
  answer = () => INVALID;
  const { queue, end } = open({ spansMax: 40 });
  for (let span = 0; span < 20; span += 1) end(`${span}`);
  await expect(queue.forceFlush()).rejects.toBe(INVALID);
  expect(queue.waiting).toHaveLength(12);
  answer = () => undefined;
  await queue.forceFlush();
  expect(names()).toHaveLength(13);
  expect(gaps()).toEqual([["refused", 8]]);
});

describe("a failure of the exporter", () => {
  test.each([
    ["gRPC UNAVAILABLE", { code: 14 }, false],
    ["gRPC UNAUTHENTICATED", { code: 16 }, false],
    ["gRPC RESOURCE_EXHAUSTED of a busy receiver", { code: 8, message: "busy" }, false],
    ["gRPC RESOURCE_EXHAUSTED of a large message", { code: 8, message: "larger than max" }, true],
    ["gRPC INVALID_ARGUMENT", { code: 3 }, true],
    ["HTTP 503", { code: 503 }, false],
    ["HTTP 401", { code: 401 }, false],
    ["HTTP 413", { code: 413 }, true],
    ["HTTP 400", { code: 400 }, true],
    ["a socket's error", { code: "ECONNREFUSED" }, false],
    ["nothing known", undefined, false],
  ])("%s with %j is a refusal of the batch: %s", (_, error, refused) => {
    expect(isRefusal(error)).toBe(refused);
  });
});

test("a queue that was shut down takes nothing more", async () => {
  const { queue, end } = open();
  end("a");
  await queue.shutdown();
  end("b");
  expect(names()).toEqual(["a"]);
  expect(queue.waiting).toEqual([]);
});
