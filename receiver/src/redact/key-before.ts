/**
 * The key before a `:` or `=` of a text, without allocating where the word's last three letters
 * already say that it cannot be a telling one.
 *
 * In: a text and the place of the sign. Out: the class of the key and where it starts.
 * Side effect: the cache of `keys.ts`.
 */

import { isAlnum, isDigit, isQuote, tail3 } from "./chars.ts";
import * as words from "./key-words.ts";
import { classifyKey, type KeyClass } from "./keys.ts";

/** Longest key looked at in a text, in characters; of longer ones the end counts. */
const KEY_SIZE_MAX = 64;

/** Most escapes (`\\\"`) before a quote: JSON in JSON in JSON, three levels deep. */
export const ESCAPES_MAX = 15;

/** Query parameters of signed URLs and logins, which mean nothing elsewhere. */
const QUERY_KEYS: ReadonlySet<string> = new Set(
  "sig signature x-amz-signature x-amz-credential x-goog-signature hmac code key auth sid".split(
    " ",
  ),
);

export interface FoundKey {
  keyClass: KeyClass | "query";
  start: number;
  quoted: boolean;
}

/** Last three letters of every word that may end a telling key. */
export const TAILS: Uint8Array = tails();

function tails(): Uint8Array {
  const table = new Uint8Array(1 << 15);
  const ends = [
    ...words.PASSWORD_WORDS,
    ...words.TOKEN_WORDS,
    ...words.HEADER_WORDS,
    ...words.GLUED_ENDINGS,
    ...words.EMAIL_WORDS,
    ...words.PHONE_WORDS,
    ...words.CARD_WORDS,
    ...words.IBAN_WORDS,
    ...words.SSN_WORDS,
    ...QUERY_KEYS,
    ...[...words.SECRET_PAIRS].map((pair) => pair.slice(pair.indexOf(" ") + 1)),
    ...["token", "tokens", "key", "keys", "code", "codes", "pass", "security"],
    ...["hash", "value", "number", "num", "no", "address", "header"],
  ];
  for (const end of ends) table[tail3(` _${end}`, end.length + 2)] = 1;
  return table;
}

/** The telling key that ends before the sign at `sign`, or undefined. */
export function keyBefore(text: string, sign: number): FoundKey | undefined {
  let end = sign;
  while (end > 0 && end > sign - 3 && text.charCodeAt(end - 1) === 32) end--;
  if (end > 1 && text.charCodeAt(end - 1) === 93 && isQuote(text.charCodeAt(end - 2))) end--;
  let quoted = false;
  if (end > 0 && isQuote(text.charCodeAt(end - 1))) {
    quoted = true;
    end--;
    for (let n = 0; n < ESCAPES_MAX && text.charCodeAt(end - 1) === 92; n++) end--;
  }
  let letters = end;
  while (letters > end - 4 && isDigit(text.charCodeAt(letters - 1))) letters--;
  if (TAILS[tail3(text, letters)] !== 1) return undefined;
  const start = keyStart(text, end);
  if (start === end) return undefined;
  const key = text.slice(start, end);
  const before = start > 0 ? text.charCodeAt(start - 1) : 0;
  const keyClass = classifyKey(key);
  if (keyClass !== "none" && keyClass !== "numbered") return { keyClass, start, quoted };
  const inQuery = (before === 63 || before === 38) && QUERY_KEYS.has(key.toLowerCase());
  if (inQuery) return { keyClass: "query", start, quoted };
  return before === 32 ? twoWords(text, start, end, quoted) : undefined;
}

function isKeyChar(c: number): boolean {
  return isAlnum(c) || c === 95 || c === 45 || c === 46;
}

function keyStart(text: string, end: number): number {
  let start = end;
  const limit = Math.max(0, end - KEY_SIZE_MAX);
  while (start > limit && isKeyChar(text.charCodeAt(start - 1))) start--;
  // The n of `\n` in a text that was quoted is no part of the key.
  const c = text.charCodeAt(start);
  const escaped = start > 0 && start < end && text.charCodeAt(start - 1) === 92;
  return escaped && (c === 110 || c === 114 || c === 116) ? start + 1 : start;
}

/** `API key: …`, `verification code = …`. */
function twoWords(text: string, start: number, end: number, quoted: boolean): FoundKey | undefined {
  const first = keyStart(text, start - 1);
  if (first === start - 1) return undefined;
  const keyClass = classifyKey(text.slice(first, end));
  const telling = keyClass === "secret" || keyClass === "token" || keyClass === "card";
  return telling ? { keyClass, start: first, quoted } : undefined;
}
