/**
 * The marks of `suspects.ts` in TypeScript: what they mean, and the way where the fast one is not to be
 * had.
 *
 * In: the bytes of a request. Out: their bits, in a set that is empty before. Pure.
 */

import { isDigit, isHex, isLetter } from "./chars.ts";
import { ibanLength } from "./iban-countries.ts";
import { ESCAPES_MAX, TAILS } from "./key-before.ts";
import { DIGITS_MIN, GAP_SIZE_MAX, PREFIXES, prefixBit } from "./prefilter.ts";

export const PLAIN = 0;
export const DIGIT = 1;
export const AT = 2;
export const SIGN = 3;
export const PERCENT = 4;
export const BACKSLASH = 5;
export const HYPHEN = 6;
export const JOINT = 7;
const LETTER_A = 8;
const LETTER_B = 9;
export const LETTER_J = 10;
export const LETTER_K = 11;
export const LETTER_W = 12;
export const AMPERSAND = 13;
export const WIDE = 14;

/** The kind of each byte, which says what is to be looked at beside it. */
export const BYTE_KINDS: Uint8Array = classes();

function classes(): Uint8Array {
  const table = new Uint8Array(256);
  const signs: readonly (readonly [string, number])[] = [
    ["0123456789", DIGIT],
    ["@", AT],
    [":=", SIGN],
    ["%", PERCENT],
    ["\\", BACKSLASH],
    ["-", HYPHEN],
    ["_.", JOINT],
    ["A", LETTER_A],
    ["Bb", LETTER_B],
    ["J", LETTER_J],
    ["K", LETTER_K],
    ["wW", LETTER_W],
    ["&", AMPERSAND],
    // The first byte of U+FF20, the wide @.
    ["\u00ef", WIDE],
  ];
  for (const [characters, value] of signs) {
    for (const character of characters) table[character.charCodeAt(0)] = value;
  }
  return table;
}

/** Bits of one letter in a tail of three. */
const LETTER_BITS = 5;

/**
 * A table of tails for places whose text may start in between: where a tail begins with something
 * that is no letter, which a text's start is too, any byte may stand there.
 */
function withoutStart(tails: Uint8Array): Uint8Array {
  const out = Uint8Array.from(tails);
  for (const [tail, value] of tails.entries()) {
    if (value === 0) continue;
    const letters = 32 - Math.clz32(tail);
    const known = Math.ceil(letters / LETTER_BITS);
    const unknown = 1 << (LETTER_BITS * (3 - known));
    for (let more = 0; more < unknown; more += 1) {
      const longer = tail | (more << (LETTER_BITS * known));
      out[longer] = (out[longer] as number) | value;
    }
  }
  return out;
}

export const PREFIX_TAILS: Uint8Array = withoutStart(PREFIXES);
export const KEY_TAILS: Uint8Array = withoutStart(TAILS);

const BEARER: Buffer = Buffer.from("bearer");
const BASIC: Buffer = Buffer.from("basic");

/** Most bytes between two digits of one number: of UTF-8, a UTF-16 unit takes three at most. */
const GAP_SIZE_MAX_BYTES = GAP_SIZE_MAX * 3;

/** See the module comment; all of a request is one chunk. */
export function markPlainly(bytes: Uint8Array, set: Uint32Array): number {
  let digits = 0;
  let lastDigit = -GAP_SIZE_MAX_BYTES - 2;
  for (let at = 0; at < bytes.length; at += 1) {
    // First and most frequent: a letter that starts nothing.
    const kind = BYTE_KINDS[bytes[at] as number];
    if (kind === PLAIN) continue;
    let isSuspect: boolean;
    if (kind === DIGIT) {
      if (at - lastDigit !== 1 && !isGap(bytes, lastDigit, at)) digits = 0;
      digits += 1;
      lastDigit = at;
      isSuspect = digits >= DIGITS_MIN || mayStartIban(bytes, at);
    } else {
      isSuspect = look(bytes, at, kind as number);
    }
    if (isSuspect) set[at >>> 5] = (set[at >>> 5] as number) | (1 << (at & 31));
  }
  return bytes.length;
}

/** Whether only little, and no letters but those of percent escapes, stands between two digits. */
function isGap(bytes: Uint8Array, lastDigit: number, digit: number): boolean {
  if (digit - lastDigit > GAP_SIZE_MAX_BYTES + 1) return false;
  let units = 0;
  for (let at = lastDigit + 1; at < digit; at += 1) {
    const byte = bytes[at] as number;
    if (isLetter(byte) && bytes[at - 1] !== 37 && bytes[at - 2] !== 37) return false;
    // A continuation byte of UTF-8 adds no unit, but for the second one of a pair.
    if ((byte & 0xc0) !== 0x80) units += byte >= 0xf0 ? 2 : 1;
  }
  return units <= GAP_SIZE_MAX;
}

