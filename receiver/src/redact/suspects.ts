/**
 * Where in a request may something be that the detectors are after? One look at all of its bytes.
 *
 * In: the bytes of a request, whatever they mean. Out: a bit for each byte. A text in these bytes in
 * whose range no bit is set is one of which `prefilter.ts` says "nothing", so it is never even
 * decoded; about a text with a bit, `prefilter.ts` decides. It may say too much, never too little:
 * it does not know where a text starts, so what lies before a text may only add bits (tested against
 * the prefilter). Side effect: the set is the same memory for every request.
 */

import { isAlnum, isDigit, isHex } from "./chars.ts";
import { COUNTRY_LENGTHS } from "./iban-countries.ts";
import { Places } from "./places.ts";
import * as pre from "./prefilter.ts";
import { createFastMark, type Mark, type SuspectTables } from "./suspects-fast.ts";
import * as plain from "./suspects-plain.ts";

/** What the prefilter may say of a suspicious place, by class. */
const MASKS: Uint8Array = masks();

function masks(): Uint8Array {
  const table = new Uint8Array(16).fill(pre.MAY_SECRET);
  table[plain.DIGIT] = pre.MAY_DIGITS;
  // An @ may end the user part of a URL.
  for (const kind of [plain.AT, plain.PERCENT, plain.AMPERSAND, plain.WIDE])
    table[kind] = pre.MAY_EMAIL | pre.MAY_URL;
  table[plain.SIGN] = pre.MAY_ASSIGN;
  table[plain.BACKSLASH] = pre.MAY_ESCAPE;
  table[plain.LETTER_W] = pre.MAY_ASSIGN;
  return table;
}

let bits: Uint32Array = new Uint32Array(8_192);
let looked: Uint8Array = new Uint8Array(0);
/** Up to where the bits are set. */
let marked = 0;
/** Where the text starts that was looked at last, and up to where nothing is suspicious in it. */
let cleanStart = -1;
let cleanEnd = 0;

/** What may be at a place of a text that starts at `start`. */
function maskOf(bytes: Uint8Array, at: number, start: number): number {
  const kind = plain.BYTE_KINDS[bytes[at] as number] as number;
  if (kind === plain.DIGIT && at - 2 >= start && plain.mayStartIban(bytes, at)) {
    if (startsWord(bytes, at - 2, start)) return pre.MAY_DIGITS | pre.MAY_IBAN;
    // Two letters stand before the digit: it is the first of its run, unless they are in an escape.
    if (bytes[at - 3] !== 37 && bytes[at - 4] !== 37) return 0;
  }
  const isJoint = kind === plain.HYPHEN || kind === plain.JOINT;
  if (isJoint && !isPrefix(bytes, at, start) && !isPem(bytes, at)) return 0;
  // `://hooks.`
  const more = kind === plain.SIGN && bytes[at + 1] === 47 ? pre.MAY_SECRET : 0;
  return (MASKS[kind] as number) | more;
}

/** As in `prefilter.ts`: `sk-` is no prefix in `task-`. */
function isPrefix(bytes: Uint8Array, at: number, start: number): boolean {
  // Before the text there is nothing.
  const isNear = at - start < 3;
  const tail = isNear ? plain.tail(bytes.slice(start, at), at - start) : plain.tail(bytes, at);
  const bits = pre.PREFIXES[tail] as number;
  if ((bits & pre.prefixBit(bytes[at] as number)) === 0) return false;
  return (bits & pre.MAY_BE_WITHIN) === 0 || startsWord(bytes, at - 2, start);
}

/** `--B` of `-----BEGIN`. */
function isPem(bytes: Uint8Array, at: number): boolean {
  return bytes[at - 1] === 45 && bytes[at + 1] === 66;
}

/** As `startsWord` of `chars.ts`, on bytes. */
function startsWord(bytes: Uint8Array, at: number, start: number): boolean {
  const before = bytes[at - 1] as number;
  if (at === start || !isAlnum(before)) return true;
  if (at - 2 >= start && bytes[at - 2] === 92) {
    return before === 110 || before === 114 || before === 116;
  }
  return at - 3 >= start && bytes[at - 3] === 37 && isHex(before) && isHex(bytes[at - 2] as number);
}

/** Largest set kept from request to request, in words (1 MiB of bits: 8 MiB of request). */
const WORDS_KEPT_MAX = 262_144;

/** Bits of the fast way beside those of the three signs after a prefix, which are 1, 2 and 4. */
const AFTER_EY = 8;
const AFTER_SS = 16;
const AFTER_S = 32;
const AFTER_NO_LETTER = 64;
const ANYWHERE = 128;

