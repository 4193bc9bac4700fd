/**
 * Wire bytes to records: the general way, for what the fast lane does not take.
 *
 * In: the bytes of one span, log record, resource, scope or value. Out: records of `base/records.ts`. Throws
 * `SpanRefusal` for what cannot be kept, `IngestError` for what is no protobuf. Pure.
 */
import { type Message, type ReadMessage, readMessage } from "../base/protobuf.ts";
import type { AttributeValue, DecodedLog, DecodedSpan, Resource, Scope } from "../base/records.ts";
import { ProtobufError } from "../base/wire-cursor.ts";
import { IngestError } from "./errors.ts";
import { SPAN_ELEMENTS_MAX } from "./limits.ts";
import { readLog } from "./log.ts";
import { SpanRefusal } from "./rejections.ts";
import { readResource, readScope, readSpan, readValue } from "./span.ts";
import { ANY_VALUE, LOG_RECORD, RESOURCE, SCOPE, SPAN } from "./trace-messages.ts";
import { WIRE_LEAVES } from "./wire-leaves.ts";

export function resourceOf(bytes: Buffer): Resource {
  return readResource(WIRE_LEAVES, read(RESOURCE, bytes));
}

export function scopeOf(bytes: Buffer): Scope {
  return readScope(WIRE_LEAVES, read(SCOPE, bytes));
}

export function spanOf(bytes: Buffer, resource: Resource, scope: Scope): DecodedSpan {
  return readSpan(WIRE_LEAVES, read(SPAN, bytes), resource, scope);
}

/** The value of one attribute of a span, event or link. */
export function anyValueOf(bytes: Buffer): AttributeValue {
  return readValue(WIRE_LEAVES, read(ANY_VALUE, bytes), 0);
}

export function logOf(bytes: Buffer, resource: Resource): DecodedLog {
  return readLog(WIRE_LEAVES, read(LOG_RECORD, bytes), resource);
}

/** Malformed bytes refuse the request, values beyond a limit their span alone. */
function read(message: Message, bytes: Buffer): ReadMessage {
  try {
    return readMessage(message, bytes, SPAN_ELEMENTS_MAX);
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
    if (error.code === "PROTOBUF_TOO_DEEP") throw new SpanRefusal("depth");
    if (error.code === "PROTOBUF_TOO_MANY_VALUES") throw new SpanRefusal("size");
    throw new IngestError("OTLP_MALFORMED_PROTOBUF", `malformed protobuf: ${error.message}`, error);
  }
}
