/**
 * Answers of the HTTP interface: headers, errors, compression.
 *
 * In: a response object and what to say. Out: bytes on its socket.
 */
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { EngineReply } from "./engine.ts";
import { type Exception, exceptionText, statusOf } from "./exceptions.ts";
import { KEEP_ALIVE_MS } from "./limits.ts";

/** The name that answers carry as the server's. */
export const DISPLAY_NAME = "spanledger";

const CONTENT_TYPES: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:JSONEachRow|JSONLines|NDJSON|JSONCompactEachRow\w*|JSONStringsEachRow)$/i,
    "application/x-ndjson",
  ],
  [/^(?:JSON\w*|GeoJSON)$/i, "application/json"],
  [/^CSV\w*$/i, "text/csv"],
  [/^(?:TSV|TabSeparated)\w*$/i, "text/tab-separated-values"],
  [/^XML$/i, "application/xml"],
  [/^(?:Native|RowBinary\w*|Parquet|Arrow\w*|ORC|Avro|BSONEachRow|MsgPack|Npy|Protobuf\w*)$/i, ""],
];

function contentTypeOf(format: string): string {
  const found = CONTENT_TYPES.find(([pattern]) => pattern.test(format));
  if (found?.[1] === "") return "application/octet-stream";
  return `${found?.[1] ?? "text/plain"}; charset=UTF-8`;
}

/** Headers that every answer to a query has. */
export function setCommonHeaders(
  response: ServerResponse,
  queryId: string,
  timezone: string,
): void {
  response.setHeader("X-ClickHouse-Server-Display-Name", DISPLAY_NAME);
  response.setHeader("X-ClickHouse-Query-Id", queryId);
  response.setHeader("X-ClickHouse-Timezone", timezone);
  response.setHeader("Keep-Alive", `timeout=${Math.trunc(KEEP_ALIVE_MS / 1000)}`);
}

/** Answer with a plain line, as `/ping` does. */
export function sendText(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader("Content-Type", "text/plain; charset=UTF-8");
  response.setHeader("X-ClickHouse-Server-Display-Name", DISPLAY_NAME);
  response.setHeader("Keep-Alive", `timeout=${Math.trunc(KEEP_ALIVE_MS / 1000)}`);
  response.end(text);
}

/** Answer with an exception. */
export function sendException(response: ServerResponse, error: Exception, version: string): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  response.statusCode = statusOf(error.code);
  response.removeHeader("Content-Encoding");
  response.setHeader("Content-Type", "text/plain; charset=UTF-8");
  response.setHeader("X-ClickHouse-Exception-Code", String(error.code));
  response.end(exceptionText(error, version));
}

/**
 * The counters that ClickHouse sends. The engine tells rows and bytes of the result and of what
 * was written, not of what was read, so the result stands for it, as the rows do for an insert.
 */
function summaryOf(reply: EngineReply): string {
  const rows = reply.writtenRows > 0 ? reply.writtenRows : reply.resultRows;
  const bytes = reply.writtenRows > 0 ? reply.writtenBytes : reply.resultBytes;
  return JSON.stringify({
    read_rows: String(rows),
    read_bytes: String(bytes),
    written_rows: String(reply.writtenRows),
    written_bytes: String(reply.writtenBytes),
    total_rows_to_read: "0",
    result_rows: String(rows),
    result_bytes: String(bytes),
    elapsed_ns: String(Math.round(reply.elapsedSeconds * 1e9)),
  });
}

/** Answer with the result of a query. */
export async function sendReply(
  response: ServerResponse,
  reply: EngineReply,
  options: { readonly format: string; readonly gzip: boolean; readonly gzipLevel: number },
): Promise<void> {
  response.statusCode = 200;
  response.setHeader("Content-Type", contentTypeOf(options.format));
  response.setHeader("X-ClickHouse-Format", options.format);
  response.setHeader("X-ClickHouse-Summary", summaryOf(reply));
  if (!options.gzip) {
    response.end(reply.bytes);
    return;
  }
  response.setHeader("Content-Encoding", "gzip");
  const source = Readable.from([reply.bytes], { objectMode: true });
  await pipeline(source, createGzip({ level: options.gzipLevel }), response);
}
