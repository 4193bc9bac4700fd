/** What each error of ClickHouse means for a batch. */
import { ClickHouseError } from "@clickhouse/client";

/**
 * ClickHouse's codes for rows that it cannot read or will not hold, whatever its state. Everything
 * else may succeed later: a server that is down, full, busy or read-only, a password that changed,
 * a schema that is behind. Those would refuse every batch, so waiting is right and a dead letter
 * for each would not be.
 *
 * Source: ClickHouse, src/Common/ErrorCodes.cpp.
 */
export const NEVER_CODES: ReadonlyMap<string, string> = new Map([
  ["6", "CANNOT_PARSE_TEXT"],
  ["9", "SIZES_OF_COLUMNS_DOESNT_MATCH"],
  ["26", "CANNOT_PARSE_QUOTED_STRING"],
  ["27", "CANNOT_PARSE_INPUT_ASSERTION_FAILED"],
  ["32", "ATTEMPT_TO_READ_AFTER_EOF"],
  ["33", "CANNOT_READ_ALL_DATA"],
  ["38", "CANNOT_PARSE_DATE"],
  ["41", "CANNOT_PARSE_DATETIME"],
  ["53", "TYPE_MISMATCH"],
  ["69", "ARGUMENT_OUT_OF_BOUND"],
  ["70", "CANNOT_CONVERT_TYPE"],
  ["72", "CANNOT_PARSE_NUMBER"],
  ["117", "INCORRECT_DATA"],
  ["128", "TOO_LARGE_ARRAY_SIZE"],
  ["130", "CANNOT_READ_ARRAY_FROM_TEXT"],
  ["131", "TOO_LARGE_STRING_SIZE"],
  ["190", "SIZES_OF_ARRAYS_DONT_MATCH"],
  ["321", "VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE"],
  ["349", "CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN"],
  ["469", "VIOLATED_CONSTRAINT"],
]);

/** What went wrong with an INSERT. */
export interface InsertFailure {
  /** ClickHouse's code, or that of the connection. */
  readonly code: string;
  readonly type: string;
  /** Whether the rows themselves were refused. */
  readonly isFinal: boolean;
}

/** A failure that was judged in another thread. */
export class JudgedError extends Error {
  readonly failure: InsertFailure;

  constructor(failure: InsertFailure) {
    super(`${failure.type} (${failure.code})`);
    this.name = "JudgedError";
    this.failure = failure;
  }
}

/** Judge an error; its message, which may quote rows, stays where it is. */
export function judge(error: unknown): InsertFailure {
  if (error instanceof JudgedError) return error.failure;
  if (error instanceof ClickHouseError) {
    return {
      code: error.code,
      type: error.type ?? "UNKNOWN",
      isFinal: NEVER_CODES.has(error.code),
    };
  }
  const code: unknown = (error as { code?: unknown } | null)?.code;
  return {
    code: typeof code === "string" ? code : "CONNECTION",
    type: error instanceof Error ? error.name : "UNKNOWN",
    isFinal: false,
  };
}
