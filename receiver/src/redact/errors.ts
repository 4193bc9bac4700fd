/**
 * The error class of the redaction stage. Messages never hold content or key material.
 */

import { StageError, type StageErrorOptions } from "../base/errors.ts";

/**
 * | code | means | retry |
 * |---|---|---|
 * | `REDACT_KEY_INVALID` | the key is not base64 or hex, or shorter than 32 bytes | no |
 * | `REDACT_KEY_UNREADABLE` | the key file cannot be read or written | after the fix |
 */
export type RedactErrorCode = "REDACT_KEY_INVALID" | "REDACT_KEY_UNREADABLE";

export class RedactError extends StageError<RedactErrorCode> {
  constructor(code: RedactErrorCode, message: string, options?: Partial<StageErrorOptions>) {
    super(code, message, { retryable: false, ...options });
  }
}
