/**
 * The messages of an export request for traces, described for protobufjs by reflection.
 *
 * Texts are described as bytes, and what can be many or come in parts as repeated bytes, which is
 * the same on the wire: the decoder checks and joins them itself. Field numbers are those of
 * opentelemetry-proto 1.11. Pure, apart from building the types once.
 */
import protobuf from "protobufjs/light.js";

type FieldRow = readonly [name: string, id: number, type: string, rule?: "repeated"];

function message(rows: readonly FieldRow[], oneof?: string): protobuf.IType {
  const fields: Record<string, protobuf.IField> = {};
  for (const [name, id, type, rule] of rows) {
    fields[name] = rule === undefined ? { id, type } : { id, type, rule };
  }
  if (oneof === undefined) return { fields };
  return { fields, oneofs: { [oneof]: { oneof: rows.map(([name]) => name) } } };
}

const root = protobuf.Root.fromJSON({
  options: { syntax: "proto3" },
  nested: {
    TraceRequest: message([["resourceSpans", 1, "bytes", "repeated"]]),
    ResourceSpans: message([
      ["resource", 1, "bytes", "repeated"],
      ["scopeSpans", 2, "bytes", "repeated"],
    ]),
    ScopeSpans: message([
      ["scope", 1, "bytes", "repeated"],
      ["spans", 2, "bytes", "repeated"],
    ]),
    Resource: message([["attributes", 1, "KeyValue", "repeated"]]),
    Scope: message([
      ["name", 1, "bytes"],
      ["version", 2, "bytes"],
      ["attributes", 3, "KeyValue", "repeated"],
    ]),
    Span: message([
      ["traceId", 1, "bytes"],
      ["spanId", 2, "bytes"],
      ["traceState", 3, "bytes"],
      ["parentSpanId", 4, "bytes"],
      ["name", 5, "bytes"],
      ["kind", 6, "int32"],
      ["startTimeUnixNano", 7, "fixed64"],
      ["endTimeUnixNano", 8, "fixed64"],
      ["attributes", 9, "KeyValue", "repeated"],
      ["droppedAttributesCount", 10, "uint32"],
      ["events", 11, "Event", "repeated"],
      ["droppedEventsCount", 12, "uint32"],
      ["links", 13, "Link", "repeated"],
      ["droppedLinksCount", 14, "uint32"],
      ["status", 15, "SpanStatus"],
      ["flags", 16, "fixed32"],
    ]),
    Event: message([
      ["timeUnixNano", 1, "fixed64"],
      ["name", 2, "bytes"],
      ["attributes", 3, "KeyValue", "repeated"],
    ]),
    Link: message([
      ["traceId", 1, "bytes"],
      ["spanId", 2, "bytes"],
      ["traceState", 3, "bytes"],
      ["attributes", 4, "KeyValue", "repeated"],
    ]),
    SpanStatus: message([
      ["message", 2, "bytes"],
      ["code", 3, "int32"],
    ]),
    KeyValue: message([
      ["key", 1, "bytes"],
      ["value", 2, "AnyValue"],
    ]),
    AnyValue: message(
      [
        ["stringValue", 1, "bytes"],
        ["boolValue", 2, "bool"],
        ["intValue", 3, "int64"],
        ["doubleValue", 4, "double"],
        ["arrayValue", 5, "ArrayValue"],
        ["kvlistValue", 6, "KeyValueList"],
        ["bytesValue", 7, "bytes"],
      ],
      "value",
    ),
    ArrayValue: message([["values", 1, "AnyValue", "repeated"]]),
    KeyValueList: message([["values", 1, "KeyValue", "repeated"]]),
  },
});

interface Member {
  readonly name: string;
  readonly wireType: number;
  readonly read: (reader: protobuf.Reader, depth: number, before: unknown) => unknown;
}

function nested(name: "ArrayValue" | "KeyValueList"): Member["read"] {
  const type = root.lookupType(name) as unknown as { decode: DecodeMessage };
  return (reader, depth, before) =>
    type.decode(reader, (reader as SizedReader).size(), undefined, depth + 1, before);
}

/** Members of AnyValue by field number. */
const MEMBERS: Readonly<Record<number, Member>> = {
  1: { name: "stringValue", wireType: 2, read: (reader) => reader.bytes() },
  2: { name: "boolValue", wireType: 0, read: (reader) => reader.bool() },
  3: { name: "intValue", wireType: 0, read: (reader) => reader.int64() },
  4: { name: "doubleValue", wireType: 1, read: (reader) => reader.double() },
  5: { name: "arrayValue", wireType: 2, read: nested("ArrayValue") },
  6: { name: "kvlistValue", wireType: 2, read: nested("KeyValueList") },
  7: { name: "bytesValue", wireType: 2, read: (reader) => reader.bytes() },
};

/** The generated decoders' signature; depth and earlier part are not declared. */
type DecodeMessage = (
  reader: protobuf.Reader,
  length: number,
  end: undefined,
  depth: number,
  before: unknown,
) => unknown;
interface SkippingReader {
  skipType(wireType: number, depth: number, field: number): unknown;
}
interface SizedReader extends protobuf.Reader {
  size(): number;
}

/**
 * AnyValue by hand: the generated decoder keeps a member of a oneof that another one replaced and
 * merges into it when it comes again.
 */
const decodeAnyValue: DecodeMessage = (reader, length, _end, depth, before) => {
  if (depth > protobuf.Reader.recursionLimit) throw new Error("max depth exceeded");
  const outer = reader.len;
  const end = reader.pos + length;
  if (end > outer) throw new RangeError("index out of range");
  reader.len = end;
  const value = (before ?? {}) as Record<string, unknown>;
  while (reader.pos < end) {
    const tag = (reader as unknown as { tag(): number }).tag();
    const member = MEMBERS[tag >>> 3];
    if (member?.wireType !== (tag & 7)) {
      (reader as unknown as SkippingReader).skipType(tag & 7, depth, tag >>> 3);
      continue;
    }
    if (value.value !== member.name) {
      if (value.value !== undefined) delete value[value.value as string];
      value.value = member.name;
    }
    value[member.name] = member.read(reader, depth, value[member.name]);
  }
  if (reader.pos !== end) throw new RangeError("index out of range");
  reader.len = outer;
  return value;
};
(root.lookupType("AnyValue") as unknown as { decode: DecodeMessage }).decode = decodeAnyValue;

/** The reflected types by name. */
export type MessageName =
  | "TraceRequest"
  | "ResourceSpans"
  | "ScopeSpans"
  | "Resource"
  | "Scope"
  | "Span";

/** The reflected type of a message. */
export function messageType(name: MessageName): protobuf.Type {
  return root.lookupType(name);
}
