/**
 * From a raw message to a validated span.
 *
 * In: plain objects of either encoding with their leaf readers. Out: records of `base/records.ts`.
 * Throws `SpanRefusal` for a span that cannot be kept, `IngestError` for a request that cannot be
 * read. Pure.
 */

import type {
  AttributeMap,
  AttributeValue,
  DecodedSpan,
  Resource,
  Scope,
  SpanEvent,
  SpanKind,
  SpanLink,
  StatusCode,
} from "../base/records.ts";
import type { Leaves, RawMessage } from "./leaves.ts";
import { ATTRIBUTES_MAX, EVENTS_MAX, LINKS_MAX, TIME_MAX_NS, VALUE_DEPTH_MAX } from "./limits.ts";
import { ORIGINAL_END_ATTRIBUTE, SpanRefusal } from "./rejections.ts";
import type { RejectionReason } from "./types.ts";

const TRACE_ID_DIGITS = 32;
const SPAN_ID_DIGITS = 16;
const NO_TRACE_ID: string = "0".repeat(TRACE_ID_DIGITS);
const NO_SPAN_ID: string = "0".repeat(SPAN_ID_DIGITS);

const KINDS: readonly SpanKind[] = [
  "Unspecified",
  "Internal",
  "Server",
  "Client",
  "Producer",
  "Consumer",
];
const KIND_NAMES: readonly string[] = KINDS.map((kind) => `SPAN_KIND_${kind.toUpperCase()}`);
const STATUS_CODES: readonly StatusCode[] = ["Unset", "Ok", "Error"];
const STATUS_CODE_NAMES: readonly string[] = STATUS_CODES.map(
  (code) => `STATUS_CODE_${code.toUpperCase()}`,
);

/** Read a resource. */
export function readResource(leaves: Leaves, raw: RawMessage): Resource {
  return { attributes: readAttributes(leaves, raw.attributes, 0) };
}

/** Read an instrumentation scope. */
export function readScope(leaves: Leaves, raw: RawMessage): Scope {
  return {
    name: leaves.string(raw.name, "scope.name"),
    version: leaves.string(raw.version, "scope.version"),
    attributes: readAttributes(leaves, raw.attributes, 0),
  };
}

/** Read and validate one span. */
export function readSpan(
  leaves: Leaves,
  raw: RawMessage,
  resource: Resource,
  scope: Scope,
): DecodedSpan {
  const status = leaves.message(raw.status, "status");
  const startNs = readTime(leaves, raw.startTimeUnixNano, "startTimeUnixNano", "start_time");
  const sentEndNs = readTime(leaves, raw.endTimeUnixNano, "endTimeUnixNano", "end_time");
  const attributes = readAttributes(leaves, raw.attributes, 0);
  let endNs = sentEndNs;
  if (sentEndNs < startNs) {
    attributes.set(ORIGINAL_END_ATTRIBUTE, sentEndNs);
    endNs = startNs;
  }
  const kind = leaves.enumeration(raw.kind, "kind", KIND_NAMES);
  const code = leaves.enumeration(status.code, "status.code", STATUS_CODE_NAMES);
  return {
    traceId: readId(leaves, raw.traceId, "traceId", NO_TRACE_ID, "trace_id"),
    spanId: readId(leaves, raw.spanId, "spanId", NO_SPAN_ID, "span_id"),
    parentSpanId: readParentId(leaves, raw.parentSpanId),
    traceState: leaves.string(raw.traceState, "traceState"),
    name: leaves.string(raw.name, "name"),
    kind: KINDS[kind] ?? "Unspecified",
    startNs,
    endNs,
    attributes,
    events: readEvents(leaves, raw.events),
    links: readLinks(leaves, raw.links),
    statusCode: STATUS_CODES[code] ?? "Unset",
    statusMessage: leaves.string(status.message, "status.message"),
    droppedAttributes: leaves.uint32(raw.droppedAttributesCount, "droppedAttributesCount"),
    droppedEvents: leaves.uint32(raw.droppedEventsCount, "droppedEventsCount"),
    droppedLinks: leaves.uint32(raw.droppedLinksCount, "droppedLinksCount"),
    flags: leaves.uint32(raw.flags, "flags"),
    resource,
    scope,
  };
}

/** Whether a span was kept with its end moved to its start. */
export function isClamped(span: DecodedSpan): boolean {
  return span.endNs === span.startNs && span.attributes.has(ORIGINAL_END_ATTRIBUTE);
}

