/**
 * Spans as an OTLP request in protobuf: an `ExportTraceServiceRequest`.
 *
 * In: spans that have ended. Out: the same bytes as the SDK's own serialiser makes, which goes over
 * every span twice and over every character of its texts three times. A test compares them.
 * Side effect: names of attributes stay encoded in a cache.
 *
 * Source: https://github.com/open-telemetry/opentelemetry-proto, `trace/v1/trace.proto`.
 */
import type { Attributes, Link } from "@opentelemetry/api";
import type { ReadableSpan, TimedEvent } from "@opentelemetry/sdk-trace";
import { VARINT_BYTES_MAX, varintBytes, WireWriter } from "./wire-writer.ts";

/** Names of attributes that stay encoded: an application has some hundreds. */
const NAMES_MAX = 2_000;

/** Longest name that is kept, in characters. */
const NAME_CHARS_MAX = 256;

/** First size of a request without a guess, in bytes. */
const REQUEST_SIZE_BYTES = 65_536;

/** Flags: the parent's context says whether it came from elsewhere; it did. */
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/** Everything of a span that has a fixed length, with room to spare. */
const SPAN_FIXED_BYTES = 160;

type Resource = ReadableSpan["resource"];
type Scope = ReadableSpan["instrumentationScope"];

const names = new Map<string, Uint8Array>();

/** Size of the last request: the next one is probably like it. */
let guessBytes = REQUEST_SIZE_BYTES;

/** Encode a batch. */
export function encodeSpans(spans: readonly ReadableSpan[]): Uint8Array {
  const writer = new WireWriter(guessBytes);
  for (const [resource, scopes] of grouped(spans)) {
    const start = writer.begin(0x0a, 3);
    writeResource(writer, resource);
    for (const [scope, members] of scopes) writeScopeSpans(writer, scope, members);
    if (resource.schemaUrl) writer.text(0x1a, resource.schemaUrl);
    writer.end(start, 3);
  }
  const request = writer.finish();
  guessBytes = Math.max(REQUEST_SIZE_BYTES, Math.ceil(request.length * 1.25));
  return request;
}

function grouped(spans: readonly ReadableSpan[]): Map<Resource, Map<Scope, ReadableSpan[]>> {
  const resources = new Map<Resource, Map<Scope, ReadableSpan[]>>();
  for (const span of spans) {
    const scopes = resources.get(span.resource) ?? new Map<Scope, ReadableSpan[]>();
    if (scopes.size === 0) resources.set(span.resource, scopes);
    const members = scopes.get(span.instrumentationScope);
    if (members === undefined) scopes.set(span.instrumentationScope, [span]);
    else members.push(span);
  }
  return resources;
}

function writeResource(writer: WireWriter, { attributes }: Resource): void {
  const start = writer.begin(0x0a, 2);
  writeAttributes(writer, 0x0a, attributes);
  writeCount(writer, 0x10, 0);
  writer.end(start, 2);
}

function writeScopeSpans(writer: WireWriter, scope: Scope, spans: readonly ReadableSpan[]): void {
  const start = writer.begin(0x12, 3);
  const scopeStart = writer.begin(0x0a, 1);
  writer.text(0x0a, scope.name);
  if (scope.version) writer.text(0x12, scope.version);
  writer.end(scopeStart, 1);
  for (const span of spans) writeSpan(writer, span);
  if (scope.schemaUrl) writer.text(0x1a, scope.schemaUrl);
  writer.end(start, 3);
}

function writeSpan(writer: WireWriter, span: ReadableSpan): void {
  const { traceId, spanId, traceState, traceFlags } = span.spanContext();
  const parent = span.parentSpanContext;
  const start = writer.begin(0x12, 2);
  writer.room(SPAN_FIXED_BYTES);
  writeId(writer, 0x0a, traceId);
  writeId(writer, 0x12, spanId);
  const state = traceState?.serialize();
  if (state) writer.text(0x1a, state);
  writer.room(SPAN_FIXED_BYTES);
  if (parent?.spanId) writeId(writer, 0x22, parent.spanId);
  writer.text(0x2a, span.name);
  writer.room(SPAN_FIXED_BYTES);
  // OTLP counts the kinds from 1.
  writer.byte(0x30);
  writer.byte(span.kind + 1);
  writer.byte(0x39);
  writer.time(span.startTime);
  writer.byte(0x41);
  writer.time(span.endTime);
  writeAttributes(writer, 0x4a, span.attributes);
  writeCount(writer, 0x50, span.droppedAttributesCount);
  for (const event of span.events) writeEvent(writer, event);
  writeCount(writer, 0x60, span.droppedEventsCount);
  for (const link of span.links) writeLink(writer, link);
  writeCount(writer, 0x70, span.droppedLinksCount);
  const statusStart = writer.begin(0x7a, 1);
  if (span.status.message) writer.text(0x12, span.status.message);
  writeCount(writer, 0x18, span.status.code);
  writer.end(statusStart, 1);
  writer.room(SPAN_FIXED_BYTES);
  // Field 16 is the first whose tag takes two bytes.
  writer.byte(0x85);
  writer.byte(0x01);
  writer.fixed32(flagsOf(traceFlags, parent?.isRemote));
  writer.end(start, 2);
}

function writeEvent(writer: WireWriter, event: TimedEvent): void {
  const start = writer.begin(0x5a, 2);
  writer.room(SPAN_FIXED_BYTES);
  writer.byte(0x09);
  writer.time(event.time);
  writer.text(0x12, event.name);
  writeAttributes(writer, 0x1a, event.attributes);
  writeCount(writer, 0x20, event.droppedAttributesCount ?? 0);
  writer.end(start, 2);
}

