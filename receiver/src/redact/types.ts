/**
 * The public types of the redaction stage. No code, no side effects.
 */

import type { FieldRedactor } from "../base/field-redactor.ts";
import type { DecodedSpan, NormalisedLog, RedactedLog, RedactedSpan } from "../base/records.ts";

/** What is recognised. The name stands in the token: `[email:…]`. */
export const REDACTION_KINDS = ["email", "phone", "card", "iban", "ssn", "secret"] as const;
export type RedactionKind = (typeof REDACTION_KINDS)[number];

export interface RedactorOptions {
  /** Key of the HMAC behind the tokens, at least 32 bytes; copied. */
  readonly key: Uint8Array;
  /**
   * Public name of the key, for policies and reports; it is not part of a token.
   *
   * @default a fingerprint of the key (16 letters), from which the key cannot be computed
   */
  readonly keyId?: string;
}

export interface Redactor {
  /** Public name of the key behind the tokens. */
  readonly keyId: string;
  /** Redact every place of a span. The only maker of a {@link RedactedSpan}. */
  span(span: DecodedSpan): RedactedSpan;
  /** Redact every place of a log record. The only maker of a {@link RedactedLog}. */
  log(log: NormalisedLog): RedactedLog;
  /** Redact field by field, with the same result as {@link span}. */
  fields(): FieldRedactor;
  /** Redact one text as an attribute value without a telling key would be. */
  text(text: string): string;
  /** The token of one value, normalised, so that one person joins across ways of writing. */
  token(kind: RedactionKind, value: string): string;
}
