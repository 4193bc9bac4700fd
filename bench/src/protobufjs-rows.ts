/**
 * What the transcoder is measured against: protobufjs decodes to objects, each span becomes a row
 * object with the columns of table `spans`, and that a line of JSONEachRow.
 *
 * In: a request as protobuf. Out: the lines. Pure, apart from building the types once. Written as
 * one would write it who knows both libraries: no validation, no redaction, nothing twice.
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
    Request: message([["resourceSpans", 1, "ResourceSpans", "repeated"]]),
    ResourceSpans: message([
      ["resource", 1, "Resource"],
      ["scopeSpans", 2, "ScopeSpans", "repeated"],
    ]),
    ScopeSpans: message([
      ["scope", 1, "Scope"],
      ["spans", 2, "Span", "repeated"],
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
      ["status", 15, "Status"],
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
    Status: message([
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
  },
});
const REQUEST: protobuf.Type = root.lookupType("Request");

interface AnyValue {
  readonly value?: string;
  readonly stringValue: string;
  readonly boolValue: boolean;
  readonly intValue: unknown;
  readonly doubleValue: number;
  readonly arrayValue: { readonly values: readonly AnyValue[] };
  readonly kvlistValue: { readonly values: readonly KeyValue[] };
  readonly bytesValue: Uint8Array;
}
interface KeyValue {
  readonly key: string;
  readonly value: AnyValue | null;
}
interface Span {
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  readonly traceState: string;
  readonly parentSpanId: Uint8Array;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: number;
  readonly endTimeUnixNano: number;
  readonly attributes: readonly KeyValue[];
  readonly droppedAttributesCount: number;
  readonly events: readonly { timeUnixNano: unknown; name: string; attributes: KeyValue[] }[];
  readonly droppedEventsCount: number;
  readonly links: readonly {
    traceId: Uint8Array;
    spanId: Uint8Array;
    traceState: string;
    attributes: KeyValue[];
  }[];
  readonly droppedLinksCount: number;
  readonly status: { readonly message: string; readonly code: number } | null;
  readonly flags: number;
}
interface Decoded {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly {
      readonly scope: { name: string; version: string; attributes: KeyValue[] };
      readonly spans: readonly Span[];
    }[];
  }[];
}

const KINDS = ["Unspecified", "Internal", "Server", "Client", "Producer", "Consumer"];
const STATUS_CODES = ["Unset", "Ok", "Error"];

/** Decode a request to objects. */
export function decodeWithProtobufjs(body: Uint8Array): Decoded {
  return REQUEST.decode(body) as unknown as Decoded;
}

/** Decode a request and write its spans as JSONEachRow. */
export function rowsWithProtobufjs(body: Uint8Array): string {
  let lines = "";
  let row = 0;
  for (const { resource, scopeSpans } of decodeWithProtobufjs(body).resourceSpans) {
    const resourceAttributes = texts(resource.attributes);
    for (const { scope, spans } of scopeSpans) {
      const shared = {
        ServiceName: resourceAttributes["service.name"] ?? "",
        ResourceAttributes: resourceAttributes,
        ScopeName: scope.name,
        ScopeVersion: scope.version,
        ScopeAttributes: texts(scope.attributes),
      };
      for (const span of spans) {
        lines += `${JSON.stringify(rowOf(span, shared, row))}\n`;
        row += 1;
      }
    }
  }
  return lines;
}

function rowOf(span: Span, shared: object, row: number): object {
  const attributes = texts(span.attributes);
  return {
    ...shared,
    Timestamp: String(span.startTimeUnixNano),
    TraceId: hex(span.traceId),
    SpanId: hex(span.spanId),
    ParentSpanId: hex(span.parentSpanId),
    TraceState: span.traceState,
    SpanName: span.name,
    SpanKind: KINDS[span.kind],
    SpanAttributes: attributes,
    Duration: String(Number(span.endTimeUnixNano) - Number(span.startTimeUnixNano)),
    StatusCode: STATUS_CODES[span.status?.code ?? 0],
    StatusMessage: span.status?.message ?? "",
    "Events.Timestamp": span.events.map((event) => String(event.timeUnixNano)),
    "Events.Name": span.events.map((event) => event.name),
    "Events.Attributes": span.events.map((event) => texts(event.attributes)),
    "Links.TraceId": span.links.map((link) => hex(link.traceId)),
    "Links.SpanId": span.links.map((link) => hex(link.spanId)),
    "Links.TraceState": span.links.map((link) => link.traceState),
    "Links.Attributes": span.links.map((link) => texts(link.attributes)),
    DroppedAttributes: span.droppedAttributesCount,
    DroppedEvents: span.droppedEventsCount,
    DroppedLinks: span.droppedLinksCount,
    Flags: span.flags,
    WorkspaceId: "default",
    RunId: attributes["workflow.run.id"] ?? "",
    WorkflowId: attributes["workflow.id"] ?? "",
    StepName: attributes["workflow.step.name"] ?? "",
    SpanType: "other",
    Result: "",
    Redactions: {},
    BatchId: "01J00000000000000000000000",
    Segment: 0,
    Row: row,
    RetentionClass: "standard",
    ExpiresAt: 1_800_000_000,
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

function texts(attributes: readonly KeyValue[]): Record<string, string> {
  const out: Record<string, string> = {};
  for (const { key, value } of attributes) out[key] = value === null ? "" : text(value);
  return out;
}

function text(value: AnyValue): string {
  switch (value.value) {
    case "stringValue":
      return value.stringValue;
    case "boolValue":
      return String(value.boolValue);
    case "intValue":
      return String(value.intValue);
    case "doubleValue":
      return String(value.doubleValue);
    case "bytesValue":
      return Buffer.from(value.bytesValue).toString("base64");
    case "arrayValue":
      return JSON.stringify(value.arrayValue.values.map(text));
    case "kvlistValue":
      return JSON.stringify(texts(value.kvlistValue.values));
    default:
      return "";
  }
}
