/**
 * A request's body to rows for the open batch: the stages ingest, redact, classify, the encoder, and
 * the leaves of the ledger while the rows are at hand.
 *
 * In: the body and the place in the batch. Out: rows as RowBinary.
 */
import type { Encode } from "./base/batch.ts";
import { createLogEncoder } from "./encode-logs.ts";
import { encodeSpans } from "./encode-spans.ts";
import { createTranscoder } from "./ingest/transcoder.ts";
import type { ExportRequest } from "./otlp/types.ts";
import type { Redactor } from "./redact/index.ts";
import { hashRows } from "./seal/leaf.ts";

/** Make what makes the encoder of each request; the rows of one are valid until the next. */
export function createEncoding(
  redactor: Redactor,
): (request: Pick<ExportRequest, "body" | "format" | "signal">) => Encode {
  const transcoder = createTranscoder({
    redactor: redactor.fields(),
    encodeSpans: (spans, place) => encodeSpans(redactor, spans, place),
    hashRows,
  });
  const encodeLogs = createLogEncoder(redactor, hashRows);
  return ({ body, format, signal }) => {
    if (signal === "logs") return (place) => encodeLogs(body, format, place);
    return format === "json"
      ? (place) => transcoder.encodeTracesJson(body, place)
      : (place) => transcoder.encodeTraces(body, place);
  };
}
