/**
 * Refused spans: why, how many, and the sentence for the client.
 *
 * In: reasons one by one. Out: {@link RejectedSpans} and the message of a partial success. Pure.
 */
import { NORMALISED } from "@spanledger/schema";
import { StageError } from "../base/errors.ts";
import type { RejectedSpans, RejectionReason } from "./types.ts";

const EXPLANATIONS: Readonly<Record<RejectionReason, string>> = {
  trace_id: "trace_id must be 16 bytes, not all zero",
  span_id: "span_id must be 8 bytes, not all zero",
  parent_span_id: "parent_span_id must be empty or 8 bytes",
  link_id: "a link's trace_id must be 16 and its span_id 8 bytes",
  start_time: "start_time_unix_nano must be between 1 and 2^63-1",
  end_time: "end_time_unix_nano must be between 1 and 2^63-1",
  event_time: "an event's time_unix_nano must be below 2^63",
  utf8: "a string is not valid UTF-8",
  depth: "an attribute is nested too deeply",
  attributes: "too many attributes",
  events: "too many events",
  links: "too many links",
  size: "too many values in one span or log record",
  log_time: "a log record needs a time_unix_nano or observed_time_unix_nano below 2^63",
  log_run: "a log record needs a trace_id or the attribute workflow.run.id to find its run by",
  log_kind: "only log records with GenAI content or an exception are kept",
};

/**
 * Attribute that keeps the end of a span as it was sent, where that was before its start: clocks
 * that were set back do this, and `endNs` is then the start.
 */
export const ORIGINAL_END_ATTRIBUTE: string = NORMALISED.originalEndTime;

/** Thrown while one span is read; the span is refused, the others are kept. */
export class SpanRefusal extends StageError<"OTLP_SPAN_REFUSED"> {
  readonly reason: RejectionReason;

  constructor(reason: RejectionReason) {
    super("OTLP_SPAN_REFUSED", EXPLANATIONS[reason], { retryable: false });
    this.reason = reason;
  }
}

/** A resource or scope, or why everything under it is refused. */
export type Shared<T> = { readonly value: T } | { readonly refused: RejectionReason };

/** Run a reader whose refusal concerns all spans underneath. */
export function readShared<T>(read: () => T): Shared<T> {
  try {
    return { value: read() };
  } catch (error) {
    if (error instanceof SpanRefusal) return { refused: error.reason };
    throw error;
  }
}

/** Counts refusals of one request. */
export class RejectionTally implements RejectedSpans {
  count = 0;
  readonly reasons: Map<RejectionReason, number> = new Map();

  add(reason: RejectionReason, spans = 1): void {
    if (spans === 0) return;
    this.count += spans;
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + spans);
  }
}

/** The sentence for the client: each reason with its count. Empty when nothing was refused. */
export function explainRejections(rejected: RejectedSpans): string {
  return [...rejected.reasons]
    .map(([reason, spans]) => `${spans} refused: ${EXPLANATIONS[reason]}`)
    .join("; ");
}

/** The sentence about everything that is to be said of a request that was taken. */
export function summarise(rejected: RejectedSpans, clampedSpans: number): string {
  const clamped =
    clampedSpans === 0
      ? ""
      : `${clampedSpans} kept with end = start, they ended before they began ` +
        `(sent end in ${ORIGINAL_END_ATTRIBUTE})`;
  return [explainRejections(rejected), clamped].filter((part) => part !== "").join("; ");
}
