/**
 * The one cheap look at every string: which detectors may find something in it?
 *
 * In: a text, or a range of it. Out: its suspicious places, none on the fast path that nearly all
 * telemetry takes. One pass, no allocation unless a place is suspicious or a telling key stands
 * before a `:` or `=`. It may say too much, never too little: each detector's tests run through it.
 * Pure but for the cache of `keys.ts`.
 */

import { isDigit, isHex, isLetter, isPercentEscape, startsWord, tail3 } from "./chars.ts";
import { ibanLength } from "./iban-countries.ts";
import { keyBefore } from "./key-before.ts";
import { NO_PLACES, Places } from "./places.ts";
import { isTokenColon, TOKEN_END } from "./token.ts";

export const MAY_EMAIL = 1;
export const MAY_DIGITS = 2;
export const MAY_IBAN = 4;
export const MAY_SECRET = 8;
export const MAY_ASSIGN = 16;
export const MAY_URL = 32;
/** An ASCII character is written as `\u00xx`: it may hide any other sign. */
export const MAY_ESCAPE = 64;

/** Fewest digits, separators between them allowed, that can be a telephone number. */
export const DIGITS_MIN = 6;

/**
 * Most UTF-16 units between two digits of one number, with room to spare: of three separators the
 * outer ones may be percent escapes, whose digits count as digits (`%2D %A0`, `D`, space, `%A`).
 */
export const GAP_SIZE_MAX = 5;

const PLAIN = 0;
const DIGIT = 1;
const AT = 2;
const SIGN = 3;
const PERCENT = 4;
const BACKSLASH = 5;
const UNDERSCORE = 6;
const HYPHEN = 7;
const DOT = 8;
const LETTER_A = 9;
const LETTER_B = 10;
const LETTER_J = 11;
const LETTER_K = 12;
const LETTER_W = 13;
const AMPERSAND = 14;

const CLASSES: Uint8Array = classes();

function classes(): Uint8Array {
  const table = new Uint8Array(128);
  for (let c = 48; c <= 57; c++) table[c] = DIGIT;
  const signs: readonly (readonly [string, number])[] = [
    ["@", AT],
    [":=", SIGN],
    ["%", PERCENT],
    ["\\", BACKSLASH],
    ["_", UNDERSCORE],
    ["-", HYPHEN],
    [".", DOT],
    ["A", LETTER_A],
    ["Bb", LETTER_B],
    ["J", LETTER_J],
    ["K", LETTER_K],
    ["wW", LETTER_W],
    ["&", AMPERSAND],
  ];
  for (const [characters, value] of signs) {
    for (const character of characters) table[character.charCodeAt(0)] = value;
  }
  return table;
}

/** Set in {@link PREFIXES} where the first of the 3 letters may be one of a word, as in `task-`. */
export const MAY_BE_WITHIN = 8;

/**
 * What stands before the `_`, `-` or `.` of a known secret's prefix, by its last 3 letters: a bit for
 * each of the three signs (`prefixBit`). Of the prefixes in `detect-secret.ts`.
 */
export const PREFIXES: Uint8Array = prefixes();

/** The bit in {@link PREFIXES} of the sign with this code, 0 for another one. */
export function prefixBit(sign: number): number {
  if (sign === 95) return 1;
  if (sign === 45) return 2;
  return sign === 46 ? 4 : 0;
}

function prefixes(): Uint8Array {
  const table = new Uint8Array(1 << 15);
  const ends: readonly (readonly [string, string])[] = [
    ["_", "ghp gho ghu ghs ghr pat shpat npm sec gsk"],
    ["-", "pat ypi plx vly spx api app xoxa xoxb xoxe xoxo xoxp xoxr xoxs"],
    [".", "hvs"],
  ];
  for (const [sign, words] of ends) {
    for (const word of words.split(" ")) add(table, word, sign);
  }
  // Two letters at the start of a word, also after the escapes \n, \r, \t and %XX.
  for (const start of " nrtabcdef") {
    const more = start === " " ? 0 : MAY_BE_WITHIN;
    for (const two of ["sk_", "rk_", "hf_", "sk-", "SG."]) {
      add(table, start + two.slice(0, 2), two.charAt(2), more);
    }
  }
  return table;
}

