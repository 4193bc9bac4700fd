/**
 * `mark` of src/redact/suspects.ts in WebAssembly: 16 bytes at a time. AssemblyScript, built by
 * .ci/build-wasm.ts with relaxed vector instructions and without; the same bits as the loop in TypeScript, which a test compares.
 *
 * In: a chunk of a request at INPUT, with the bytes around it, and tables. Out: its bits at BITS.
 * Two steps for each 16 bytes: look-ups of the halves of all bytes at once leave few places,
 * mostly digits and the signs that keys and prefixes end in; those are looked at one by one.
 */

/** Where things stand in the memory; src/redact/suspects-fast.ts puts them there. */
const KEY_TAILS: usize = 0x10000;
const WORD_TAILS: usize = 0x18000;
const COUNTRIES: usize = 0x20000;
const LETTER_CODES: usize = 0x20400;
const WANTED_TAILS: usize = 0x20500;
const INPUT: usize = 0x20800;
const BITS: usize = 0x31000;

const DIGITS_MIN: i32 = 6;
/** So many runs of digits in 64 bytes are looked at as quickly as sorted out. */
const FEW_RUNS: u64 = 2;
const GAP_SIZE_MAX: i32 = 5;
const GAP_SIZE_MAX_BYTES: i32 = 15;
const ESCAPES_MAX: i32 = 15;

/** In `WANTED_TAILS`: what stands before the byte says nothing, it is to be looked at in any case. */
const ANY_TAIL: u32 = 0x80;
/** In both: a prefix of a secret, a bit for each sign after it. */
const PREFIX_TAILS: u32 = 0x07;

/** State from chunk to chunk; places are counted from the start of the request. */
let digits: i32 = 0;
let lastDigit: i32 = 0;
/** What is to be added to a place to find its byte. */
let shift: usize = 0;

/** Begin a request. */
export function begin(): void {
  digits = 0;
  lastDigit = -GAP_SIZE_MAX_BYTES - 2;
}

/**
 * Kinds of bytes that matter, by the upper half of the byte: 2 `% & -`, 3 `: =` and apart digits,
 * 4 `@ A`, 4 `J K`, 5 `\\ _`, 4 and 6 `B b` with two bits, 5 and 7 `W w` with 2 `.`. A byte
 * matters if its upper and its lower half have a bit in common, and what stands beside it allows that
 * one. By halves some others look the same, which are looked at for nothing, or are a digit too.
 */

/**
 * Tables of 16 bytes. They stand in memory, because V8 makes a constant anew wherever it is used, with
 * four instructions, and loads with one.
 *
 * 0. By the upper half of a byte, 1. by the lower half: see above. U+FF20, the wide @, starts with
 *    0xef, which shares the bit of `@`.
 * 2. What a byte before allows, by its lower half: `s` a `w`, a `K` and a dot, `g` a dot, `y` a `J`,
 *    which is the tag of every attribute too, the last letters of prefixes (`c f k m o p r s t u`) a
 *    `_`, which most keys have somewhere else, and anyone what needs nothing beside it.
 * 3., 4. What the two bytes behind allow, by the lower half: `ea` and `as` a `b`, each one bit of
 *    the two, so that the `be` of nearly every sentence is none; `u0` a backslash: line breaks of
 *    content are escapes. Also `ua`, `ac`, `ep` and others.
 * 5. The lower half of every byte.
 */
// biome-ignore format: a table
const TABLES: usize = memory.data<u8>([
  0, 0, 0x21, 0x81, 0x1e, 0x60, 0x12, 0x20, 0, 0, 0, 0, 0, 0, 0x04, 0,
  // 0 @, 1 A, 2 B b, 3, 4, 5 %, 6 &, 7 W w, 8, 9, : J, K, \\, - =, ., _
  0x84, 0x84, 0x92, 0x80, 0x80, 0x81, 0x81, 0xa0, 0x80, 0x80, 0x09, 0x08, 0x40, 0x01, 0x20, 0x44,
  0xc5, 0x85, 0xc5, 0xed, 0xc5, 0xc5, 0xc5, 0xa5, 0x85, 0x8d, 0x85, 0xc5, 0x85, 0xc5, 0x85, 0xc5,
  0, 0x02, 0, 0, 0, 0x50, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0x40, 0x10, 0, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,
], 16);

