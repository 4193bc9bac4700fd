/**
 * Where in a request may something be that the detectors are after? One look at all of its bytes.
 *
 * In: the bytes of a request, whatever they mean. Out: a bit for each byte. A text in these bytes in
 * whose range no bit is set is one of which `prefilter.ts` says "nothing", so it is never even
 * decoded; about a text with a bit, `prefilter.ts` decides. It may say too much, never too little:
 * it does not know where a text starts, so what lies before a text may only add bits (tested against
 * the prefilter). Side effect: the set is the same memory for every request.
 */

import { isDigit, isHex, isLetter } from "./chars.ts";
import { COUNTRY_LENGTHS, ibanLength } from "./iban-countries.ts";
import { ESCAPES_MAX, TAILS } from "./key-before.ts";
import { NO_PLACES, Places } from "./places.ts";
import * as pre from "./prefilter.ts";
import { DIGITS_MIN, GAP_SIZE_MAX, PREFIXES, prefixBit } from "./prefilter.ts";
import { createFastMark, type Mark } from "./suspects-fast.ts";

const PLAIN = 0;
const DIGIT = 1;
const AT = 2;
const SIGN = 3;
const PERCENT = 4;
const BACKSLASH = 5;
const HYPHEN = 6;
const JOINT = 7;
const LETTER_A = 8;
const LETTER_B = 9;
const LETTER_J = 10;
const LETTER_K = 11;
const LETTER_W = 12;
const AMPERSAND = 13;
const WIDE = 14;

const CLASSES: Uint8Array = classes();

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

/** What the prefilter may say of a suspicious place, by class. */
const MASKS: Uint8Array = masks();

function masks(): Uint8Array {
  const table = new Uint8Array(16).fill(pre.MAY_SECRET);
  table[DIGIT] = pre.MAY_DIGITS;
  // An @ may end the user part of a URL.
  for (const kind of [AT, PERCENT, AMPERSAND, WIDE]) table[kind] = pre.MAY_EMAIL | pre.MAY_URL;
  table[SIGN] = pre.MAY_ASSIGN;
  table[BACKSLASH] = pre.MAY_ESCAPE;
  table[LETTER_W] = pre.MAY_ASSIGN;
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

const PREFIX_TAILS: Uint8Array = withoutStart(PREFIXES);
const KEY_TAILS: Uint8Array = withoutStart(TAILS);

const BEARER: Buffer = Buffer.from("bearer");
const BASIC: Buffer = Buffer.from("basic");

/** Most bytes between two digits of one number: of UTF-8, a UTF-16 unit takes three at most. */
const GAP_SIZE_MAX_BYTES = GAP_SIZE_MAX * 3;

let bits: Uint32Array = new Uint32Array(8_192);
let looked: Uint8Array = new Uint8Array(0);

function maskOf(bytes: Uint8Array, at: number): number {
  const kind = CLASSES[bytes[at] as number] as number;
  if (kind === DIGIT && mayStartIban(bytes, at)) return pre.MAY_DIGITS | pre.MAY_IBAN;
  // `://hooks.`
  const more = kind === SIGN && bytes[at + 1] === 47 ? pre.MAY_SECRET : 0;
  return (MASKS[kind] as number) | more;
}

/** Largest set kept from request to request, in words (1 MiB of bits: 8 MiB of request). */
const WORDS_KEPT_MAX = 262_144;

/** The fast way to set the bits, or undefined where the engine has none. */
export const markFast: Mark | undefined = createFastMark({
  keyTails: KEY_TAILS,
  prefixTails: PREFIX_TAILS,
  countries: COUNTRY_LENGTHS,
  letterCodes: Uint8Array.from({ length: 256 }, (_, byte) => letterCode(byte)),
  jointBits: Uint8Array.from({ length: 256 }, (_, byte) => prefixBit(byte)),
});

const mark: Mark = markFast ?? markPlainly;

/** See `FieldRedactor.suspects`. */
export function findSuspects(bytes: Uint8Array): Uint32Array {
  const words = (bytes.length >>> 5) + 1;
  if (words > bits.length || bits.length > WORDS_KEPT_MAX) bits = new Uint32Array(words);
  else bits.fill(0, 0, words);
  mark(bytes, bits);
  looked = bytes;
  return bits;
}

/** The prefilter's places, or more, for an ASCII text that stands in the bytes of the last look. */
export function suspectPlaces(start: number, end: number): Places {
  let places = NO_PLACES;
  let last = -1;
  for (let at = start; at < end; at += 1) {
    const word = (bits[at >>> 5] as number) >>> (at & 31);
    if (word === 0) {
      at |= 31;
      continue;
    }
    at += 31 - Math.clz32(word & -word);
    if (at >= end) break;
    const mask = maskOf(looked, at);
    // Digits side by side are one place.
    const isNext = mask === pre.MAY_DIGITS && at === last + 1 && isDigit(looked[last] as number);
    last = at;
    if (isNext) continue;
    if (places === NO_PLACES) places = new Places();
    places.add(at - start, mask);
  }
  return places;
}

/** The plain way to set the bits; where there is a fast one, for tests. */
export function markPlainly(bytes: Uint8Array, set: Uint32Array): void {
  let digits = 0;
  let lastDigit = -GAP_SIZE_MAX_BYTES - 2;
  for (let at = 0; at < bytes.length; at += 1) {
    // First and most frequent: a letter that starts nothing.
    const kind = CLASSES[bytes[at] as number];
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

function mayStartIban(bytes: Uint8Array, at: number): boolean {
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
function tail(bytes: Uint8Array, end: number): number {
  const a = letterCode(bytes[end - 3]);
  const b = letterCode(bytes[end - 2]);
  return (a << (2 * LETTER_BITS)) | (b << LETTER_BITS) | letterCode(bytes[end - 1]);
}

function letterCode(byte: number | undefined): number {
  return byte !== undefined && isLetter(byte) ? byte & 31 : 0;
}

/** Whether a word in lower case stands there in any case, and a value may follow it. */
function isWordAt(bytes: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let n = 0; n < word.length; n += 1) {
    if (((bytes[at + n] as number) | 32) !== word[n]) return false;
  }
  const after = bytes[at + word.length];
  return after === 32 || after === 9 || after === 43;
}
