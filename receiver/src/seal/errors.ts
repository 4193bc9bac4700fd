/** Errors of sealing. */
import { StageError } from "../base/errors.ts";

/** - `SEAL_HEADER_MALFORMED`: bytes that are no batch header; trying again does not help */
export type SealErrorCode = "SEAL_HEADER_MALFORMED";

export class SealError extends StageError<SealErrorCode> {}
