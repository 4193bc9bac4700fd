/**
 * Decode an ExportTraceServiceRequest from OTLP/JSON.
 *
 * In: the decompressed body. Out: its spans, and what was refused. Throws `IngestError`
 * (`OTLP_MALFORMED_JSON`, `OTLP_TOO_MANY_VALUES`). Pure.
 */
import { isUtf8 } from "node:buffer";
import type { Resource, Scope } from "../base/records.ts";
import { IngestError } from "./errors.ts";
import { JSON_LEAVES } from "./json-leaves.ts";
import { JSON_DEPTH_MAX, JSON_TOKENS_MAX } from "./limits.ts";
import { RequestBuilder, readShared } from "./request-builder.ts";
import { readResource, readScope, readSpan } from "./span.ts";
import type { DecodedRequest } from "./types.ts";

/**
 * Decode one request.
 *
 * @param body UTF-8 JSON text; neither changed nor kept
 */
export function decodeTraceJson(body: Uint8Array): DecodedRequest {
  const builder = new RequestBuilder();
  const request = JSON_LEAVES.message(parseJson(body), "the body");
  for (const entry of JSON_LEAVES.list(request.resourceSpans, "resourceSpans")) {
    const group = JSON_LEAVES.message(entry, "resourceSpans");
    const resource = readShared<Resource>(() =>
      readResource(JSON_LEAVES, JSON_LEAVES.message(group.resource, "resource")),
    );
    for (const scopeEntry of JSON_LEAVES.list(group.scopeSpans, "scopeSpans")) {
      const scopeSpans = JSON_LEAVES.message(scopeEntry, "scopeSpans");
      const scope = readShared<Scope>(() =>
        readScope(JSON_LEAVES, JSON_LEAVES.message(scopeSpans.scope, "scope")),
      );
      const spans = JSON_LEAVES.list(scopeSpans.spans, "spans");
      builder.addGroup(spans, resource, scope, (raw, ofResource, ofScope) =>
        readSpan(JSON_LEAVES, JSON_LEAVES.message(raw, "spans"), ofResource, ofScope),
      );
    }
  }
  return builder.finish();
}

/** A JSON number of 16 digits or more outside of (nearly) every string. */
const LONG_INTEGER = /[:,[]\s*-?\d{16}/;
/** Digits of the largest 64-bit integer, sign included. */
const INTEGER_MAX_CHARS = 20;
const INTEGER = /^-?\d+$/;

/**
 * Parse a body within the limits of its shape.
 *
 * @throws {IngestError} `OTLP_MALFORMED_JSON`, `OTLP_TOO_MANY_VALUES`
 */
export function parseJson(body: Uint8Array): unknown {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (!isUtf8(bytes)) throw new IngestError("OTLP_MALFORMED_JSON", "the body is not valid UTF-8");
  checkShape(bytes);
  const text = bytes.toString("utf8");
  try {
    // The fast path: a reviver makes parsing several times slower, and SDKs send strings.
    return LONG_INTEGER.test(text) ? JSON.parse(text, keepInteger) : JSON.parse(text);
  } catch (error) {
    // The parser's own message quotes the text, so only the position is passed on.
    const position = error instanceof Error ? /position (\d+)/.exec(error.message)?.[1] : undefined;
    const where = position === undefined ? "" : ` at position ${position}`;
    throw new IngestError("OTLP_MALFORMED_JSON", `the body is not valid JSON${where}`);
  }
}

/** Reviver: an integer that a double would round becomes a bigint, from its source text. */
function keepInteger(
  this: unknown,
  _key: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  if (source.length > INTEGER_MAX_CHARS || !INTEGER.test(source)) return value;
  return BigInt(source);
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

/** Refuse what would take too much memory or stack, before it is built. */
function checkShape(bytes: Buffer): void {
  let depth = 0;
  let tokens = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) {
      at = endOfString(bytes, at);
      continue;
    }
    if (byte === COMMA) tokens += 1;
    // With bit 5 set, `[` is `{` and `]` is `}`; no other byte of JSON becomes one of them.
    else if ((byte | 0x20) === 0x7b) {
      tokens += 1;
      depth += 1;
    } else if ((byte | 0x20) === 0x7d) depth -= 1;
    if (depth > JSON_DEPTH_MAX) {
      throw new IngestError(
        "OTLP_MALFORMED_JSON",
        `nested more than ${JSON_DEPTH_MAX} levels deep`,
      );
    }
    if (tokens > JSON_TOKENS_MAX) {
      throw new IngestError("OTLP_TOO_MANY_VALUES", "too many values; send smaller batches");
    }
  }
}

/** Position of the quote that ends the string beginning at `start`, or the end of the text. */
function endOfString(bytes: Buffer, start: number): number {
  let end = bytes.indexOf(QUOTE, start + 1);
  while (end !== -1) {
    let slashes = 0;
    while (bytes[end - 1 - slashes] === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return end;
    end = bytes.indexOf(QUOTE, end + 1);
  }
  return bytes.length;
}
