/**
 * Errors of the API and the status that each code becomes.
 *
 * | code | status |
 * |---|---|
 * | QUERY_PARAMETER_UNKNOWN, _MISSING, _INVALID, RUN_AMBIGUOUS, QUERY_RESULT_TOO_LARGE | 400 |
 * | HOST_REFUSED | 403 |
 * | QUERY_UNKNOWN, RUN_UNKNOWN, PATH_UNKNOWN, BATCH_UNKNOWN | 404 |
 * | METHOD_NOT_ALLOWED | 405 |
 * | CONTENT_TYPE_REFUSED | 415 |
 * | QUERY_FAILED, INTERNAL | 500 |
 * | STORE_UNAVAILABLE, QUERY_TIMEOUT, FLUSH_TIMEOUT | 503 |
 */
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { StageError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { QueryError, type QueryErrorCode } from "../query/errors.ts";

export type ApiErrorCode =
  | "BATCH_UNKNOWN"
  | "CONTENT_TYPE_REFUSED"
  | "FLUSH_TIMEOUT"
  | "HOST_REFUSED"
  | "METHOD_NOT_ALLOWED"
  | "PATH_UNKNOWN"
  | "INTERNAL";

/** A request that the API itself refuses. */
export class ApiError extends StageError<ApiErrorCode> {
  constructor(code: ApiErrorCode, message: string, cause?: unknown) {
    super(code, message, { retryable: false, cause });
  }
}

const STATUS: Readonly<Record<ApiErrorCode | QueryErrorCode, ContentfulStatusCode>> = {
  QUERY_PARAMETER_UNKNOWN: 400,
  QUERY_PARAMETER_MISSING: 400,
  QUERY_PARAMETER_INVALID: 400,
  QUERY_RESULT_TOO_LARGE: 400,
  RUN_AMBIGUOUS: 400,
  HOST_REFUSED: 403,
  QUERY_UNKNOWN: 404,
  RUN_UNKNOWN: 404,
  PATH_UNKNOWN: 404,
  BATCH_UNKNOWN: 404,
  METHOD_NOT_ALLOWED: 405,
  CONTENT_TYPE_REFUSED: 415,
  FLUSH_TIMEOUT: 503,
  QUERY_FAILED: 500,
  INTERNAL: 500,
  // Whoever asked has gone, so nobody sees the status.
  QUERY_ABORTED: 503,
  QUERY_TIMEOUT: 503,
  STORE_UNAVAILABLE: 503,
};

/** Seconds after which a request that met an unavailable store may be tried again. */
const RETRY_AFTER_S = 5;

/** Turn an error into an answer; what is not an error of ours becomes one without details. */
export function answerError(c: Context, error: unknown, log: Log | undefined): Response {
  const known =
    error instanceof QueryError || error instanceof ApiError
      ? error
      : new ApiError("INTERNAL", "the request failed; the server's log says more", error);
  const status = STATUS[known.code];
  if (status === 503) c.header("Retry-After", String(RETRY_AFTER_S));
  if (status >= 500 && known.code !== "QUERY_ABORTED") {
    const cause = known.cause instanceof Error ? known.cause.name : undefined;
    log?.warn({ code: known.code, reason: known.message, cause }, "a request to the API failed");
  }
  return c.json({ error: { code: known.code, message: known.message } }, status);
}
