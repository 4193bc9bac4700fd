/**
 * The one error class of this stage.
 */
import { StageError } from "../base/errors.ts";

/**
 * Codes that OTLP's servers answer with 400 and INVALID_ARGUMENT; sending again does not help.
 *
 * - `OTLP_MALFORMED_PROTOBUF`, `OTLP_MALFORMED_JSON`: the body is no export request
 * - `OTLP_TOO_MANY_VALUES`: it is beyond a limit of `limits.ts`; smaller ones will do
 */
export type IngestErrorCode =
  | "OTLP_MALFORMED_PROTOBUF"
  | "OTLP_MALFORMED_JSON"
  | "OTLP_TOO_MANY_VALUES";

/** A request that is refused as a whole. The message names what is wrong, without content. */
export class IngestError extends StageError<IngestErrorCode> {
  constructor(code: IngestErrorCode, message: string, cause?: unknown) {
    super(code, message, { retryable: false, cause });
  }
}
