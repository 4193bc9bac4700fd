/**
 * The protobuf messages of OTLP and of its answers, described for protobufjs by reflection.
 *
 * Field numbers are those of opentelemetry-proto 1.11 and google.rpc. Repeated messages that can
 * be many (`resourceSpans`, `scopeSpans`, `spans`) are described as bytes, which is the same on
 * the wire: they are counted before anything is built, and each is decoded and dropped alone.
 * `resource` and `scope` are bytes too, repeated, because protobuf merges a message that comes
 * more than once, and joining the bytes is that merge. Pure, apart from building the types once.
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
      ["name", 1, "string"],
      ["version", 2, "string"],
      ["attributes", 3, "KeyValue", "repeated"],
    ]),
    Span: message([
      ["traceId", 1, "bytes"],
      ["spanId", 2, "bytes"],
      ["traceState", 3, "string"],
      ["parentSpanId", 4, "bytes"],
      ["name", 5, "string"],
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
      ["name", 2, "string"],
      ["attributes", 3, "KeyValue", "repeated"],
    ]),
    Link: message([
      ["traceId", 1, "bytes"],
      ["spanId", 2, "bytes"],
      ["traceState", 3, "string"],
      ["attributes", 4, "KeyValue", "repeated"],
    ]),
    SpanStatus: message([
      ["message", 2, "string"],
      ["code", 3, "int32"],
    ]),
    KeyValue: message([
      ["key", 1, "string"],
      ["value", 2, "AnyValue"],
    ]),
    AnyValue: message(
      [
        ["stringValue", 1, "string"],
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
    TraceResponse: message([["partialSuccess", 1, "PartialSuccess"]]),
    PartialSuccess: message([
      ["rejectedSpans", 1, "int64"],
      ["errorMessage", 2, "string"],
    ]),
    RpcStatus: message([
      ["code", 1, "int32"],
      ["message", 2, "string"],
      ["details", 3, "Any", "repeated"],
    ]),
    Any: message([
      ["typeUrl", 1, "string"],
      ["value", 2, "bytes"],
    ]),
    RetryInfo: message([["retryDelay", 1, "Duration"]]),
    Duration: message([
      ["seconds", 1, "int64"],
      ["nanos", 2, "int32"],
    ]),
  },
});

/** The reflected types by name. */
export type MessageName =
  | "TraceRequest"
  | "ResourceSpans"
  | "ScopeSpans"
  | "Resource"
  | "Scope"
  | "Span"
  | "TraceResponse"
  | "RpcStatus"
  | "RetryInfo";

/** The reflected type of a message. */
export function messageType(name: MessageName): protobuf.Type {
  return root.lookupType(name);
}
