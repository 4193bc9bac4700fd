/**
 * The load's spans as OTLP, in both shapes that are sent: protobuf bytes and the SDK's spans.
 *
 * In: test spans. Out: an ExportTraceServiceRequest made by hand, or `ReadableSpan`s for the
 * official exporters. Pure.
 * Source: opentelemetry-proto 1.11, trace/v1/trace.proto; protobuf.dev, "Encoding".
 */
import { SpanKind, SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import type { TestSpan, TestValue } from "./spans.ts";

const SERVICE = "faults";
const SCOPE = "faults.load";
const KIND_INTERNAL = 1;
const STATUS_ERROR = 2;

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** A field of wire type 2. */
function field(id: number, ...parts: readonly (Buffer | string)[]): Buffer {
  const body = parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part));
  const size = body.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([varint(id * 8 + 2), varint(size), ...body]);
}

function integer(id: number, value: number): Buffer {
  return Buffer.concat([varint(id * 8), varint(value)]);
}

function fixed64(id: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = id * 8 + 1;
  bytes.writeBigUInt64LE(value, 1);
  return bytes;
}

function anyValue(value: TestValue): Buffer {
  if (typeof value === "number") return integer(3, value);
  if (typeof value === "string") return field(1, value);
  return field(5, ...value.map((item) => field(1, anyValue(item))));
}

function attribute(id: number, key: string, value: TestValue): Buffer {
  return field(id, field(1, key), field(2, anyValue(value)));
}

function encodeSpan(span: TestSpan): Buffer {
  const parts = [
    field(1, Buffer.from(span.traceId, "hex")),
    field(2, Buffer.from(span.spanId, "hex")),
    field(5, span.name),
    integer(6, KIND_INTERNAL),
    fixed64(7, span.startNs),
    fixed64(8, span.endNs),
    ...Object.entries(span.attributes).map(([key, value]) => attribute(9, key, value)),
  ];
  if (span.parentSpanId !== "") parts.push(field(4, Buffer.from(span.parentSpanId, "hex")));
  if (span.isError) parts.push(field(15, field(2, "timed out"), integer(3, STATUS_ERROR)));
  return field(2, ...parts);
}

/** One ResourceSpans with one ScopeSpans, so that no shorter piece of it is a request. */
export function encodeRequest(spans: readonly TestSpan[]): Buffer {
  const resource = field(1, attribute(1, "service.name", SERVICE));
  const scope = field(1, field(1, SCOPE));
  return field(1, resource, field(2, scope, ...spans.map(encodeSpan)));
}

const RESOURCE = resourceFromAttributes({ "service.name": SERVICE });

function time(ns: bigint): [number, number] {
  return [Number(ns / 1_000_000_000n), Number(ns % 1_000_000_000n)];
}

/** The same span as an exporter gets it from the SDK. */
export function readableSpan(span: TestSpan): ReadableSpan {
  const context = (spanId: string) => ({
    traceId: span.traceId,
    spanId,
    traceFlags: TraceFlags.SAMPLED,
  });
  const attributes = Object.entries(span.attributes).map(([key, value]) => [
    key,
    typeof value === "object" ? [...value] : value,
  ]);
  return {
    name: span.name,
    kind: SpanKind.INTERNAL,
    spanContext: () => context(span.spanId),
    ...(span.parentSpanId === "" ? {} : { parentSpanContext: context(span.parentSpanId) }),
    startTime: time(span.startNs),
    endTime: time(span.endNs),
    duration: time(span.endNs - span.startNs),
    ended: true,
    status: span.isError
      ? { code: SpanStatusCode.ERROR, message: "timed out" }
      : { code: SpanStatusCode.UNSET },
    attributes: Object.fromEntries(attributes),
    links: [],
    events: [],
    resource: RESOURCE,
    instrumentationScope: { name: SCOPE },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}
