/**
 * Errors of the embedded engine as the receiver sees them.
 *
 * | code | meaning | retryable |
 * |---|---|---|
 * | `EMBEDDED_START_FAILED` | the engine did not start; the message holds its own words | no |
 * | `EMBEDDED_DATA_DIR_LOCKED` | another process has the data directory open | yes |
 * | `EMBEDDED_PORT_IN_USE` | the port is taken | yes |
 * | `EMBEDDED_START_TIMEOUT` | the engine was not ready in time | yes |
 * | `EMBEDDED_OPTIONS_INVALID` | an option is out of range | no |
 */
import { StageError } from "../../base/errors.ts";

export type EmbeddedErrorCode =
  | "EMBEDDED_START_FAILED"
  | "EMBEDDED_DATA_DIR_LOCKED"
  | "EMBEDDED_PORT_IN_USE"
  | "EMBEDDED_START_TIMEOUT"
  | "EMBEDDED_OPTIONS_INVALID";

/** An embedded engine that could not be started. */
export class EmbeddedError extends StageError<EmbeddedErrorCode> {}
