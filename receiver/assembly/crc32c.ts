/**
 * The folding of src/spool/crc32c.ts in WebAssembly: 64 bytes become one with the 64 before them.
 * AssemblyScript, built by .ci/build-wasm.ts; a test compares it with the tables in TypeScript.
 *
 * In: bytes at INPUT, a folded block at BLOCK, tables at TABLES; for long ones what `reduce` left
 * before INPUT. Out: the folded block.
 *
 * Long ones are made short first, by exclusive or alone ("Chorba", arXiv 2412.16398). The polynomial of
 * the checksum divides x^209 + x^144 + x^54 + x^39 + x^14 + 1, found by search as the shortest of six
 * terms; so it divides the same in x^128, for to square is to double every exponent. Vectors are the
 * coefficients of x^128: one of them counts as much as the same added to those 65, 155, 170, 195 and
 * 209 later.
 *
 * A checksum is linear: a word of four bytes counts as much as the word 64 bytes later that it
 * becomes when 64 zero bytes pass. Sixteen words become so at a time, as four vectors of their first,
 * second, third and fourth bytes; what half a byte becomes stands in a vector for each byte of the
 * result, by the value of the half.
 */

/** Where things stand in the memory; src/spool/crc32c-fast.ts puts them there. */
const TABLES: usize = 0x400;
const BLOCK: usize = 0x600;
const INPUT: usize = 0x2000;

/** Bytes of a vector, and of the four vectors of half a byte. */
const STEP: usize = 16;
const HALF: usize = 64;

/** How far behind a vector those are that it is added to, in bytes. */
const GAP_1: usize = 65 * 16;
const GAP_2: usize = 155 * 16;
const GAP_3: usize = 170 * 16;
const GAP_4: usize = 195 * 16;
const GAP_5: usize = 209 * 16;

/** What is left for the folding, in bytes: no less than the largest gap, a multiple of 64. */
const REST: usize = 212 * 16;

/** Rows of four bytes as columns: the first bytes of four words, the second ones, and so on. */
function byBytes(words: v128): v128 {
  return i8x16.shuffle(words, words, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
}

/** What the halves of bytes become, for one byte of the result. */
function become(byte: v128, place: usize, result: usize): v128 {
  const low = v128.and(byte, i8x16.splat(15));
  const high = i8x16.shr_u(byte, 4);
  const at = TABLES + 2 * HALF * place + STEP * result;
  return v128.xor(entries(v128.load(at), low), entries(v128.load(at + HALF), high));
}

/** Halves are below 16, so the relaxed form is exact. */
function entries(table: v128, halves: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD
    ? i8x16.relaxed_swizzle(table, halves)
    : i8x16.swizzle(table, halves);
}

/**
 * Add every vector to those behind it, as far as they are among these bytes; the vectors before them
 * are added too. Those at the end stand before INPUT afterwards.
 *
 * @param size bytes, a multiple of 64, no less than the largest gap
 */
export function reduce(size: usize): void {
  addUpTo(INPUT + size);
  memory.copy(INPUT - GAP_5, INPUT + size - GAP_5, GAP_5);
}

/**
 * The same with the last bytes, which are then folded: the block is made anew.
 *
 * @param size bytes, a multiple of 64, more than are left for the folding
 */
export function finish(size: usize): void {
  const rest = INPUT + size - REST;
  addUpTo(rest);
  addOnce(rest, GAP_1);
  addOnce(rest, GAP_2);
  addOnce(rest, GAP_3);
  addOnce(rest, GAP_4);
  addOnce(rest, GAP_5);
  memory.fill(BLOCK, 0, 4 * STEP);
  foldFrom(rest, rest + REST);
}

/** Add to every vector up to `end` those before it. */
function addUpTo(end: usize): void {
  // The smallest gap is many vectors: four of them do not wait for one another.
  for (let at = INPUT; at < end; at += 64) {
    const first = sumAt(at - GAP_5, 0);
    const second = sumAt(at - GAP_5, STEP);
    const third = sumAt(at - GAP_5, 2 * STEP);
    const fourth = sumAt(at - GAP_5, 3 * STEP);
    v128.store(at, first);
    v128.store(at, second, STEP);
    v128.store(at, third, 2 * STEP);
    v128.store(at, fourth, 3 * STEP);
  }
}

/** A vector with those before it, the farthest of which stands at `far`. */
function sumAt(far: usize, offset: usize): v128 {
  return v128.xor(
    v128.xor(
      v128.xor(v128.load(far + offset, GAP_5), v128.load(far + offset, GAP_5 - GAP_1)),
      v128.xor(v128.load(far + offset, GAP_5 - GAP_2), v128.load(far + offset, GAP_5 - GAP_3)),
    ),
    v128.xor(v128.load(far + offset, GAP_5 - GAP_4), v128.load(far + offset)),
  );
}

/** Add the last vectors before `rest` to those that stand so far behind them. */
function addOnce(rest: usize, gap: usize): void {
  for (let at = rest; at < rest + gap; at += STEP) {
    v128.store(at, v128.xor(v128.load(at), v128.load(at - gap)));
  }
}

/**
 * Fold bytes into the block.
 *
 * @param size bytes, a multiple of 64
 */
export function fold(size: usize): void {
  foldFrom(INPUT, INPUT + size);
}

function foldFrom(start: usize, end: usize): void {
  let first = v128.load(BLOCK);
  let second = v128.load(BLOCK + STEP);
  let third = v128.load(BLOCK + 2 * STEP);
  let fourth = v128.load(BLOCK + 3 * STEP);
  for (let at = start; at < end; at += 64) {
    const a = byBytes(v128.load(at));
    const b = byBytes(v128.load(at + STEP));
    const c = byBytes(v128.load(at + 2 * STEP));
    const d = byBytes(v128.load(at + 3 * STEP));
    const lowA = i32x4.shuffle(a, b, 0, 4, 1, 5);
    const lowB = i32x4.shuffle(c, d, 0, 4, 1, 5);
    const highA = i32x4.shuffle(a, b, 2, 6, 3, 7);
    const highB = i32x4.shuffle(c, d, 2, 6, 3, 7);
    const w0 = i64x2.shuffle(lowA, lowB, 0, 2);
    const w1 = i64x2.shuffle(lowA, lowB, 1, 3);
    const w2 = i64x2.shuffle(highA, highB, 0, 2);
    const w3 = i64x2.shuffle(highA, highB, 1, 3);
    const n0 = v128.xor(
      w0,
      v128.xor(
        v128.xor(become(first, 0, 0), become(second, 1, 0)),
        v128.xor(become(third, 2, 0), become(fourth, 3, 0)),
      ),
    );
    const n1 = v128.xor(
      w1,
      v128.xor(
        v128.xor(become(first, 0, 1), become(second, 1, 1)),
        v128.xor(become(third, 2, 1), become(fourth, 3, 1)),
      ),
    );
    const n2 = v128.xor(
      w2,
      v128.xor(
        v128.xor(become(first, 0, 2), become(second, 1, 2)),
        v128.xor(become(third, 2, 2), become(fourth, 3, 2)),
      ),
    );
    const n3 = v128.xor(
      w3,
      v128.xor(
        v128.xor(become(first, 0, 3), become(second, 1, 3)),
        v128.xor(become(third, 2, 3), become(fourth, 3, 3)),
      ),
    );
    first = n0;
    second = n1;
    third = n2;
    fourth = n3;
  }
  v128.store(BLOCK, first);
  v128.store(BLOCK + STEP, second);
  v128.store(BLOCK + 2 * STEP, third);
  v128.store(BLOCK + 3 * STEP, fourth);
}