/** All kinds but digits: a bit for each, added to itself it reaches the highest where one is set. */
const OTHER_KINDS: usize = memory.data<u8>(
  [127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127],
  16,
);

/** The entries that the halves of bytes ask for; they are below 16, so the relaxed form is exact. */
function entries(table: v128, halves: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD
    ? i8x16.relaxed_swizzle(table, halves)
    : i8x16.swizzle(table, halves);
}

/**
 * Mark a chunk.
 *
 * @param base place of its first byte in the request
 * @param size its bytes, a multiple of 64; what is beyond the end of the request is zero
 */
export function mark(base: i32, size: i32): void {
  shift = INPUT - <usize>base;
  const end = INPUT + <usize>size;
  let p = INPUT;
  while (p < end) {
    const byUpper = v128.load(TABLES);
    const byLower = v128.load(TABLES, 16);
    const byBefore = v128.load(TABLES, 32);
    const byNext = v128.load(TABLES, 48);
    const bySecond = v128.load(TABLES, 64);
    const half = v128.load(TABLES, 80);
    let first: v128, second: v128, third: v128, fourth: v128;
    // The fast path, which most text takes: a loop without calls, so that the tables are in registers.
    do {
      first = matterAt(p, byUpper, byLower, byBefore, byNext, bySecond, half);
      second = matterAt(p + 16, byUpper, byLower, byBefore, byNext, bySecond, half);
      third = matterAt(p + 32, byUpper, byLower, byBefore, byNext, bySecond, half);
      fourth = matterAt(p + 48, byUpper, byLower, byBefore, byNext, bySecond, half);
      store<u64>(BITS + ((p - INPUT) >> 3), 0);
      p += 64;
    } while (!v128.any_true(v128.or(v128.or(first, second), v128.or(third, fourth))) && p < end);
    const at = p - 64 - INPUT;
    store<u64>(BITS + (at >> 3), block(first, second, third, fourth, base + <i32>at));
  }
}

/** Of 16 bytes, those that matter where they stand. */
function matterAt(
  p: usize,
  byUpper: v128,
  byLower: v128,
  byBefore: v128,
  byNext: v128,
  bySecond: v128,
  half: v128,
): v128 {
  const bytes = v128.load(p);
  const upper = entries(byUpper, v128.and(i16x8.shr_u(bytes, 4), half));
  const lower = entries(byLower, v128.and(bytes, half));
  const before = entries(byBefore, v128.and(v128.load(p - 1), half));
  const next = entries(byNext, v128.and(v128.load(p, 1), half));
  const second = entries(bySecond, v128.and(v128.load(p, 2), half));
  const allowed = v128.or(before, v128.and(next, second));
  return v128.and(v128.and(upper, lower), allowed);
}

/** The bits of 64 bytes. */
function block(first: v128, second: v128, third: v128, fourth: v128, at: i32): u64 {
  const digitBits = joined(
    i8x16.bitmask(first),
    i8x16.bitmask(second),
    i8x16.bitmask(third),
    i8x16.bitmask(fourth),
  );
  // The lower halves of `%` and `&` are those of digits.
  const others = joined(having(first), having(second), having(third), having(fourth)) & ~digitBits;
  let bits: u64 = digitBits === 0 ? 0 : digitRuns(digitBits, at);
  for (let rest = others; rest !== 0; rest &= rest - 1) {
    const place = ctz(rest);
    // What stands before it rules out nearly all.
    const p = at + <i32>place;
    const wanted: u32 = load<u8>(WANTED_TAILS + byteAt(p));
    const found: u32 = <u32>load<u8>(WORD_TAILS + tail(p)) | ANY_TAIL;
    if ((wanted & found) !== 0 && look(p)) bits |= (<u64>1) << place;
  }
  return bits;
}

function joined(first: u32, second: u32, third: u32, fourth: u32): u64 {
  return <u64>(first | (second << 16)) | ((<u64>(third | (fourth << 16))) << 32);
}

/** Which bytes have another kind than that of digits, or one more. */
function having(matter: v128): u32 {
  return i8x16.bitmask(i8x16.add(v128.and(matter, v128.load(OTHER_KINDS)), v128.load(OTHER_KINDS)));
}

function byteAt(at: i32): u32 {
  return load<u8>(shift + <usize>at);
}