function add(table: Uint8Array, word: string, sign: string, more = 0): void {
  const tail = tail3(word, word.length);
  table[tail] = (table[tail] as number) | prefixBit(sign.charCodeAt(0)) | more;
}

/** The suspicious places of a text. */
export function prefilter(text: string): Places {
  return prefilterRange(undefined, text, 0, text.length) ?? NO_PLACES;
}

/**
 * Look at a range of a text, whose surroundings are read but not reported.
 *
 * @param known where the places are added; undefined for none yet
 * @returns the same, or a new one if it was needed
 */
export function prefilterRange(
  known: Places | undefined,
  text: string,
  from: number,
  to: number,
): Places | undefined {
  let places = known;
  let digits = 0;
  let lastDigit = -GAP_SIZE_MAX - 2;
  for (let i = from; i < to; i++) {
    const c = text.charCodeAt(i);
    // First and most frequent: a letter that starts nothing.
    const kind = c < 128 ? CLASSES[c] : c === 0xff20 ? AT : PLAIN;
    if (kind === PLAIN) continue;
    let mask = 0;
    if (kind === DIGIT) {
      const isFirst = i - lastDigit !== 1;
      if (isFirst) {
        if (!isGap(text, lastDigit, i)) digits = 0;
        if (mayStartIban(text, i)) mask = MAY_IBAN;
      }
      lastDigit = i;
      if (++digits === DIGITS_MIN && isDateAt(text, i - 6)) {
        // Dates are in most spans: they are no reason to leave the fast path, but where more digits
        // follow that may belong to them, the next one is.
        i += 3;
        lastDigit = i;
        digits = DIGITS_MIN - 1;
      } else if (digits === DIGITS_MIN || (digits > DIGITS_MIN && isFirst)) {
        // Digits side by side are one place.
        mask |= MAY_DIGITS;
      }
      if (mask === 0) continue;
    } else {
      // Frequent letters that seldom start "Bearer" or end "passw".
      if (kind === LETTER_B && !startsBearer(text, i)) continue;
      if (kind === LETTER_W && (text.charCodeAt(i - 1) | 32) !== 115) continue;
      if (kind === BACKSLASH && text.charCodeAt(i + 1) !== 117) continue;
      mask = look(text, i, kind as number);
      if (mask === 0) continue;
    }
    places ??= new Places();
    places.add(i, mask);
  }
  return places;
}

/** `be` or `ba`. */
function startsBearer(text: string, i: number): boolean {
  const next = text.charCodeAt(i + 1) | 32;
  return next === 101 || next === 97;
}

/** Whether only separators of numbers, and few, stand between two digits. */
function isGap(text: string, lastDigit: number, digit: number): boolean {
  if (digit - lastDigit > GAP_SIZE_MAX + 1) return false;
  for (let i = lastDigit + 1; i < digit; i++) {
    const c = text.charCodeAt(i);
    // Space ( ) + - . / and the percent escapes and wide characters that mean them.
    const isSeparator = c === 32 || (c >= 40 && c <= 47 && c !== 44 && c !== 42) || c >= 128;
    if (!isSeparator && !isInPercentEscape(text, i)) return false;
  }
  return true;
}

function isInPercentEscape(text: string, i: number): boolean {
  return isPercentEscape(text, i) || isPercentEscape(text, i - 1) || isPercentEscape(text, i - 2);
}

/** Whether an ISO 8601 date and no further digit stands at `i`: `2024-07-18`. */
function isDateAt(text: string, i: number): boolean {
  const century = text.charCodeAt(i);
  return (
    text.charCodeAt(i + 4) === 45 &&
    text.charCodeAt(i + 7) === 45 &&
    (century === 49 || century === 50) &&
    text.charCodeAt(i + 5) <= 49 &&
    isDigit(text.charCodeAt(i + 9)) &&
    !isDigit(text.charCodeAt(i + 10)) &&
    !isDigit(text.charCodeAt(i - 1))
  );
}

