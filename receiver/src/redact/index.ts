/**
 * The redaction stage: `DecodedSpan` in, `RedactedSpan` out. See README.md.
 */

export { RedactError } from "./errors.ts";
export { loadRedactionKey, REDACTION_KEY_VARIABLE } from "./key.ts";
export { createRedactor } from "./redactor.ts";
export { REDACTION_KINDS, type RedactionKind, type Redactor } from "./types.ts";