/**
 * The digits of 64 bytes that may be suspicious. Most stand between letters, as in ids, which end a
 * number: six digits need six other bytes side by side, or the bytes before or after these 64; an
 * IBAN begins with two letters and two digits. What is passed over has a letter behind it, so that
 * nothing is a gap across it; but for one of a percent escape, near which nothing is passed over.
 */
function nearDigits(digitBits: u64, at: i32): u64 {
  if (popcnt(digitBits & ~(digitBits << 1)) <= FEW_RUNS) return digitBits;
  const p = shift + <usize>at;
  if (hasPercent(p)) return digitBits;
  const letters = joined(lettersAt(p), lettersAt(p + 16), lettersAt(p + 32), lettersAt(p + 48));
  if (letters === 0) return digitBits;
  const two = ~letters & (~letters >> 1);
  const six = two & (two >> 2) & (two >> 4);
  const firstFour = six | (six << 1) | ((six | (six << 1)) << 2);
  const within = firstFour | (firstFour << 2);
  const before = (letters & -letters) - 1;
  const last = clz(letters);
  const after: u64 = last === 0 ? 0 : ~(<u64>-1 >> last);
  // The letters before the first two may stand in the bytes before.
  const afterLetters = ((letters << 1) & (letters << 2) & (digitBits >> 1)) | 3;
  return digitBits & (within | before | after | afterLetters);
}

/** A `%` among 64 bytes or the two before them. */
function hasPercent(p: usize): bool {
  const percent = i8x16.splat(37);
  const found = v128.or(
    v128.or(i8x16.eq(v128.load(p), percent), i8x16.eq(v128.load(p + 16), percent)),
    v128.or(i8x16.eq(v128.load(p + 32), percent), i8x16.eq(v128.load(p + 48), percent)),
  );
  return v128.any_true(found) || load<u8>(p - 1) === 37 || load<u8>(p - 2) === 37;
}

function lettersAt(p: usize): u32 {
  const lower = v128.or(v128.load(p), i8x16.splat(32));
  return i8x16.bitmask(i8x16.lt_u(i8x16.sub(lower, i8x16.splat(97)), i8x16.splat(26)));
}

/** The bits of digits, those side by side at once. */
function digitRuns(digitBits: u64, at: i32): u64 {
  let bits: u64 = 0;
  let rest = nearDigits(digitBits, at);
  while (rest !== 0) {
    const place = ctz(rest);
    // A digit in each place, up to where the first one is missing.
    const run = ctz(~(rest >> place));
    const start = at + <i32>place;
    if (start - lastDigit !== 1 && !isGap(start)) digits = 0;
    // Two digits, the second of which may stand behind these bytes, or was passed over.
    const isPair = place === 63 || ((digitBits >> place) & 2) !== 0;
    if (isPair && mayStartIban(start)) bits |= (<u64>1) << place;
    const missing = digits < DIGITS_MIN ? DIGITS_MIN - 1 - digits : 0;
    digits += <i32>run;
    lastDigit = start + <i32>run - 1;
    const all: u64 = (run === 64 ? 0 : (<u64>1) << run) - 1;
    if (digits >= DIGITS_MIN) bits |= ((all >> missing) << missing) << place;
    rest &= ~(all << place);
  }
  return bits;
}

function isGap(at: i32): bool {
  if (at - lastDigit > GAP_SIZE_MAX_BYTES + 1) return false;
  let units = 0;
  for (let n = lastDigit + 1; n < at; n += 1) {
    const byte = byteAt(n);
    if (isLetter(byte) && byteAt(n - 1) !== 37 && byteAt(n - 2) !== 37) return false;
    if ((byte & 0xc0) !== 0x80) units += byte >= 0xf0 ? 2 : 1;
  }
  return units <= GAP_SIZE_MAX;
}

function mayStartIban(at: i32): bool {
  if (!isDigitByte(byteAt(at + 1))) return false;
  const first = byteAt(at - 2);
  const second = byteAt(at - 1);
  if (!isLetter(first) || !isLetter(second)) return false;
  return load<u8>(COUNTRIES + (((first & 31) << 5) | (second & 31))) !== 0;
}

