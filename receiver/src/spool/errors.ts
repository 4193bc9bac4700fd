/** Errors of the spool. */
import { StageError } from "../base/errors.ts";

/**
 * - `SPOOL_FULL`: the spool has reached its configured size; ClickHouse is behind
 * - `SPOOL_DISK_FULL`: the disk has no room left
 * - `SPOOL_WRITE_FAILED`: the disk did not take the record
 * - `SPOOL_STOPPING`: the server stops
 * - `SPOOL_LOCKED`: another process uses the data directory
 * - `SPOOL_UNREADABLE`: a batch's file or a dead letter cannot be read
 * - `SPOOL_NOT_FOUND`: no such dead letter
 * - `SPOOL_NOT_REDRIVABLE`: a dead letter that holds no complete batch
 */
export type SpoolErrorCode =
  | "SPOOL_FULL"
  | "SPOOL_DISK_FULL"
  | "SPOOL_WRITE_FAILED"
  | "SPOOL_STOPPING"
  | "SPOOL_LOCKED"
  | "SPOOL_UNREADABLE"
  | "SPOOL_NOT_FOUND"
  | "SPOOL_NOT_REDRIVABLE";

/** How long a client should wait, in milliseconds, by what is wrong. Seconds do not fill a gap of minutes. */
const RETRY_AFTER_MS: Readonly<Partial<Record<SpoolErrorCode, number>>> = {
  SPOOL_FULL: 5_000,
  SPOOL_DISK_FULL: 5_000,
  SPOOL_WRITE_FAILED: 1_000,
  SPOOL_STOPPING: 1_000,
};

export class SpoolError extends StageError<SpoolErrorCode> {
  /** Set on retryable errors. */
  readonly retryAfterMs: number | undefined;

  constructor(code: SpoolErrorCode, message: string, cause?: unknown) {
    super(code, message, { retryable: RETRY_AFTER_MS[code] !== undefined, cause });
    this.retryAfterMs = RETRY_AFTER_MS[code];
  }
}

/** The `code` of an error of the operating system, for example `ENOSPC`. */
function osCode(error: unknown): string | undefined {
  const code: unknown = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : undefined;
}

/** What a failed write means for the sender. */
export function writeError(cause: unknown): SpoolError {
  const code = osCode(cause);
  return code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG"
    ? new SpoolError("SPOOL_DISK_FULL", "no room left on the disk of the spool", cause)
    : new SpoolError("SPOOL_WRITE_FAILED", `the spool could not be written (${code})`, cause);
}
