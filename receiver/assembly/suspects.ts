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
const PREFIX_TAILS: usize = 0x18000;
const COUNTRIES: usize = 0x20000;
const LETTER_CODES: usize = 0x20400;
const JOINT_BITS: usize = 0x20500;
const INPUT: usize = 0x20800;
const BITS: usize = 0x31000;

const DIGITS_MIN: i32 = 6;
const GAP_SIZE_MAX: i32 = 5;
const GAP_SIZE_MAX_BYTES: i32 = 15;
const ESCAPES_MAX: i32 = 15;

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
 * Mark a chunk.
 *
 * @param base place of its first byte in the request
 * @param size its bytes, a multiple of 32; what is beyond the end of the request is zero
 */
export function mark(base: i32, size: i32): void {
  shift = INPUT - <usize>base;
  for (let at = 0; at < size; at += 32) {
    const p = INPUT + <usize>at;
    const first = matterAt(p);
    const second = matterAt(p + 16);
    // The fast path, and the only branch that most text takes.
    let bits: u32 = 0;
    if (v128.any_true(v128.or(first, second))) {
      bits = block(first, base + at) | (block(second, base + at + 16) << 16);
    }
    store<u32>(BITS + (<usize>at >> 3), bits);
  }
}

function byteAt(at: i32): u32 {
  return load<u8>(shift + <usize>at);
}

/**
 * Kinds of bytes that matter, by the upper half of the byte: 2 `% & -` and apart `.`, 3 `: =` and
 * digits, 4 `@ A J K`, 5 `\ _`, 4 and 6 `B b`, 5 and 7 `W w`. A byte matters if its upper and its
 * lower half have a bit in common, and what stands beside it allows it.
 */
const JOINTS: i32 = 0x01;
const SIGNS: i32 = 0x02;
const CAPITALS: i32 = 0x04;
const SLASH_UNDERSCORE: i32 = 0x08;
const ANY_B: i32 = 0x10;
const ANY_W: i32 = 0x20;
const DOT: i32 = 0x40;

/**
 * Tables of 16 bytes. They stand in memory, because V8 makes a constant anew wherever it is used, with
 * four instructions, and loads with one.
 *
 * 1. By the upper half of a byte, 2. by the lower half: see above. U+FF20, the wide @, starts with
 *    0xef, which shares the bit of `_`; no other byte of the upper half matters but 0xec, which is
 *    looked at for nothing.
 * 3. What a byte before allows, by its lower half: `s` a `w` and a dot, `g` a dot; also `c` and `w`.
 * 4., 5. What the two bytes behind a `b` are to be, by the lower half: `ea` and `as`, each with a bit
 *    of its own. Also `ua`, `ac` and others, but not the `be` of nearly every sentence.
 * 6. The lower half of every byte. 7. The bit of `b`. 8. Bits that need nothing beside them.
 * 9., 10. A backslash, which matters before a `u` alone: line breaks of content are escapes.
 */
// biome-ignore format: a table
const TABLES: usize = memory.data<u8>([
  0, 0, 0x41, 0x82, 0x14, 0x28, 0x10, 0x20, 0, 0, 0, 0, 0, 0, 0x08, 0,
  // 0 @, 1 A, 2 B b, 3, 4, 5 %, 6 &, 7 W w, 8, 9, : J, K, \\, - =, ., _
  0x84, 0x84, 0x90, 0x80, 0x80, 0x81, 0x81, 0xa0, 0x80, 0x80, 0x06, 0x04, 0x08, 0x03, 0x40, 0x08,
  0, 0, 0, 0x60, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0x01, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0x02, 0, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,
  0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
  0x8f, 0x8f, 0x8f, 0x8f, 0x8f, 0x8f, 0x8f, 0x8f, 0x8f, 0x8f, 0x8f, 0x8f, 0x8f, 0x8f, 0x8f, 0x8f,
  0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c,
  0x75, 0x75, 0x75, 0x75, 0x75, 0x75, 0x75, 0x75, 0x75, 0x75, 0x75, 0x75, 0x75, 0x75, 0x75, 0x75,
], 16);

/** The entries that the halves of bytes ask for; they are below 16, so the relaxed form is exact. */
function entries(table: i32, halves: v128): v128 {
  const entry = v128.load(TABLES + 16 * table);
  return ASC_FEATURE_RELAXED_SIMD
    ? i8x16.relaxed_swizzle(entry, halves)
    : i8x16.swizzle(entry, halves);
}

