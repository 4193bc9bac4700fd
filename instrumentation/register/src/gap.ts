/**
 * Spans that were dropped: counted, and told in the record itself.
 *
 * In: drops with their reason. Out: a span `record_gap` for each reason, from the first drop to the
 * last, with status ERROR, so that it stands among the errors that the receiver shows. It goes past
 * the sampler: that something is missing must never be sampled away.
 */
import { randomBytes } from "node:crypto";
import { SpanKind, SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { OTEL, SPAN_NAME, TELEMETRY } from "@spanledger/schema";

export type GapReason =
  /** The receiver was away, or slow, for longer than the queue could hold. */
  | "queue_full"
  /** The receiver will never take these spans. */
  | "refused";

interface Gap {
  spans: number;
  firstMs: number;
  lastMs: number;
}

export class Gaps {
  readonly #open = new Map<GapReason, Gap>();
  /** Gap records made so far. */
  recorded = 0;

  /** @returns whether it is the first one of a gap */
  add(reason: GapReason, nowMs: number): boolean {
    const gap = this.#open.get(reason);
    if (gap === undefined) {
      this.#open.set(reason, { spans: 1, firstMs: nowMs, lastMs: nowMs });
      return true;
    }
    gap.spans += 1;
    gap.lastMs = nowMs;
    return false;
  }

  /** The records of all gaps; they begin anew. @param arrived spans of the same process */
  take(arrived: readonly ReadableSpan[]): readonly ReadableSpan[] {
    const resource = arrived[0]?.resource;
    if (resource === undefined || this.#open.size === 0) return [];
    const records = [...this.#open].map(([reason, gap]) => gapSpan(reason, gap, resource));
    this.#open.clear();
    this.recorded += records.length;
    return records;
  }
}

function gapSpan(
  reason: GapReason,
  { spans, firstMs, lastMs }: Gap,
  resource: ReadableSpan["resource"],
): ReadableSpan {
  const spanContext = {
    traceId: randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    traceFlags: TraceFlags.SAMPLED,
  };
  return {
    name: SPAN_NAME.gap,
    kind: SpanKind.INTERNAL,
    spanContext: () => spanContext,
    startTime: timeOf(firstMs),
    endTime: timeOf(lastMs),
    duration: timeOf(lastMs - firstMs),
    status: { code: SpanStatusCode.ERROR, message: `${spans} spans were dropped: ${reason}` },
    attributes: {
      [OTEL.errorType]: reason,
      [TELEMETRY.gapSpans]: spans,
      [TELEMETRY.gapReason]: reason,
    },
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: { name: "@spanledger/register", version: "0.1.0" },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function timeOf(ms: number): [number, number] {
  return [Math.floor(ms / 1_000), Math.round((ms % 1_000) * 1e6)];
}