/**
 * What the three letters before a byte allow it to be: the sign after a prefix, the `J` of `eyJ`, the
 * `w` of `passw`, the `K` of `SK`, or the hyphen after another one.
 */
function wordTails(): Uint8Array {
  const signs = pre.prefixBit(45) | pre.prefixBit(46) | pre.prefixBit(95);
  const [e, s, y] = [plain.letterCode(101), plain.letterCode(115), plain.letterCode(121)];
  return plain.PREFIX_TAILS.map((prefixes, tail) => {
    const [before, last] = [(tail >> 5) & 31, tail & 31];
    let bits = prefixes & signs;
    if (before === e && last === y) bits |= AFTER_EY;
    if (before === s && last === s) bits |= AFTER_SS;
    if (last === s) bits |= AFTER_S;
    if (last === 0) bits |= AFTER_NO_LETTER;
    return bits;
  });
}

/** Which of {@link wordTails} a byte wants before it. */
function wantedTail(byte: number): number {
  switch (plain.BYTE_KINDS[byte]) {
    case plain.HYPHEN:
      return pre.prefixBit(byte) | AFTER_NO_LETTER;
    case plain.JOINT:
      return pre.prefixBit(byte);
    case plain.LETTER_J:
      return AFTER_EY;
    case plain.LETTER_K:
      return AFTER_S;
    case plain.LETTER_W:
      return AFTER_SS;
    case plain.PLAIN:
    case plain.DIGIT:
      return 0;
    default:
      return ANYWHERE;
  }
}

/** Tables that the fast ways read. */
export const SUSPECT_TABLES: SuspectTables = {
  keyTails: plain.KEY_TAILS,
  wordTails: wordTails(),
  countries: COUNTRY_LENGTHS,
  letterCodes: Uint8Array.from({ length: 256 }, (_, byte) => plain.letterCode(byte)),
  wantedTails: Uint8Array.from({ length: 256 }, (_, byte) => wantedTail(byte)),
};

const mark: Mark = createFastMark(SUSPECT_TABLES) ?? plain.markPlainly;

/** See `FieldRedactor.suspects`. */
export function findSuspects(bytes: Uint8Array): Uint32Array {
  const words = (bytes.length >>> 5) + 1;
  if (words > bits.length || bits.length > WORDS_KEPT_MAX) bits = new Uint32Array(words);
  else bits.fill(0, 0, words);
  looked = bytes;
  marked = 0;
  cleanStart = -1;
  return bits;
}

/** See `FieldRedactor.look`. */
export function lookUpTo(end: number): void {
  while (marked < end) marked = mark(looked, bits, marked);
}

/** See `FieldRedactor.isClean`. */
export function isClean(start: number, end: number): boolean {
  for (let at = nextSet(start, end); at !== -1; at = nextSet(at + 1, end)) {
    if (maskOf(looked, at, start) === 0) continue;
    cleanStart = start;
    cleanEnd = at;
    return false;
  }
  return true;
}

/** The prefilter's places, or more, for an ASCII text that stands in the bytes of the last look. */
export function suspectPlaces(start: number, end: number): Places {
  const places = new Places();
  let last = -1;
  const first = start === cleanStart ? cleanEnd : start;
  for (let at = nextSet(first, end); at !== -1; at = nextSet(at + 1, end)) {
    const mask = maskOf(looked, at, start);
    // Digits side by side are one place.
    const isNext = mask === pre.MAY_DIGITS && at === last + 1 && isDigit(looked[last] as number);
    if (mask !== 0) last = at;
    if (mask !== 0 && !isNext) places.add(at - start, mask);
  }
  return places;
}

/** The first byte from `from` to before `end` whose bit is set, or -1. */
function nextSet(from: number, end: number): number {
  const set = bits;
  let at = from;
  while (at < end) {
    const bitsLeft = (set[at >>> 5] as number) >>> (at & 31);
    if (bitsLeft !== 0) {
      const found = at + 31 - Math.clz32(bitsLeft & -bitsLeft);
      return found < end ? found : -1;
    }
    at = (at | 31) + 1;
    // Four words at a time: long texts have hundreds.
    for (let word = at >>> 5; at + 128 <= end; word += 4, at += 128) {
      const pair = (set[word] as number) | (set[word + 1] as number);
      if ((pair | (set[word + 2] as number) | (set[word + 3] as number)) !== 0) break;
    }
  }
  return -1;
}
