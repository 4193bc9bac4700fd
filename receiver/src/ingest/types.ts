/**
 * What is refused of a request, and why.
 */

/** Why a span or log record was refused. Stable names; the text for people is in `rejections.ts`. */
export type RejectionReason =
  | "trace_id"
  | "span_id"
  | "parent_span_id"
  | "link_id"
  | "start_time"
  | "end_time"
  | "event_time"
  | "utf8"
  | "depth"
  | "attributes"
  | "events"
  | "links"
  | "size"
  | "log_time"
  | "log_run"
  | "log_kind";

/** Spans that were refused while decoding. They are gone for good: the client must not resend. */
export interface RejectedSpans {
  readonly count: number;
  readonly reasons: ReadonlyMap<RejectionReason, number>;
}
