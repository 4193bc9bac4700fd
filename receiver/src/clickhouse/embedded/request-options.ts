/**
 * What a request asks for beside its query: the URL parameters and headers of ClickHouse's HTTP
 * interface.
 *
 * In: headers, URL parameters, role and method. Out: {@link RequestOptions}, or an exception.
 * Every parameter without a meaning here is a setting, as in ClickHouse. Pure.
 */
import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Role } from "./credentials.ts";
import { CODES, Exception, exception } from "./exceptions.ts";
import {
  ID_MAX_CHARACTERS,
  QUERY_SIZE_DEFAULT_BYTES,
  QUERY_SIZE_MAX_BYTES,
  READER_EXECUTION_TIME_S,
  SESSION_TIMEOUT_DEFAULT_S,
  SESSION_TIMEOUT_MAX_S,
} from "./limits.ts";

type Setting = readonly [name: string, value: string];

export interface RequestOptions {
  readonly role: Role;
  readonly readonly: 0 | 1 | 2;
  readonly query: string;
  readonly queryId: string;
  readonly database?: string;
  readonly defaultFormat: string;
  readonly settings: readonly Setting[];
  readonly session?: {
    readonly id: string;
    readonly timeoutS: number;
    readonly mustExist: boolean;
  };
  /** Whether the client reads gzip and asked for it. */
  readonly gzipReply: boolean;
  readonly gzipLevel: number;
  /** `client_protocol_version`; 0 when the client sends none. */
  readonly protocolVersion: number;
  readonly querySizeMaxBytes: number;
}

/** Parameters that are no settings, or settings of the HTTP layer, which is here. */
const INTERFACE_PARAMETERS = new Set(
  (
    "query user password quota_key database default_format query_id session_id session_timeout " +
    "session_check close_session compress decompress client_protocol_version wait_end_of_query " +
    "buffer_size stacktrace role readonly enable_http_compression http_zlib_compression_level " +
    "send_progress_in_http_headers http_headers_progress_interval_ms http_wait_end_of_query " +
    "http_response_buffer_size http_write_exception_in_output_format add_http_cors_header " +
    "http_native_compression_disable_checksumming_on_decompress log_comment " +
    "cancel_http_readonly_queries_on_client_close " +
    // An insert is answered when its rows are committed, whatever it asks for.
    "async_insert wait_for_async_insert"
  ).split(" "),
);

/** What the read-only user may set: how long a query runs and what its answer looks like. */
const READER_SETTINGS =
  /^(?:max_execution_time|output_format_\w+|date_time_output_format|format_csv_delimiter|session_timezone|param_\w+)$/;

/** Whether the read-only user may change a setting. */
export function readerMaySet(name: string): boolean {
  return READER_SETTINGS.test(name);
}

/** The exception of somebody who may not change a setting. */
function settingIsReadonly(name: string): Exception {
  return exception("READONLY", `Cannot modify '${name}' setting in readonly mode`);
}

function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

const isOn = (value: string | null): boolean => value === "1" || value === "true";

function refuseOwnCompression(url: URLSearchParams): void {
  for (const name of ["compress", "decompress"]) {
    if (!isOn(url.get(name))) continue;
    throw exception(
      "NOT_IMPLEMENTED",
      `The parameter '${name}=1' (ClickHouse's own LZ4 framing) is not supported by the embedded ` +
        "engine; set the client's compression to gzip or none",
    );
  }
}

function readSession(url: URLSearchParams): RequestOptions["session"] {
  const id = url.get("session_id");
  if (id === null || id === "") return undefined;
  if (id.length > ID_MAX_CHARACTERS) {
    throw exception("BAD_ARGUMENTS", `session_id is longer than ${ID_MAX_CHARACTERS} characters`);
  }
  const given = url.get("session_timeout");
  const timeoutS = given === null ? SESSION_TIMEOUT_DEFAULT_S : Number(given);
  if (!Number.isInteger(timeoutS) || timeoutS < 0 || timeoutS > SESSION_TIMEOUT_MAX_S) {
    throw exception(
      "INVALID_SESSION_TIMEOUT",
      `Invalid session timeout, it must be 0 to ${SESSION_TIMEOUT_MAX_S} seconds`,
    );
  }
  return { id, timeoutS, mustExist: url.get("session_check") === "1" };
}

function readReadonly(url: URLSearchParams, role: Role, method: string): 0 | 1 | 2 {
  const given = url.get("readonly");
  if (given !== null && !["0", "1", "2"].includes(given)) {
    throw exception("BAD_ARGUMENTS", "The setting readonly must be 0, 1 or 2");
  }
  if (role === "reader") {
    if (given !== null && given !== "1") throw settingIsReadonly("readonly");
    return 1;
  }
  const asked = given === "1" || given === "2" ? (Number(given) as 1 | 2) : 0;
  // A GET must not change anything; it may have settings.
  return asked === 0 && method !== "POST" ? 2 : asked;
}

function readSettings(url: URLSearchParams, role: Role): Setting[] {
  const settings: Setting[] = [];
  if (role === "reader") settings.push(["max_execution_time", String(READER_EXECUTION_TIME_S)]);
  for (const [name, value] of url) {
    if (INTERFACE_PARAMETERS.has(name)) continue;
    if (role === "reader" && !readerMaySet(name)) throw settingIsReadonly(name);
    settings.push([name, value]);
  }
  return settings;
}

function querySizeMax(url: URLSearchParams): number {
  const asked = Number(url.get("max_query_size") ?? QUERY_SIZE_DEFAULT_BYTES);
  if (!Number.isSafeInteger(asked) || asked <= 0) return QUERY_SIZE_DEFAULT_BYTES;
  return Math.min(asked, QUERY_SIZE_MAX_BYTES);
}

/** A query id that can be a header value, or a new one. */
export function readQueryId(url: URLSearchParams): string {
  const given = url.get("query_id");
  if (given === null || given === "") return randomUUID();
  if (/^[\x20-\x7e]+$/.test(given) && given.length <= ID_MAX_CHARACTERS) return given;
  throw exception(
    "BAD_ARGUMENTS",
    `query_id must be 1 to ${ID_MAX_CHARACTERS} printable ASCII characters`,
  );
}

/** Read the options of a request whose sender is known. */
export function readOptions(
  request: { readonly headers: IncomingHttpHeaders; readonly method: string },
  url: URLSearchParams,
  role: Role,
  queryId: string,
): RequestOptions {
  refuseOwnCompression(url);
  if (url.has("role")) {
    throw new Exception(CODES.UNKNOWN_ROLE, "UNKNOWN_ROLE", "The embedded engine has no roles");
  }
  const database = url.get("database") ?? headerOf(request.headers, "x-clickhouse-database");
  const session = readSession(url);
  const level = Number(url.get("http_zlib_compression_level") ?? 3);
  const accepts = /\bgzip\b/i.test(headerOf(request.headers, "accept-encoding") ?? "");
  return {
    role,
    readonly: readReadonly(url, role, request.method),
    query: url.get("query") ?? "",
    queryId,
    ...(database === undefined || database === "" ? {} : { database }),
    defaultFormat:
      url.get("default_format") ??
      headerOf(request.headers, "x-clickhouse-format") ??
      "TabSeparated",
    settings: readSettings(url, role),
    ...(session === undefined ? {} : { session }),
    gzipReply: accepts && isOn(url.get("enable_http_compression")),
    gzipLevel: level >= 1 && level <= 9 ? Math.trunc(level) : 3,
    protocolVersion: Number(url.get("client_protocol_version") ?? 0) || 0,
    querySizeMaxBytes: querySizeMax(url),
  };
}
