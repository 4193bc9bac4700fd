/**
 * Errors of the read side.
 *
 * Messages name parameters, queries and run ids; never a stored value.
 */
import { StageError } from "../base/errors.ts";

/** Stable codes; the API maps them to statuses, the CLI to exit codes. */
export type QueryErrorCode =
  | "QUERY_UNKNOWN"
  | "QUERY_PARAMETER_UNKNOWN"
  | "QUERY_PARAMETER_MISSING"
  | "QUERY_PARAMETER_INVALID"
  | "QUERY_RESULT_TOO_LARGE"
  | "QUERY_TIMEOUT"
  | "QUERY_FAILED"
  | "QUERY_ABORTED"
  | "RUN_UNKNOWN"
  | "RUN_AMBIGUOUS"
  | "STORE_UNAVAILABLE";

const RETRYABLE: ReadonlySet<QueryErrorCode> = new Set(["QUERY_TIMEOUT", "STORE_UNAVAILABLE"]);

/** A query that cannot be answered. */
export class QueryError extends StageError<QueryErrorCode> {
  constructor(code: QueryErrorCode, message: string, cause?: unknown) {
    super(code, message, { retryable: RETRYABLE.has(code), cause });
  }
}
