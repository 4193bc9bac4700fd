/**
 * Decode an ExportTraceServiceRequest from protobuf.
 *
 * In: the decompressed body. Out: its spans, and what was refused. Throws `OtlpError`
 * (`OTLP_MALFORMED_PROTOBUF`, `OTLP_TOO_MANY_VALUES`). Pure.
 */
import type { Resource, Scope } from "../base/records.ts";
import { OtlpError } from "./errors.ts";
import type { Leaves, RawMessage } from "./leaves.ts";
import { ENVELOPE_ELEMENTS_MAX, REQUEST_ELEMENTS_MAX, SPAN_ELEMENTS_MAX } from "./limits.ts";
import { type MessageName, messageType } from "./messages.ts";
import { SpanRefusal } from "./rejections.ts";
import { RequestBuilder, readShared } from "./request-builder.ts";
import { readResource, readScope, readSpan } from "./span.ts";
import type { DecodedRequest } from "./types.ts";
import { type ElementBudget, ElementsExceeded, WireReader } from "./wire-reader.ts";

/** What protobufjs says when messages are nested beyond its recursion limit. */
const DEPTH_ERROR = "max depth exceeded";

/**
 * Decode one request.
 *
 * @param body protobuf bytes; neither changed nor kept
 */
export function decodeTraceProtobuf(body: Uint8Array): DecodedRequest {
  const whole: ElementBudget = { left: REQUEST_ELEMENTS_MAX };
  const envelope: readonly ElementBudget[] = [whole, { left: ENVELOPE_ELEMENTS_MAX }];
  const builder = new RequestBuilder();
  const request = decode("TraceRequest", body, envelope);
  for (const resourceBytes of slices(request.resourceSpans)) {
    const group = decode("ResourceSpans", resourceBytes, envelope);
    const resource = readShared<Resource>(() =>
      readResource(PROTOBUF_LEAVES, decodePart("Resource", merged(group.resource), whole)),
    );
    for (const scopeBytes of slices(group.scopeSpans)) {
      const scopeSpans = decode("ScopeSpans", scopeBytes, envelope);
      const scope = readShared<Scope>(() =>
        readScope(PROTOBUF_LEAVES, decodePart("Scope", merged(scopeSpans.scope), whole)),
      );
      builder.addGroup(slices(scopeSpans.spans), resource, scope, (span, ofResource, ofScope) =>
        readSpan(PROTOBUF_LEAVES, decodePart("Span", span, whole), ofResource, ofScope),
      );
    }
  }
  return builder.finish();
}

/** Decode a part that is refused alone when it is too large or too deep. */
function decodePart(name: MessageName, bytes: Uint8Array, whole: ElementBudget): RawMessage {
  const own: ElementBudget = { left: SPAN_ELEMENTS_MAX };
  return decode(name, bytes, [whole, own], own);
}

function decode(
  name: MessageName,
  bytes: Uint8Array,
  budgets: readonly ElementBudget[],
  own?: ElementBudget,
): RawMessage {
  try {
    // The message object is plain data; protobufjs declares it without an index signature.
    return messageType(name).decode(new WireReader(bytes, budgets)) as unknown as RawMessage;
  } catch (error) {
    if (error instanceof SpanRefusal) throw error;
    if (error instanceof ElementsExceeded) {
      if (error.budget === own) throw new SpanRefusal("size");
      throw new OtlpError("OTLP_TOO_MANY_VALUES", "too many values; send smaller batches");
    }
    const detail = error instanceof Error ? error.message : "unreadable";
    if (detail === DEPTH_ERROR && own !== undefined) throw new SpanRefusal("depth");
    throw new OtlpError("OTLP_MALFORMED_PROTOBUF", `malformed protobuf in ${name}: ${detail}`, {
      cause: error,
    });
  }
}

function slices(value: unknown): readonly Uint8Array[] {
  return value as readonly Uint8Array[];
}

/** Protobuf merges a message field that comes more than once; joining its bytes is the same. */
function merged(value: unknown): Uint8Array {
  const parts = slices(value);
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
}

const NOTHING: RawMessage = {};

/**
 * The leaves of a protobufjs message. Types hold by construction; what is absent is null, the
 * type's default or undefined.
 */
const PROTOBUF_LEAVES: Leaves = {
  message: (value) => (value ?? NOTHING) as RawMessage,
  list: (value) => value as readonly unknown[],
  // Of a message that is absent itself, as a span's status may be, every field is undefined.
  string: (value) => (value ?? "") as string,
  bool: (value) => value as boolean,
  id: (value) => Buffer.from(value as Uint8Array).toString("hex"),
  int64: (value) => value as bigint,
  // An absent 64-bit field shows as the prototype's Long or number.
  uint64: (value) => (typeof value === "bigint" ? value : 0n),
  uint32: (value) => value as number,
  enumeration: (value) => value as number,
  double: (value) => value as number,
  bytes: (value) => new Uint8Array(value as Uint8Array),
  anyValueMember: (value) => value.value as string | undefined,
};
