/**
 * The messages of export requests, for `base/protobuf.ts`. Data only.
 *
 * Field numbers are those of opentelemetry-proto 1.11. Unknown fields, deprecated ones among them,
 * are passed over.
 */
import type { Field, Message, Scalar } from "../base/protobuf.ts";

type Row = readonly [number: number, name: string, type: Scalar | (() => Message)];

const ONE = false;
const MANY = true;

function field(name: string, type: Field["type"], isRepeated: boolean): Field {
  return { name, type, isRepeated };
}

function message(single: readonly Row[], repeated: readonly Row[], oneof?: string): Message {
  const fields: Record<number, Field> = {};
  for (const [number, name, type] of single) fields[number] = field(name, type, ONE);
  for (const [number, name, type] of repeated) fields[number] = field(name, type, MANY);
  return oneof === undefined ? { fields } : { fields, oneof };
}

const KEY_VALUE: Message = message(
  [
    [1, "key", "bytes"],
    [2, "value", () => ANY_VALUE],
  ],
  [],
);

const ARRAY_VALUE: Message = message([], [[1, "values", () => ANY_VALUE]]);

const KEY_VALUE_LIST: Message = message([], [[1, "values", () => KEY_VALUE]]);

export const ANY_VALUE: Message = message(
  [
    [1, "stringValue", "bytes"],
    [2, "boolValue", "bool"],
    [3, "intValue", "int64"],
    [4, "doubleValue", "double"],
    [5, "arrayValue", () => ARRAY_VALUE],
    [6, "kvlistValue", () => KEY_VALUE_LIST],
    [7, "bytesValue", "bytes"],
  ],
  [],
  "value",
);

export const RESOURCE: Message = message([], [[1, "attributes", () => KEY_VALUE]]);

export const SCOPE: Message = message(
  [
    [1, "name", "bytes"],
    [2, "version", "bytes"],
  ],
  [[3, "attributes", () => KEY_VALUE]],
);

const EVENT: Message = message(
  [
    [1, "timeUnixNano", "fixed64"],
    [2, "name", "bytes"],
  ],
  [[3, "attributes", () => KEY_VALUE]],
);

const LINK: Message = message(
  [
    [1, "traceId", "bytes"],
    [2, "spanId", "bytes"],
    [3, "traceState", "bytes"],
  ],
  [[4, "attributes", () => KEY_VALUE]],
);

const STATUS: Message = message(
  [
    [2, "message", "bytes"],
    [3, "code", "int32"],
  ],
  [],
);

export const SPAN: Message = message(
  [
    [1, "traceId", "bytes"],
    [2, "spanId", "bytes"],
    [3, "traceState", "bytes"],
    [4, "parentSpanId", "bytes"],
    [5, "name", "bytes"],
    [6, "kind", "int32"],
    [7, "startTimeUnixNano", "fixed64"],
    [8, "endTimeUnixNano", "fixed64"],
    [10, "droppedAttributesCount", "uint32"],
    [12, "droppedEventsCount", "uint32"],
    [14, "droppedLinksCount", "uint32"],
    [15, "status", () => STATUS],
    [16, "flags", "fixed32"],
  ],
  [
    [9, "attributes", () => KEY_VALUE],
    [11, "events", () => EVENT],
    [13, "links", () => LINK],
  ],
);

/** A record of an export request for logs, which has the same envelope. */
export const LOG_RECORD: Message = message(
  [
    [1, "timeUnixNano", "fixed64"],
    [3, "severityText", "bytes"],
    [5, "body", () => ANY_VALUE],
    [9, "traceId", "bytes"],
    [10, "spanId", "bytes"],
    [11, "observedTimeUnixNano", "fixed64"],
    [12, "eventName", "bytes"],
  ],
  [[6, "attributes", () => KEY_VALUE]],
);