function readId(
  leaves: Leaves,
  value: unknown,
  field: string,
  zero: string,
  reason: RejectionReason,
): string {
  const id = leaves.id(value, field);
  if (id === undefined || id.length !== zero.length || id === zero) throw new SpanRefusal(reason);
  return id;
}

/** Empty and all-zero both say "no parent": some SDKs send eight zero bytes for a root. */
function readParentId(leaves: Leaves, value: unknown): string {
  const id = leaves.id(value, "parentSpanId");
  if (id === "" || id === NO_SPAN_ID) return "";
  if (id?.length !== SPAN_ID_DIGITS) throw new SpanRefusal("parent_span_id");
  return id;
}

/** A link to nothing is allowed (it may carry attributes); its ids are then all zero. */
function readLinkId(leaves: Leaves, value: unknown, field: string, zero: string): string {
  const id = leaves.id(value, field);
  if (id === "") return zero;
  if (id?.length !== zero.length) throw new SpanRefusal("link_id");
  return id;
}

function readTime(
  leaves: Leaves,
  value: unknown,
  field: string,
  reason: "start_time" | "end_time",
): bigint {
  const time = leaves.uint64(value, field);
  if (time === 0n || time > TIME_MAX_NS) throw new SpanRefusal(reason);
  return time;
}

function readEvents(leaves: Leaves, value: unknown): SpanEvent[] {
  const list = leaves.list(value, "events");
  if (list.length > EVENTS_MAX) throw new SpanRefusal("events");
  return list.map((entry) => {
    const raw = leaves.message(entry, "events");
    const timeNs = leaves.uint64(raw.timeUnixNano, "events.timeUnixNano");
    if (timeNs > TIME_MAX_NS) throw new SpanRefusal("event_time");
    return {
      timeNs,
      name: leaves.string(raw.name, "events.name"),
      attributes: readAttributes(leaves, raw.attributes, 0),
    };
  });
}

function readLinks(leaves: Leaves, value: unknown): SpanLink[] {
  const list = leaves.list(value, "links");
  if (list.length > LINKS_MAX) throw new SpanRefusal("links");
  return list.map((entry) => {
    const raw = leaves.message(entry, "links");
    return {
      traceId: readLinkId(leaves, raw.traceId, "links.traceId", NO_TRACE_ID),
      spanId: readLinkId(leaves, raw.spanId, "links.spanId", NO_SPAN_ID),
      traceState: leaves.string(raw.traceState, "links.traceState"),
      attributes: readAttributes(leaves, raw.attributes, 0),
    };
  });
}

/** The key-value list of a record (depth 0) or of a value; on repeated keys the last one wins. */
export function readAttributes(
  leaves: Leaves,
  value: unknown,
  depth: number,
): Map<string, AttributeValue> {
  const list = leaves.list(value, "attributes");
  if (list.length > ATTRIBUTES_MAX) throw new SpanRefusal("attributes");
  const attributes = new Map<string, AttributeValue>();
  for (const entry of list) {
    const raw = leaves.message(entry, "attributes");
    const key = leaves.string(raw.key, "attributes.key");
    attributes.set(key, readValue(leaves, leaves.message(raw.value, "value"), depth));
  }
  return attributes;
}

/** Read one AnyValue that stands at a depth of nesting. */
export function readValue(leaves: Leaves, raw: RawMessage, depth: number): AttributeValue {
  const member = leaves.anyValueMember(raw);
  if (member === undefined) return null;
  const value = raw[member];
  switch (member) {
    case "stringValue":
      return leaves.string(value, member);
    case "boolValue":
      return leaves.bool(value, member);
    case "intValue":
      return leaves.int64(value, member);
    case "doubleValue":
      return leaves.double(value, member);
    case "bytesValue":
      return leaves.bytes(value, member);
    case "arrayValue":
      return readArray(leaves, leaves.message(value, member), depth + 1);
    case "kvlistValue":
      return readMap(leaves, leaves.message(value, member), depth + 1);
    default:
      return null;
  }
}

function readArray(leaves: Leaves, raw: RawMessage, depth: number): AttributeValue[] {
  if (depth > VALUE_DEPTH_MAX) throw new SpanRefusal("depth");
  return leaves
    .list(raw.values, "arrayValue.values")
    .map((entry) => readValue(leaves, leaves.message(entry, "arrayValue.values"), depth));
}

function readMap(leaves: Leaves, raw: RawMessage, depth: number): AttributeMap {
  if (depth > VALUE_DEPTH_MAX) throw new SpanRefusal("depth");
  return readAttributes(leaves, raw.values, depth);
}
