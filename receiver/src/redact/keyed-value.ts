/**
 * What a key of personal data makes of its value, and what is no value at all.
 *
 * In: a key class and a value. Out: the kind to redact it as, or undefined. Pure.
 */

import { isCardNumber } from "./detect-card.ts";
import type { KeyClass } from "./keys.ts";
import type { RedactionKind } from "./types.ts";

/** Fewest digits under a card key: the rest of a number whose end is masked is not one. */
const KEYED_CARD_DIGITS_MIN = 12;

/** Fewest digits under a social security key: the last four alone are shown everywhere. */
const KEYED_SSN_DIGITS_MIN = 7;

const PLACEHOLDER =
  /^(?:true|false|null|none|nil|undefined|n\/a|yes|no|redacted|masked|hidden|filtered|\[(?:redacted|filtered|masked|hidden)\]|<(?:redacted|secret|hidden|masked)>|[*•.#-]{1,64}|x{3,64})$/i;

/** Whether a value under a secret's key says nothing: empty, a flag, already masked. */
export function isPlaceholder(value: string): boolean {
  return value.length <= 64 && (value.trim() === "" || PLACEHOLDER.test(value.trim()));
}

/** The kind as which the whole value goes because of its key, whatever the detectors find. */
export function keyedKind(keyClass: KeyClass | "query", value: string): RedactionKind | undefined {
  if (value.length > 128) return undefined;
  switch (keyClass) {
    case "email":
      return /[^\s@]@[^\s@]/.test(value) && !/[\s<>]/.test(value) ? "email" : undefined;
    case "phone":
      return isPhoneShaped(value) ? "phone" : undefined;
    case "card":
      return isNumberShaped(value, KEYED_CARD_DIGITS_MIN, 19) ? "card" : undefined;
    case "ssn":
      return isNumberShaped(value, KEYED_SSN_DIGITS_MIN, 9) ? "ssn" : undefined;
    case "iban":
      return /^\s*[A-Za-z]{2}\d{2}[A-Za-z0-9 -]{9,40}$/.test(value) ? "iban" : undefined;
    default:
      return undefined;
  }
}

/** 5 to 15 digits, an extension, and nothing but the signs of telephone numbers. */
function isPhoneShaped(value: string): boolean {
  if (
    !/^(?:tel:|%2B)?[\d\s+().\-/\u2010-\u2015%]*(?:\s?(?:x|ext\.?|#)\s?\d{1,6})?\s*$/i.test(value)
  ) {
    return false;
  }
  const digits = value.replace(/(?:x|ext\.?|#).*$/i, "").replace(/\D/g, "").length;
  return digits >= 5 && digits <= 17 && !/^\d{4}-\d\d-\d\d$/.test(value);
}

function isNumberShaped(value: string, min: number, max: number): boolean {
  if (!/^[\d\s.\-/_]+$/.test(value)) return false;
  const digits = value.replace(/\D/g, "").length;
  return digits >= min && digits <= max;
}

/** The kind as which a number goes, by its key or because it is a card number. */
export function numberKind(keyClass: KeyClass, digits: string): RedactionKind | undefined {
  switch (keyClass) {
    case "secret":
      return "secret";
    case "phone":
    case "card":
    case "ssn":
      return keyedKind(keyClass, digits) ?? cardKind(digits);
    default:
      return cardKind(digits);
  }
}

function cardKind(digits: string): RedactionKind | undefined {
  return digits.length >= 13 && isCardNumber(digits) ? "card" : undefined;
}

/** A piece of text with its log-probability, as models return it under `token`. */
const LOGPROB = /\s*\\*,\s*\\*"(?:logprob|bytes)\\*"/y;

export function isLogprobAfter(text: string, place: number): boolean {
  LOGPROB.lastIndex = place;
  return LOGPROB.test(text);
}