export function mayStartIban(bytes: Uint8Array, at: number): boolean {
  if (at < 2 || !isDigit(bytes[at + 1] as number)) return false;
  return ibanLength(bytes[at - 2] as number, bytes[at - 1] as number) > 0;
}

function look(bytes: Uint8Array, at: number, kind: number): boolean {
  const next = bytes[at + 1] as number;
  const before = bytes[at - 1] as number;
  switch (kind) {
    case AT:
      return true;
    case SIGN:
      // `://hooks.`; of all other addresses only those with an @ matter.
      if (next === 47 && bytes[at + 2] === 47 && bytes[at + 3] === 104) return true;
      return isAfterKey(bytes, at);
    case PERCENT:
      return next === 52 && bytes[at + 2] === 48;
    case AMPERSAND:
      return next === 35 && bytes[at + 2] === 54;
    case BACKSLASH:
      return next === 117 && bytes[at + 2] === 48 && bytes[at + 3] === 48;
    case HYPHEN:
      return (before === 45 && next === 66) || isPrefix(bytes, at);
    case JOINT:
      return isPrefix(bytes, at);
    case WIDE:
      return next === 0xbc && bytes[at + 2] === 0xa0;
    default:
      return lookAtLetter(bytes, at, kind);
  }
}

function isPrefix(bytes: Uint8Array, at: number): boolean {
  const signs = PREFIX_TAILS[tail(bytes, at)] as number;
  return (signs & prefixBit(bytes[at] as number)) !== 0;
}

function lookAtLetter(bytes: Uint8Array, at: number, kind: number): boolean {
  const before = bytes[at - 1] as number;
  const after = bytes[at + 1] as number;
  switch (kind) {
    case LETTER_A: // AKIA, ASIA, AIza, AGE-SECRET-KEY
      if (after === 75 || after === 83) return bytes[at + 2] === 73 && bytes[at + 3] === 65;
      if (after === 71) return bytes[at + 2] === 69 && bytes[at + 3] === 45;
      return after === 73 && bytes[at + 2] === 122;
    case LETTER_B: // Bearer, Basic
      if ((after | 32) === 101) return isWordAt(bytes, at, BEARER);
      return (after | 32) === 97 && isWordAt(bytes, at, BASIC);
    case LETTER_J: // eyJ
      return before === 121 && bytes[at - 2] === 101;
    case LETTER_K: // SK and 32 hex digits
      return before === 83 && isHex(after);
    default: // "password is …"
      return (before | 32) === 115 && ((bytes[at - 2] as number) | 32) === 115;
  }
}

/** Whether the word before a `:` or `=` ends like a telling key; as `keyBefore`, on bytes. */
function isAfterKey(bytes: Uint8Array, sign: number): boolean {
  let end = sign;
  while (end > sign - 3 && bytes[end - 1] === 32) end -= 1;
  if (bytes[end - 1] === 93 && isQuoteByte(bytes[end - 2])) end -= 1;
  if (isQuoteByte(bytes[end - 1])) {
    end -= 1;
    for (let n = 0; n < ESCAPES_MAX && bytes[end - 1] === 92; n += 1) end -= 1;
  }
  let letters = end;
  while (letters > end - 4 && isDigit(bytes[letters - 1] as number)) letters -= 1;
  return KEY_TAILS[tail(bytes, letters)] === 1;
}

function isQuoteByte(byte: number | undefined): boolean {
  return byte === 34 || byte === 39 || byte === 96;
}

/** Three letters before `end` as 15 bits; anything else than a letter counts as 0. */
export function tail(bytes: Uint8Array, end: number): number {
  const a = letterCode(bytes[end - 3]);
  const b = letterCode(bytes[end - 2]);
  return (a << (2 * LETTER_BITS)) | (b << LETTER_BITS) | letterCode(bytes[end - 1]);
}

export function letterCode(byte: number | undefined): number {
  return byte !== undefined && isLetter(byte) ? byte & 31 : 0;
}

/** Whether a word in lower case stands there in any case, and a value may follow it. */
function isWordAt(bytes: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let n = 0; n < word.length; n += 1) {
    if (((bytes[at + n] as number) | 32) !== word[n]) return false;
  }
  const after = bytes[at + word.length];
  return after === 32 || after === 9 || after === 43 || after === 92;
}
