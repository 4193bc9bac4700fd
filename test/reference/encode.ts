/**
 * The reference for the whole way of a request: decode → redact → classify → encode, through
 * objects. The oracle of the transcoder.
 */
import type { BatchPlace, EncodedRequest } from "../../receiver/src/base/batch.ts";
import { encodeSpans } from "../../receiver/src/encode-spans.ts";
import { summarise } from "../../receiver/src/ingest/rejections.ts";
import type { Redactor } from "../../receiver/src/redact/index.ts";
import { decodeTraceProtobuf } from "./decode.ts";

/** Encode a request. */
export function encodeByReference(
  body: Uint8Array,
  place: BatchPlace,
  redactor: Redactor,
): EncodedRequest {
  const { spans, rejected, clampedSpans } = decodeTraceProtobuf(body);
  return {
    tables: encodeSpans(redactor, spans, place),
    rejected: rejected.count,
    message: summarise(rejected, clampedSpans),
  };
}
