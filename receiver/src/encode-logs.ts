/**
 * A request of log records to rows: decode → normalise → redact → classify → encode.
 *
 * In: the body and the place in the batch. Out: rows as RowBinary. The slow road, through objects:
 * logs carry what instrumentation of others does not put into spans, a part of the traffic. Some
 * records at a time, so that a large request is never in memory as objects.
 */
import type { BatchPlace, EncodedRequest, HashRows } from "./base/batch.ts";
import { LogRows } from "./classify/log-rows.ts";
import { encodeTables } from "./encode-spans.ts";
import { readLogsJson, readLogsProtobuf, type VisitLog } from "./ingest/logs.ts";
import { explainRejections } from "./ingest/rejections.ts";
import { TableSinks } from "./ingest/table-sinks.ts";
import { normaliseLog } from "./normalise/log.ts";
import type { OtlpFormat } from "./otlp/types.ts";
import type { Redactor } from "./redact/index.ts";

/** Rows after which they become bytes. */
const ROWS_MAX = 64;

/** The same in bytes of content (256 KiB). */
const CONTENT_SIZE_MAX_BYTES = 262_144;

/** Encodes one request; the rows are valid until the next call. */
export type EncodeLogs = (body: Buffer, format: OtlpFormat, place: BatchPlace) => EncodedRequest;

/**
 * Make an encoder.
 *
 * @param hashRows makes the leaves; without it they are left to the caller
 */
export function createLogEncoder(redactor: Redactor, hashRows?: HashRows): EncodeLogs {
  const encoded = new TableSinks(hashRows);
  return (body, format, place) => {
    encoded.clear();
    let logs = new LogRows(place);
    const flush = (): void => {
      encoded.append(encodeTables(logs.rows));
      logs = new LogRows(encoded.placeAfter(place));
    };
    const visit: VisitLog = (record) => {
      const normalised = normaliseLog(record);
      if (typeof normalised === "string") return normalised;
      logs.add(redactor.log(normalised));
      if (logs.count >= ROWS_MAX || logs.sizeBytes >= CONTENT_SIZE_MAX_BYTES) flush();
      return undefined;
    };
    const rejected = format === "json" ? readLogsJson(body, visit) : readLogsProtobuf(body, visit);
    flush();
    return {
      tables: encoded.take(),
      rejected: rejected.count,
      message: explainRejections(rejected),
      release: encoded.release,
    };
  };
}
