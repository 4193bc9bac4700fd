/**
 * The reference for decoding: an ExportTraceServiceRequest by protobufjs, message by message.
 *
 * In: the decompressed body. Out: its spans, and what was refused. Throws `IngestError`. Plain and
 * slow; it shares nothing with the transcoder but the rules of what a span must be (`span.ts`).
 */
import { IngestError } from "../../receiver/src/ingest/errors.ts";
import type { RawMessage } from "../../receiver/src/ingest/leaves.ts";
import { ENVELOPE_ELEMENTS_MAX, SPAN_ELEMENTS_MAX } from "../../receiver/src/ingest/limits.ts";
import { readShared, SpanRefusal } from "../../receiver/src/ingest/rejections.ts";
import { readResource, readScope, readSpan } from "../../receiver/src/ingest/span.ts";
import { CountingReader, type ElementBudget, ElementsExceeded } from "./counting-reader.ts";
import { REFERENCE_LEAVES } from "./leaves.ts";
import { type MessageName, messageType } from "./messages.ts";
import { type DecodedRequest, RequestBuilder } from "./request-builder.ts";

/** What protobufjs says when messages are nested beyond its recursion limit. */
const DEPTH_ERROR = "max depth exceeded";

/** Decode one request. */
export function decodeTraceProtobuf(body: Uint8Array): DecodedRequest {
  const envelope: ElementBudget = { left: ENVELOPE_ELEMENTS_MAX };
  const builder = new RequestBuilder();
  const request = decodeEnvelope("TraceRequest", body, envelope);
  for (const resourceBytes of slices(request.resourceSpans)) {
    const group = decodeEnvelope("ResourceSpans", resourceBytes, envelope);
    const resource = readShared(() =>
      readResource(REFERENCE_LEAVES, decodePart("Resource", merged(group.resource))),
    );
    for (const scopeBytes of slices(group.scopeSpans)) {
      const scopeSpans = decodeEnvelope("ScopeSpans", scopeBytes, envelope);
      const scope = readShared(() =>
        readScope(REFERENCE_LEAVES, decodePart("Scope", merged(scopeSpans.scope))),
      );
      builder.addGroup(slices(scopeSpans.spans), resource, scope, (span, ofResource, ofScope) =>
        readSpan(REFERENCE_LEAVES, decodePart("Span", span), ofResource, ofScope),
      );
    }
  }
  return builder.finish();
}

function decodeEnvelope(name: MessageName, bytes: Uint8Array, budget: ElementBudget): RawMessage {
  try {
    return decode(name, bytes, budget);
  } catch (error) {
    const code =
      error instanceof ElementsExceeded ? "OTLP_TOO_MANY_VALUES" : "OTLP_MALFORMED_PROTOBUF";
    throw new IngestError(code, `unreadable ${name}`, error);
  }
}

/** Decode a part that is refused alone when it is too large or too deep. */
function decodePart(name: MessageName, bytes: Uint8Array): RawMessage {
  try {
    return decode(name, bytes, { left: SPAN_ELEMENTS_MAX });
  } catch (error) {
    if (error instanceof ElementsExceeded) throw new SpanRefusal("size");
    if (error instanceof Error && error.message === DEPTH_ERROR) throw new SpanRefusal("depth");
    throw new IngestError("OTLP_MALFORMED_PROTOBUF", `unreadable ${name}`, error);
  }
}

function decode(name: MessageName, bytes: Uint8Array, budget: ElementBudget): RawMessage {
  // The message object is plain data; protobufjs declares it without an index signature.
  return messageType(name).decode(new CountingReader(bytes, budget)) as unknown as RawMessage;
}

function slices(value: unknown): readonly Uint8Array[] {
  return value as readonly Uint8Array[];
}

/** Protobuf merges a message field that comes more than once; joining its bytes is the same. */
function merged(value: unknown): Uint8Array {
  return Buffer.concat(slices(value));
}
