/** Spans for tests of this stage: by their attributes, and as they are stored. */
import { attributeText } from "../base/attribute-text.ts";
import type { AttributeValue, DecodedSpan, SpanEvent } from "../base/records.ts";
import { normaliseSpan } from "./span.ts";

export const TRACE_ID = "5b8efff798038103d269b633813fc60c";

export function span(
  attributes: Readonly<Record<string, AttributeValue>>,
  more: Partial<DecodedSpan> = {},
): DecodedSpan {
  return {
    traceId: TRACE_ID,
    spanId: "eee19b7ec3c1b174",
    parentSpanId: "",
    traceState: "",
    name: "original",
    kind: "Internal",
    startNs: 1n,
    endNs: 2n,
    attributes: new Map(Object.entries(attributes)),
    events: [],
    links: [],
    statusCode: "Unset",
    statusMessage: "",
    droppedAttributes: 0,
    droppedEvents: 0,
    droppedLinks: 0,
    flags: 0,
    resource: { attributes: new Map() },
    scope: { name: "test", version: "", attributes: new Map() },
    ...more,
  };
}

/** Of a span with something above it. */
export const CHILD: Partial<DecodedSpan> = { parentSpanId: "aaaaaaaaaaaaaaaa" };

/** Name and attributes as they are stored, JSON parsed; without what they were called before. */
export function normalised(
  attributes: Readonly<Record<string, AttributeValue>>,
  more: Partial<DecodedSpan> = {},
): Record<string, unknown> {
  const result = normaliseSpan(span(attributes, more));
  const entries = [...result.attributes].map(([key, value]) => [key, plain(value)] as const);
  const { "spanledger.original_attribute_names": _, ...rest } = Object.fromEntries(entries);
  return { name: result.name, ...rest };
}

export function plain(value: AttributeValue): unknown {
  if (typeof value !== "object" || value === null) return value;
  return JSON.parse(attributeText(value)) as unknown;
}

export function event(
  name: string,
  attributes: Readonly<Record<string, AttributeValue>>,
): SpanEvent {
  return { timeNs: 5n, name, attributes: new Map(Object.entries(attributes)) };
}