function writeLink(writer: WireWriter, { context, attributes, ...link }: Link): void {
  const start = writer.begin(0x6a, 1);
  writer.room(SPAN_FIXED_BYTES);
  writeId(writer, 0x0a, context.traceId);
  writeId(writer, 0x12, context.spanId);
  const state = context.traceState?.serialize();
  if (state) writer.text(0x1a, state);
  writeAttributes(writer, 0x22, attributes);
  writeCount(writer, 0x28, link.droppedAttributesCount ?? 0);
  writer.room(SPAN_FIXED_BYTES);
  writer.byte(0x35);
  writer.fixed32(flagsOf(context.traceFlags, context.isRemote));
  writer.end(start, 1);
}

function writeId(writer: WireWriter, tag: number, digits: string): void {
  writer.byte(tag);
  writer.byte(digits.length / 2);
  writer.hex(digits);
}

function writeCount(writer: WireWriter, tag: number, count: number): void {
  writer.room(1 + VARINT_BYTES_MAX);
  writer.byte(tag);
  writer.varint(count);
}

function flagsOf(traceFlags: number, isRemote: boolean | undefined): number {
  return (traceFlags & 0xff) | HAS_IS_REMOTE | (isRemote === true ? IS_REMOTE : 0);
}

function writeAttributes(
  writer: WireWriter,
  tag: number,
  attributes: Attributes | undefined,
): void {
  for (const name in attributes) {
    if (Object.hasOwn(attributes, name)) writeAttribute(writer, tag, name, attributes[name]);
  }
}

/** One `KeyValue`. Texts and small numbers, nearly all there is, need no place left for lengths. */
function writeAttribute(writer: WireWriter, tag: number, name: string, value: unknown): void {
  const key = encodedName(name);
  if (typeof value === "string") {
    writer.room(key.length + 4 * VARINT_BYTES_MAX + value.length * 3);
    const start = writer.at;
    const written = writeTextAttribute(writer, tag, key, value, value.length);
    if (written === value.length) return;
    writer.back(start);
    writeTextAttribute(writer, tag, key, value, written);
    return;
  }
  writer.room(key.length + 4 * VARINT_BYTES_MAX);
  if (typeof value === "boolean") {
    writeKey(writer, tag, key, 2);
    writer.byte(0x10);
    writer.byte(value ? 1 : 0);
  } else if (
    typeof value === "number" &&
    Number.isInteger(value) &&
    value >= 0 &&
    value < 2 ** 31
  ) {
    writeKey(writer, tag, key, 1 + varintBytes(value));
    writer.byte(0x18);
    writer.varint(value);
  } else {
    const start = writer.begin(tag, 1);
    writer.room(key.length + 4 * VARINT_BYTES_MAX);
    writer.raw(key);
    writeNested(writer, 0x12, value);
    writer.end(start, 1);
  }
}

/** @param sizeBytes how many bytes the text takes @returns how many it took */
function writeTextAttribute(
  writer: WireWriter,
  tag: number,
  key: Uint8Array,
  text: string,
  sizeBytes: number,
): number {
  writeKey(writer, tag, key, 1 + varintBytes(sizeBytes) + sizeBytes);
  writer.byte(0x0a);
  writer.varint(sizeBytes);
  return writer.characters(text);
}

/** Everything of a `KeyValue` before its value. */
function writeKey(writer: WireWriter, tag: number, key: Uint8Array, valueBytes: number): void {
  writer.byte(tag);
  writer.varint(key.length + 1 + varintBytes(valueBytes) + valueBytes);
  writer.raw(key);
  writer.byte(0x12);
  writer.varint(valueBytes);
}

/** A field that is an `AnyValue`. */
function writeNested(writer: WireWriter, tag: number, value: unknown): void {
  const start = writer.begin(tag, 1);
  writeAnyValue(writer, value);
  writer.end(start, 1);
}

function writeAnyValue(writer: WireWriter, value: unknown): void {
  writer.room(2 + VARINT_BYTES_MAX);
  if (typeof value === "string") writer.text(0x0a, value);
  else if (typeof value === "boolean") {
    writer.byte(0x10);
    writer.byte(value ? 1 : 0);
  } else if (typeof value === "number") writeNumber(writer, value);
  else if (value instanceof Uint8Array) {
    writer.room(value.length + VARINT_BYTES_MAX);
    writer.byte(0x3a);
    writer.varint(value.length);
    writer.raw(value);
  } else if (Array.isArray(value)) {
    const start = writer.begin(0x2a, 1);
    for (const item of value) writeNested(writer, 0x0a, item);
    writer.end(start, 1);
  } else if (typeof value === "object" && value !== null) {
    const start = writer.begin(0x32, 1);
    writeAttributes(writer, 0x0a, value as Attributes);
    writer.end(start, 1);
  }
}

function writeNumber(writer: WireWriter, value: number): void {
  if (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63) {
    writer.byte(0x18);
    writer.varint(value);
  } else {
    writer.byte(0x21);
    writer.double(value);
  }
}

/** The field of a name, encoded. */
function encodedName(name: string): Uint8Array {
  const known = names.get(name);
  if (known !== undefined) return known;
  const writer = new WireWriter(name.length + VARINT_BYTES_MAX);
  writer.text(0x0a, name);
  const encoded = Uint8Array.from(writer.finish());
  if (name.length <= NAME_CHARS_MAX) {
    if (names.size >= NAMES_MAX) names.clear();
    names.set(name, encoded);
  }
  return encoded;
}
