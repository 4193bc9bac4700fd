/**
 * Reading rows from ClickHouse.
 *
 * In: SQL over audit views, values to bind. Out: rows, or a typed error without content.
 * Side effect: one read, sent as read-only, with bounds on its time and size.
 */
import { type ClickHouseClient, ClickHouseError } from "@clickhouse/client";
import { QueryError } from "./errors.ts";
import type { QueryRow } from "./types.ts";

/** Longest time that one query may take in ClickHouse, in seconds; people wait in front of it. */
const QUERY_TIME_MAX_S = 30;

/** Largest answer, in bytes (64 MiB): it is held in memory here and in whoever asked. */
const RESULT_SIZE_MAX_BYTES = 67_108_864;

/** Codes of ClickHouse that mean too much time, too large a result, and too busy. */
const CLICKHOUSE_TIMEOUT_CODES: ReadonlySet<string> = new Set(["159", "160"]);
const CLICKHOUSE_TOO_LARGE_CODES: ReadonlySet<string> = new Set(["158", "307", "396", "241"]);
const CLICKHOUSE_BUSY_CODES: ReadonlySet<string> = new Set(["202"]);

/** What reading needs: all of it comes in. */
export interface QueryContext {
  readonly client: ClickHouseClient;
  readonly workspaceId: string;
  /** Turns personal data in a filter into the tokens under which it is stored. */
  readonly tokenise: (text: string) => string;
  /** Milliseconds since 1970; ages such as `1h` count from here. */
  readonly nowMs: number;
  /** Ends the query when whoever asked has gone. */
  readonly signal?: AbortSignal;
}

/**
 * Read rows.
 *
 * @param sql with `{workspace:String}`; reads audit views only
 * @throws {QueryError} `STORE_UNAVAILABLE`, `QUERY_TIMEOUT`, `QUERY_RESULT_TOO_LARGE`, `QUERY_FAILED`
 */
export async function select(
  sql: string,
  parameters: Readonly<Record<string, string | number>>,
  context: Pick<QueryContext, "client" | "workspaceId" | "signal">,
): Promise<readonly QueryRow[]> {
  try {
    const result = await context.client.query({
      query: sql,
      format: "JSONEachRow",
      query_params: { ...parameters, workspace: context.workspaceId },
      clickhouse_settings: {
        readonly: "2",
        max_execution_time: QUERY_TIME_MAX_S,
        max_result_bytes: String(RESULT_SIZE_MAX_BYTES),
        result_overflow_mode: "throw",
        date_time_output_format: "iso",
        output_format_json_quote_64bit_integers: 0,
      },
      ...(context.signal === undefined ? {} : { abort_signal: context.signal }),
    });
    return await result.json<QueryRow>();
  } catch (error) {
    throw translate(error, context.signal);
  }
}

/** ClickHouse's own message may quote a parameter, so it stays in the cause. */
function translate(error: unknown, signal: AbortSignal | undefined): QueryError {
  if (signal?.aborted === true) {
    return new QueryError("QUERY_ABORTED", "whoever asked has gone", error);
  }
  if (!(error instanceof ClickHouseError)) {
    return new QueryError("STORE_UNAVAILABLE", "ClickHouse does not answer", error);
  }
  if (CLICKHOUSE_TIMEOUT_CODES.has(error.code)) {
    const message = `the query took longer than ${QUERY_TIME_MAX_S} s; ask for a shorter time`;
    return new QueryError("QUERY_TIMEOUT", message, error);
  }
  if (CLICKHOUSE_TOO_LARGE_CODES.has(error.code)) {
    return new QueryError("QUERY_RESULT_TOO_LARGE", "the answer is too large; lower limit", error);
  }
  if (CLICKHOUSE_BUSY_CODES.has(error.code)) {
    return new QueryError("STORE_UNAVAILABLE", "ClickHouse is too busy", error);
  }
  const what = `ClickHouse refused the query (${error.type ?? "UNKNOWN"}, code ${error.code})`;
  return new QueryError("QUERY_FAILED", what, error);
}
