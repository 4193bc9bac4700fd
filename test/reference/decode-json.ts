/**
 * The reference for OTLP/JSON: the whole body by `JSON.parse` at once.
 *
 * In: the decompressed body. Out: its spans, and what was refused. Throws `IngestError`. It shares
 * nothing with the way through slices but the rules of what a span must be (`span.ts`).
 */
import { IngestError } from "../../receiver/src/ingest/errors.ts";
import { JSON_LEAVES } from "../../receiver/src/ingest/json-leaves.ts";
import { readShared } from "../../receiver/src/ingest/rejections.ts";
import { readResource, readScope, readSpan } from "../../receiver/src/ingest/span.ts";
import { type DecodedRequest, RequestBuilder } from "./request-builder.ts";

const { list, message } = JSON_LEAVES;

/** Decode one request. */
export function decodeTraceJsonAtOnce(body: Uint8Array): DecodedRequest {
  const builder = new RequestBuilder();
  const request = message(parsed(body), "the body");
  for (const groupRaw of list(request.resourceSpans, "resourceSpans")) {
    const group = message(groupRaw, "resourceSpans");
    const resource = readShared(() =>
      readResource(JSON_LEAVES, message(group.resource, "resource")),
    );
    for (const scopeRaw of list(group.scopeSpans, "scopeSpans")) {
      const scopeSpans = message(scopeRaw, "scopeSpans");
      const scope = readShared(() => readScope(JSON_LEAVES, message(scopeSpans.scope, "scope")));
      const spans = list(scopeSpans.spans, "spans");
      builder.addGroup(spans, resource, scope, (raw, ofResource, ofScope) =>
        readSpan(JSON_LEAVES, message(raw, "spans"), ofResource, ofScope),
      );
    }
  }
  return builder.finish();
}

function parsed(body: Uint8Array): unknown {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
    return JSON.parse(text, exactly);
  } catch (error) {
    throw new IngestError("OTLP_MALFORMED_JSON", "unreadable", error);
  }
}

/** Reviver: integers keep every digit. */
function exactly(
  this: unknown,
  _key: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown {
  const source = context?.source ?? "";
  const isRounded = typeof value === "number" && !Number.isSafeInteger(value);
  return isRounded && /^-?\d{1,19}$/.test(source) ? BigInt(source) : value;
}