/** A byte that is no digit, after what is wanted before it. */
function look(at: i32): bool {
  const byte = byteAt(at);
  const next = byteAt(at + 1);
  switch (byte) {
    case 0x3a:
    case 0x3d:
      return sign(at, next);
    case 0x2d:
      if (byteAt(at - 1) === 45 && next === 66) return true;
      return isPrefix(at, byte);
    case 0x2e:
    case 0x5f:
      return isPrefix(at, byte);
    case 0x40:
      return true;
    case 0x25:
      return next === 52 && byteAt(at + 2) === 48;
    case 0x26:
      return next === 35 && byteAt(at + 2) === 54;
    case 0x5c:
      return next === 117 && byteAt(at + 2) === 48 && byteAt(at + 3) === 48;
    case 0xef:
      return next === 0xbc && byteAt(at + 2) === 0xa0;
    default:
      return lookAtLetter(at, byte, next);
  }
}

/** `-`, `.`, `_` after a prefix of a secret. */
function isPrefix(at: i32, byte: u32): bool {
  return (load<u8>(WORD_TAILS + tail(at)) & load<u8>(WANTED_TAILS + byte) & PREFIX_TAILS) !== 0;
}

/** `:` and `=` after a telling key; `://h`. */
function sign(at: i32, next: u32): bool {
  if (next === 47 && byteAt(at + 2) === 47 && byteAt(at + 3) === 104) return true;
  return isAfterKey(at);
}

function lookAtLetter(at: i32, byte: u32, next: u32): bool {
  const before = byteAt(at - 1);
  switch (byte) {
    case 0x41:
      if (next === 75 || next === 83) return byteAt(at + 2) === 73 && byteAt(at + 3) === 65;
      if (next === 71) return byteAt(at + 2) === 69 && byteAt(at + 3) === 45;
      return next === 73 && byteAt(at + 2) === 122;
    case 0x4a:
      return before === 121 && byteAt(at - 2) === 101;
    case 0x4b:
      return before === 83 && isHex(next);
    case 0x57:
    case 0x77:
      return (before | 32) === 115 && (byteAt(at - 2) | 32) === 115;
    case 0x42:
    case 0x62:
      return (next | 32) === 101 ? isBearer(at) : (next | 32) === 97 && isBasic(at);
    default:
      return false;
  }
}

/** `be` stands there already. */
function isBearer(at: i32): bool {
  if ((byteAt(at + 2) | 32) !== 97) return false;
  if ((byteAt(at + 3) | 32) !== 114 || (byteAt(at + 4) | 32) !== 101) return false;
  return (byteAt(at + 5) | 32) === 114 && isBlank(byteAt(at + 6));
}

/** `ba` stands there already. */
function isBasic(at: i32): bool {
  if ((byteAt(at + 2) | 32) !== 115) return false;
  if ((byteAt(at + 3) | 32) !== 105 || (byteAt(at + 4) | 32) !== 99) return false;
  return isBlank(byteAt(at + 5));
}

/** Also the start of a `\\t`. */
function isBlank(byte: u32): bool {
  return byte === 32 || byte === 9 || byte === 43 || byte === 92;
}

function isAfterKey(sign: i32): bool {
  let end = sign;
  while (end > sign - 3 && byteAt(end - 1) === 32) end -= 1;
  if (byteAt(end - 1) === 93 && isQuote(byteAt(end - 2))) end -= 1;
  if (isQuote(byteAt(end - 1))) {
    end -= 1;
    for (let n = 0; n < ESCAPES_MAX && byteAt(end - 1) === 92; n += 1) end -= 1;
  }
  let letters = end;
  while (letters > end - 4 && isDigitByte(byteAt(letters - 1))) letters -= 1;
  return load<u8>(KEY_TAILS + tail(letters)) !== 0;
}

function isQuote(byte: u32): bool {
  return byte === 34 || byte === 39 || byte === 96;
}

/** Three letters before `end` as 15 bits; anything else than a letter counts as 0. */
function tail(end: i32): usize {
  const p = shift + <usize>end;
  const a: usize = load<u8>(LETTER_CODES + load<u8>(p - 3));
  const b: usize = load<u8>(LETTER_CODES + load<u8>(p - 2));
  return (a << 10) | (b << 5) | load<u8>(LETTER_CODES + load<u8>(p - 1));
}

function isLetter(byte: u32): bool {
  return (byte | 32) - 97 < 26;
}

function isDigitByte(byte: u32): bool {
  return byte - 48 < 10;
}

function isHex(byte: u32): bool {
  return isDigitByte(byte) || (byte | 32) - 97 < 6;
}
