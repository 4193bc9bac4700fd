/**
 * A request of log records to rows: decode → normalise → redact → classify → encode.
 *
 * In: the body and the place in the batch. Out: rows as RowBinary. The slow road, through objects:
 * logs carry what instrumentation of others does not put into spans, a part of the traffic.
 */
import { BATCH_TABLES } from "@spanledger/schema";
import {
  type BatchPlace,
  type EncodedRequest,
  REQUEST_ROWS_SIZE_MAX_BYTES,
  rowsTooLarge,
} from "./base/batch.ts";
import { LogRows } from "./classify/log-rows.ts";
import { readLogsJson, readLogsProtobuf, type VisitLog } from "./ingest/logs.ts";
import { explainRejections } from "./ingest/rejections.ts";
import { normaliseLog } from "./normalise/log.ts";
import type { OtlpFormat } from "./otlp/types.ts";
import type { Redactor } from "./redact/index.ts";
import { encodeRows } from "./store/row-binary.ts";

/** Encode one request; the rows are valid until the next call of the encoder of rows. */
export function encodeLogs(
  body: Buffer,
  format: OtlpFormat,
  place: BatchPlace,
  redactor: Redactor,
): EncodedRequest {
  const logs = new LogRows(place);
  const visit: VisitLog = (record) => {
    const normalised = normaliseLog(record);
    if (typeof normalised === "string") return normalised;
    logs.add(redactor.log(normalised));
    if (logs.sizeBytes > REQUEST_ROWS_SIZE_MAX_BYTES) throw rowsTooLarge();
    return undefined;
  };
  const rejected = format === "json" ? readLogsJson(body, visit) : readLogsProtobuf(body, visit);
  return {
    tables: BATCH_TABLES.map((table) => encodeRows(table, logs.rows[table.name] as never)),
    rejected: rejected.count,
    message: explainRejections(rejected),
  };
}
