/**
 * Spans on their way to the receiver: a bounded queue that gives nothing away silently.
 *
 * In: spans that have ended. Out: batches for the exporter, one after another, oldest first. A batch
 * that is not taken stays and is sent again; only where the queue is full, or the receiver will
 * never take a span, is one dropped, counted, and told in a record of its own as soon as a batch
 * arrives. Side effects: timers that do not keep the process alive. Never throws into the host.
 */
import { context, TraceFlags } from "@opentelemetry/api";
import { suppressTracing } from "@opentelemetry/core";
import type { ReadableSpan, SpanExporter, SpanProcessor } from "@opentelemetry/sdk-trace";
import { charsOf } from "./attribute-size.ts";
import { type GapReason, Gaps } from "./gap.ts";
import { isRefusal } from "./refusal.ts";

export interface SpanQueueLimits {
  /** Spans that wait at most. */
  readonly spansMax: number;
  /** Characters of their attributes, together. */
  readonly charsMax: number;
  readonly batchSpansMax: number;
  readonly batchCharsMax: number;
  readonly delayMs: number;
  /** Longest wait for the exporter; it has a time-out of its own. */
  readonly exportTimeoutMs: number;
}

/** First and longest wait after a batch that was not taken, in milliseconds. */
const RETRY_MS = 1_000;
const RETRY_MAX_MS = 30_000;

/**
 * Spans refused one after another, without a success in between, until it is not the spans: a wrong
 * address or a broken proxy refuses everything, and must not empty the queue.
 */
const REFUSALS_MAX = 8;

/** Told what the application's operator should know. */
export type Say = (line: string) => void;

export class SpanQueue implements SpanProcessor {
  readonly #exporter: SpanExporter;
  readonly #limits: SpanQueueLimits;
  readonly #gaps = new Gaps();
  readonly #say: Say;
  readonly #spans: ReadableSpan[] = [];
  readonly #chars: number[] = [];
  #charsSum = 0;
  /** Spans ever put into the queue, and ever taken out of it. */
  #in = 0;
  #out = 0;
  #failures = 0;
  #refusals = 0;
  #batchSpansMax: number;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #isClosed = false;

  constructor(exporter: SpanExporter, limits: SpanQueueLimits, say: Say) {
    this.#exporter = exporter;
    this.#limits = limits;
    this.#batchSpansMax = limits.batchSpansMax;
    this.#say = say;
  }

  /** Spans that nobody has taken yet. */
  get waiting(): readonly ReadableSpan[] {
    return this.#spans;
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if (this.#isClosed || (span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
    const chars = charsOf(span);
    const { spansMax, charsMax } = this.#limits;
    // One span alone is always taken, however large it is.
    const isFull =
      this.#spans.length >= spansMax ||
      (this.#spans.length > 0 && this.#charsSum + chars > charsMax);
    if (isFull) this.#drop("queue_full");
    else this.#add(span, chars);
  }

  /** Send what is queued by now. Rejects where the receiver does not take it. */
  async forceFlush(): Promise<void> {
    const gaps = this.#gaps.recorded;
    await this.#sendUntil(this.#in);
    if (this.#gaps.recorded > gaps) await this.#sendUntil(this.#in);
  }

  async shutdown(): Promise<void> {
    try {
      await this.forceFlush();
    } finally {
      this.#isClosed = true;
      clearTimeout(this.#timer);
      await this.#exporter.shutdown();
    }
  }

  #add(span: ReadableSpan, chars: number): void {
    this.#spans.push(span);
    this.#chars.push(chars);
    this.#charsSum += chars;
    this.#in += 1;
    this.#plan();
  }

  #drop(reason: GapReason): void {
    if (this.#gaps.add(reason, Date.now())) this.#say(`spans are dropped: ${reason}`);
  }

  #remove(count: number): void {
    this.#spans.splice(0, count);
    for (const chars of this.#chars.splice(0, count)) this.#charsSum -= chars;
    this.#out += count;
  }

  /** See to it that the next batch is sent: soon where it is full, later where it is not. */
  #plan(): void {
    if (this.#isClosed || this.#sending !== undefined || this.#spans.length === 0) return;
    const isFull = this.#failures === 0 && this.#spans.length >= this.#batchSpansMax;
    if (isFull && this.#spans.length === this.#batchSpansMax) {
      // Not on the stack of whoever ended the span: the exporter encodes the whole batch.
      clearTimeout(this.#timer);
      this.#timer = undefined;
    } else if (this.#timer !== undefined) return;
    const wait = isFull ? 0 : this.#wait();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#send().catch(() => undefined);
    }, wait).unref();
  }

  #wait(): number {
    if (this.#failures === 0) return this.#limits.delayMs;
    const wait = Math.min(RETRY_MS * 2 ** (this.#failures - 1), RETRY_MAX_MS);
    // Many processes that lost the same receiver must not come back at the same moment.
    return wait * (0.5 + Math.random() / 2);
  }

  async #sendUntil(end: number): Promise<void> {
    while (this.#out < end) await this.#send();
  }

  /** Send one batch, or wait for the one that is under way. */
  #send(): Promise<void> {
    if (this.#sending !== undefined) return this.#sending;
    if (this.#spans.length === 0) return Promise.resolve();
    this.#sending = this.#sendBatch().finally(() => {
      this.#sending = undefined;
      this.#plan();
    });
    return this.#sending;
  }

  async #sendBatch(): Promise<void> {
    const batch = this.#spans.slice(0, this.#batchLength());
    try {
      await this.#export(batch);
    } catch (error) {
      if (!isRefusal(error) || this.#refusals >= REFUSALS_MAX) {
        this.#failures += 1;
        throw error;
      }
      // One bad span must not take its neighbours along: halves, until it stands alone.
      if (batch.length === 1) {
        this.#refusals += 1;
        this.#remove(1);
        this.#drop("refused");
      }
      this.#batchSpansMax = Math.max(1, Math.floor(batch.length / 2));
      return;
    }
    this.#failures = 0;
    this.#refusals = 0;
    this.#batchSpansMax = Math.min(this.#batchSpansMax * 2, this.#limits.batchSpansMax);
    this.#remove(batch.length);
    for (const gap of this.#gaps.take(batch)) this.#add(gap, charsOf(gap));
  }

  #batchLength(): number {
    let chars = 0;
    let length = 0;
    while (length < Math.min(this.#batchSpansMax, this.#spans.length)) {
      chars += this.#chars[length] ?? 0;
      if (length > 0 && chars > this.#limits.batchCharsMax) break;
      length += 1;
    }
    return length;
  }

  async #export(batch: ReadableSpan[]): Promise<void> {
    for (const resource of new Set(batch.map((span) => span.resource))) {
      if (resource.asyncAttributesPending) await resource.waitForAsyncAttributes?.();
    }
    await new Promise<void>((resolve, reject) => {
      const late = (): void => reject(new Error("the exporter did not answer"));
      const timer = setTimeout(late, this.#limits.exportTimeoutMs).unref();
      context.with(suppressTracing(context.active()), () =>
        this.#exporter.export(batch, ({ code, error }) => {
          clearTimeout(timer);
          // 0 is success in OpenTelemetry's `ExportResultCode`.
          if (code === 0) resolve();
          else reject(error ?? new Error("the exporter failed"));
        }),
      );
    });
  }
}
