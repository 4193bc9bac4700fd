/**
 * From a raw message to a validated log record.
 *
 * In: plain objects of either encoding with their leaf readers. Out: a record of `base/records.ts`.
 * Throws `SpanRefusal` for one that cannot be kept, `IngestError` for a request that cannot be read.
 * Pure. Severity number, flags and dropped counts are passed over: no row has a place for them.
 */
import type { DecodedLog, Resource } from "../base/records.ts";
import type { Leaves, RawMessage } from "./leaves.ts";
import { TIME_MAX_NS } from "./limits.ts";
import { SpanRefusal } from "./rejections.ts";
import { readAttributes, readValue } from "./span.ts";

const TRACE_ID_DIGITS = 32;
const SPAN_ID_DIGITS = 16;
const ALL_ZERO = /^0*$/;

/** Read and validate one log record. */
export function readLog(leaves: Leaves, raw: RawMessage, resource: Resource): DecodedLog {
  return {
    traceId: readId(leaves, raw.traceId, "traceId", TRACE_ID_DIGITS),
    spanId: readId(leaves, raw.spanId, "spanId", SPAN_ID_DIGITS),
    timeNs: readTime(leaves, raw),
    severityText: leaves.string(raw.severityText, "severityText"),
    eventName: leaves.string(raw.eventName, "eventName"),
    body: readValue(leaves, leaves.message(raw.body, "body"), 0),
    attributes: readAttributes(leaves, raw.attributes, 0),
    resource,
  };
}

/** Empty and all-zero both say that there is none. */
function readId(
  leaves: Leaves,
  value: unknown,
  field: "traceId" | "spanId",
  digits: number,
): string {
  const id = leaves.id(value, field);
  if (id === undefined || (id !== "" && id.length !== digits)) {
    throw new SpanRefusal(field === "traceId" ? "trace_id" : "span_id");
  }
  return ALL_ZERO.test(id) ? "" : id;
}

/** Many log libraries know only when a record was observed. */
function readTime(leaves: Leaves, raw: RawMessage): bigint {
  const time = leaves.uint64(raw.timeUnixNano, "timeUnixNano");
  const observed = leaves.uint64(raw.observedTimeUnixNano, "observedTimeUnixNano");
  const known = time === 0n ? observed : time;
  if (known === 0n || known > TIME_MAX_NS) throw new SpanRefusal("log_time");
  return known;
}
