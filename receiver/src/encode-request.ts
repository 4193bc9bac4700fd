/**
 * A request's body to rows for the open batch: the stages ingest, redact, classify, and the encoder.
 *
 * In: the body and the place in the batch. Out: rows as RowBinary.
 */
import { BATCH_TABLES } from "@spanledger/schema";
import type { BatchPlace, Encode, EncodedRows } from "./base/batch.ts";
import type { DecodedSpan } from "./base/records.ts";
import { rowsOf } from "./classify/rows.ts";
import { createTranscoder } from "./ingest/transcoder.ts";
import type { ExportRequest } from "./otlp/types.ts";
import type { Redactor } from "./redact/index.ts";
import { encodeRows } from "./store/row-binary.ts";

/** Make what makes the encoder of each request; the rows of one are valid until the next. */
export function createEncoding(redactor: Redactor): (request: ExportRequest) => Encode {
  const transcoder = createTranscoder({
    redactor: redactor.fields(),
    encodeSpans: (spans, place) => encodeSpans(spans, place, redactor),
  });
  return ({ body, format }) => {
    return format === "json"
      ? (place) => transcoder.encodeTracesJson(body, place)
      : (place) => transcoder.encodeTraces(body, place);
  };
}

/** The slow lane of the transcoder, through records. */
function encodeSpans(
  spans: readonly DecodedSpan[],
  place: BatchPlace,
  redactor: Redactor,
): EncodedRows[] {
  const redacted = spans.map((span) => redactor.span(span));
  const rows = rowsOf(redacted, place);
  return BATCH_TABLES.map((table) => encodeRows(table, rows[table.name] as never));
}