/** Of 16 bytes, those that matter where they stand. */
function matterAt(p: usize): v128 {
  const v = v128.load(p);
  const half = v128.load(TABLES + 80);
  const upper = entries(0, v128.and(i16x8.shr_u(v, 4), half));
  const lower = entries(1, v128.and(v, half));
  const after = entries(2, v128.and(v128.load(p - 1), half));
  const next = v128.load(p + 1);
  const second = entries(3, v128.and(next, half));
  const third = entries(4, v128.and(v128.load(p + 2), half));
  const isWord = i8x16.gt_s(v128.and(second, third), i8x16.splat(0));
  const before = v128.and(isWord, v128.load(TABLES + 96));
  const allowed = v128.or(v128.or(after, before), v128.load(TABLES + 112));
  const isBackslash = i8x16.eq(v, v128.load(TABLES + 128));
  const isOther = v128.andnot(isBackslash, i8x16.eq(next, v128.load(TABLES + 144)));
  return v128.andnot(v128.and(v128.and(upper, lower), allowed), isOther);
}

/** The bits of 16 bytes. */
function block(matter: v128, at: i32): u32 {
  let bits: u32 = 0;
  const digitBits: u32 = i8x16.bitmask(matter);
  const joints: u32 = having(matter, JOINTS | DOT);
  const signs: u32 = having(matter, SIGNS);
  const others: u32 = having(matter, CAPITALS | SLASH_UNDERSCORE | ANY_B | ANY_W);
  for (let rest = joints; rest !== 0; rest &= rest - 1) {
    const place: i32 = ctz(rest);
    if (joint(at + place)) bits |= 1 << place;
  }
  for (let rest = digitBits; rest !== 0; rest &= rest - 1) {
    const place: i32 = ctz(rest);
    if (digit(at + place)) bits |= 1 << place;
  }
  for (let rest = signs; rest !== 0; rest &= rest - 1) {
    const place: i32 = ctz(rest);
    if (sign(at + place)) bits |= 1 << place;
  }
  for (let rest = others; rest !== 0; rest &= rest - 1) {
    const place: i32 = ctz(rest);
    if (look(at + place)) bits |= 1 << place;
  }
  return bits;
}

/** Which bytes have one of these kinds. */
function having(matter: v128, kinds: i32): u32 {
  return i8x16.bitmask(i8x16.ne(v128.and(matter, i8x16.splat(<i8>kinds)), i8x16.splat(0)));
}

function digit(at: i32): bool {
  if (at - lastDigit !== 1 && !isGap(at)) digits = 0;
  digits += 1;
  lastDigit = at;
  return digits >= DIGITS_MIN || mayStartIban(at);
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

/** `-`, `.` after a prefix of a secret; `%40`, `&#6`. */
function joint(at: i32): bool {
  const byte = byteAt(at);
  if ((load<u8>(PREFIX_TAILS + tail(at)) & load<u8>(JOINT_BITS + byte)) !== 0) return true;
  const next = byteAt(at + 1);
  if (byte === 0x2d) return byteAt(at - 1) === 45 && next === 66;
  if (byte === 0x25) return next === 52 && byteAt(at + 2) === 48;
  return byte === 0x26 && next === 35 && byteAt(at + 2) === 54;
}

/** `:` and `=` after a telling key; `://h`. */
function sign(at: i32): bool {
  if (byteAt(at + 1) === 47 && byteAt(at + 2) === 47 && byteAt(at + 3) === 104) return true;
  return isAfterKey(at);
}

function look(at: i32): bool {
  const byte = byteAt(at);
  const next = byteAt(at + 1);
  if (byte === 0x5f) return (load<u8>(PREFIX_TAILS + tail(at)) & load<u8>(JOINT_BITS + byte)) !== 0;
  if (byte === 0x40) return true;
  if (byte === 0x5c) return next === 117 && byteAt(at + 2) === 48 && byteAt(at + 3) === 48;
  if (byte === 0xef) return next === 0xbc && byteAt(at + 2) === 0xa0;
  return lookAtLetter(at, byte, next);
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
    default:
      return (next | 32) === 101 ? isBearer(at) : (next | 32) === 97 && isBasic(at);
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