function mayStartIban(text: string, i: number): boolean {
  if (!isDigit(text.charCodeAt(i + 1)) || !isLetter(text.charCodeAt(i - 1))) return false;
  if (ibanLength(text.charCodeAt(i - 2), text.charCodeAt(i - 1)) === 0) return false;
  return i >= 2 && startsWord(text, i - 2);
}

function look(text: string, i: number, kind: number): number {
  switch (kind) {
    case AT:
      // It may end the user part of a URL.
      return MAY_EMAIL | MAY_URL;
    case SIGN:
      return lookAtSign(text, i);
    case PERCENT:
      return text.charCodeAt(i + 1) === 52 && text.charCodeAt(i + 2) === 48 ? MAY_EMAIL : 0;
    case AMPERSAND:
      return text.startsWith("&#64;", i) ? MAY_EMAIL : 0;
    case BACKSLASH:
      return isAsciiEscape(text, i) ? MAY_ESCAPE : 0;
    case HYPHEN:
      if (text.charCodeAt(i - 1) === 45 && text.startsWith("BEGIN", i + 1)) return MAY_SECRET;
      return isPrefix(text, i) ? MAY_SECRET : 0;
    case UNDERSCORE:
    case DOT:
      return isPrefix(text, i) ? MAY_SECRET : 0;
    default:
      return lookAtLetter(text, i, kind);
  }
}

function isPrefix(text: string, i: number): boolean {
  const bits = PREFIXES[tail3(text, i)] as number;
  if ((bits & prefixBit(text.charCodeAt(i))) === 0) return false;
  return (bits & MAY_BE_WITHIN) === 0 || startsWord(text, i - 2);
}

function lookAtSign(text: string, i: number): number {
  if (text.charCodeAt(i) === 58 && text.startsWith("//", i + 1)) {
    return text.startsWith("hooks.", i + 3) ? MAY_SECRET : 0;
  }
  // Cheap first: a redacted text is looked at again around its tokens.
  if (text.charCodeAt(i + TOKEN_END) === 93 && isTokenColon(text, i)) return 0;
  return keyBefore(text, i) === undefined ? 0 : MAY_ASSIGN;
}

function isAsciiEscape(text: string, i: number): boolean {
  return text.startsWith("u00", i + 1) && text.charCodeAt(i + 4) < 56;
}

function lookAtLetter(text: string, i: number, kind: number): number {
  const before = text.charCodeAt(i - 1);
  const after = text.charCodeAt(i + 1);
  switch (kind) {
    case LETTER_A: // AKIA, ASIA, AIza, AGE-SECRET-KEY
      if (after === 75 || after === 83) return text.startsWith("IA", i + 2) ? MAY_SECRET : 0;
      if (after === 71) return text.startsWith("GE-SECRET", i + 1) ? MAY_SECRET : 0;
      return after === 73 && text.charCodeAt(i + 2) === 122 ? MAY_SECRET : 0;
    case LETTER_B: // Bearer, Basic
      if ((after | 32) === 101) return isWordAt(text, i, "bearer") ? MAY_SECRET : 0;
      return (after | 32) === 97 && isWordAt(text, i, "basic") ? MAY_SECRET : 0;
    case LETTER_J: // eyJ
      return before === 121 && text.charCodeAt(i - 2) === 101 ? MAY_SECRET : 0;
    case LETTER_K: // SK and 32 hex digits
      return before === 83 && isHex(after) && isHex(text.charCodeAt(i + 6)) ? MAY_SECRET : 0;
    default: // "password is …"
      return (before | 32) === 115 && (text.charCodeAt(i - 2) | 32) === 115 ? MAY_ASSIGN : 0;
  }
}

/** Whether a word in lower case stands at `i` in any case, and a value may follow it: also `\\t`. */
function isWordAt(text: string, i: number, word: string): boolean {
  for (let n = 0; n < word.length; n++) {
    if ((text.charCodeAt(i + n) | 32) !== word.charCodeAt(n)) return false;
  }
  const after = text.charCodeAt(i + word.length);
  return after === 32 || after === 9 || after === 43 || after === 92;
}
