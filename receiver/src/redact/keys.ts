/**
 * What a key says about its value.
 *
 * In: an attribute key, a JSON key, the word before a `=` or `:`. Out: its class. A key is split
 * into segments at everything that is no letter or digit, and at camel case (`APIKey` is `api`,
 * `key`; `accessToken2` is `access`, `token`). Side effect: a bounded cache of keys seen.
 */

import { detached, isDigit, isLetter } from "./chars.ts";
import * as words from "./key-words.ts";
import { withoutTokens } from "./token.ts";

/**
 * `secret`: everything under it goes. `token`: the same, but numbers and booleans stay.
 * `header`: as `token`, in free text to the end of the line. `numbered`: one word alone may look
 * like a telephone number and is none. The others: the value is of that kind.
 */
export type KeyClass =
  | "none"
  | "secret"
  | "token"
  | "header"
  | "email"
  | "phone"
  | "card"
  | "iban"
  | "ssn"
  | "numbered";

/** Keys remembered; telemetry repeats a few hundred, hostile data must not fill the memory. */
const CACHE_KEYS_MAX = 8_192;

/** Longest key that is classified whole, in characters; of longer ones the end counts. */
const KEY_SIZE_MAX = 256;

const cache = new Map<string, KeyClass>();

/** The class of a key, whatever its spelling. */
export function classifyKey(key: string): KeyClass {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const short = key.length > KEY_SIZE_MAX ? key.slice(-KEY_SIZE_MAX) : key;
  const keyClass = classify(withoutTokens(short));
  if (key.length <= KEY_SIZE_MAX) {
    if (cache.size >= CACHE_KEYS_MAX) cache.clear();
    cache.set(detached(key), keyClass);
  }
  return keyClass;
}

/** Whether everything under a key of this class is a secret. */
export function isSecretClass(keyClass: KeyClass | "query"): boolean {
  return keyClass === "secret" || keyClass === "token" || keyClass === "header";
}

function classify(key: string): KeyClass {
  if (words.ALLOWED_KEYS.has(key.toLowerCase())) return "none";
  const segments = splitKey(key);
  for (let i = 0; i < segments.length; i++) {
    const found = classifySegment(segments, i);
    if (found !== "none") return found;
  }
  return classifyHead(segments);
}

/** Lower-case segments of a key, without those that are numbers. */
export function splitKey(key: string): string[] {
  const segments: string[] = [];
  let start = 0;
  for (let i = 0; i <= key.length; i++) {
    const c = i < key.length ? key.charCodeAt(i) : 0;
    const inWord = isLetter(c) || isDigit(c) || c >= 128;
    if (inWord && (i === start || !startsSegment(key, i))) continue;
    if (i > start) pushSegment(segments, key.slice(start, i));
    start = inWord ? i : i + 1;
  }
  return segments;
}

function pushSegment(segments: string[], segment: string): void {
  if (!isDigit(segment.charCodeAt(0))) segments.push(segment.toLowerCase());
}

function isUpper(c: number): boolean {
  return c >= 65 && c <= 90;
}

function isLower(c: number): boolean {
  return c >= 97 && c <= 122;
}

function startsSegment(key: string, i: number): boolean {
  const before = key.charCodeAt(i - 1);
  const c = key.charCodeAt(i);
  if (isDigit(c) !== isDigit(before)) return true;
  if (!isUpper(c)) return false;
  return isLower(before) || (isUpper(before) && isLower(key.charCodeAt(i + 1)));
}

function classifySegment(segments: readonly string[], i: number): KeyClass {
  const word = segments[i] as string;
  const before = segments[i - 1] ?? "";
  const after = segments[i + 1] ?? "";
  if (words.ABOUT.has(after) || words.ASKING.has(before)) return "none";
  if (word === "token") return classifyToken(segments, i);
  if (word === "tokens") return words.CREDENTIAL_TOKENS.has(before) ? "token" : "none";
  if (words.PASSWORD_WORDS.has(word)) return classifyPassword(word, before);
  if (words.TOKEN_WORDS.has(word)) return after === "id" ? "none" : "token";
  if (words.HEADER_WORDS.has(word)) return after === "id" || after === "code" ? "none" : "header";
  if ((word === "key" || word === "keys") && words.SECRET_KEYS.has(before)) {
    return after === "id" && before !== "access" ? "none" : "token";
  }
  if ((word === "code" || word === "codes") && words.SECRET_CODES.has(before)) return "secret";
  if (word === "pass" && (segments.length === 1 || words.PASS_OWNERS.has(before))) return "secret";
  if (words.SECRET_PAIRS.has(`${before} ${word}`)) return "token";
  return words.GLUED_ENDINGS.some((ending) => word.endsWith(ending)) ? "secret" : "none";
}

function classifyToken(segments: readonly string[], i: number): KeyClass {
  const before = segments[i - 1] ?? "";
  if (words.HARMLESS_TOKENS.has(before) || segments[i + 1] === "id") return "none";
  return "token";
}

function classifyPassword(word: string, before: string): KeyClass {
  // A pin of a chip is no secret.
  if (word === "pin" && (before === "gpio" || before === "board")) return "none";
  return "secret";
}

/** Personal data: the last word of the key counts, `phone_verified_at` is a time. */
function classifyHead(segments: readonly string[]): KeyClass {
  let end = segments.length;
  while (end > 1 && words.VALUE_WORDS.has(segments[end - 1] as string)) end--;
  const head = segments[end - 1] ?? "";
  const before = segments[end - 2] ?? "";
  const next = segments[end] ?? "";
  if (words.EMAIL_WORDS.has(head)) return "email";
  if (words.IBAN_WORDS.has(head)) return "iban";
  if (words.SSN_WORDS.has(head) || (before === "social" && head === "security")) return "ssn";
  if (words.CARD_WORDS.has(head) || (head === "account" && before === "primary")) return "card";
  if (words.PHONE_WORDS.has(head)) return "phone";
  if (words.PHONE_OWNERS.has(head) && next === "number") return "phone";
  const thing = words.THING_NUMBERS.has(segments.at(-1) ?? "") ? segments.at(-2) : segments.at(-1);
  return thing !== undefined && words.NUMBERED_THINGS.has(thing) ? "numbered" : "none";
}
