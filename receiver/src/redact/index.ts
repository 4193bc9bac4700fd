/**
 * The redaction stage: `DecodedSpan` in, `RedactedSpan` out. See README.md.
 */

export { RedactError, type RedactErrorCode } from "./errors.ts";
export {
  loadRedactionKey,
  REDACTION_KEY_VARIABLE,
  type RedactionKeyOptions,
} from "./key.ts";
export { createRedactor } from "./redactor.ts";
export {
  REDACTION_KINDS,
  type RedactionKind,
  type Redactor,
  type RedactorOptions,
} from "./types.ts";
