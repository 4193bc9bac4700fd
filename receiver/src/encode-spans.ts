/**
 * Records to rows: normalise → redact → classify → encode. The slow lane of the transcoder, and the
 * way of OTLP/JSON.
 *
 * In: decoded spans and their place in the batch. Out: rows of every table. Side effect: the
 * redactor's cache of resources.
 */
import { BATCH_TABLES } from "@spanledger/schema";
import type { BatchPlace, EncodedRows } from "./base/batch.ts";
import type { DecodedSpan, RedactedSpan } from "./base/records.ts";
import { type BatchRows, rowsOf } from "./classify/rows.ts";
import { normaliseSpan } from "./normalise/span.ts";
import type { Redactor } from "./redact/index.ts";
import { encodeRows } from "./store/row-binary.ts";

const NO_ROWS: EncodedRows = { bytes: new Uint8Array(0), rowEnds: new Uint32Array(0) };

/** @returns one per table, in the order of `BATCH_TABLES` */
export function encodeSpans(
  redactor: Redactor,
  spans: readonly DecodedSpan[],
  place: BatchPlace,
): EncodedRows[] {
  return encodeTables(rowsOf(redactedOf(redactor, spans), place));
}

/** @returns one per table, in the order of `BATCH_TABLES`; valid until the next call */
export function encodeTables(rows: BatchRows): EncodedRows[] {
  return BATCH_TABLES.map((table) => {
    const tableRows = rows[table.name];
    return tableRows.length === 0 ? NO_ROWS : encodeRows(table, tableRows as never);
  });
}

/** One at a time: what content is made of takes many times the memory of its text. */
function* redactedOf(redactor: Redactor, spans: readonly DecodedSpan[]): Iterable<RedactedSpan> {
  for (const span of spans) yield redactor.span(normaliseSpan(span));
}
