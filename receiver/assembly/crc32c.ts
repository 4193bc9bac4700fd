/**
 * The folding of src/spool/crc32c.ts in WebAssembly: 64 bytes become one with the 64 before them.
 * AssemblyScript, built by .ci/build-wasm.ts; a test compares it with the tables in TypeScript.
 *
 * In: bytes at INPUT, a folded block at BLOCK, tables at TABLES. Out: the folded block.
 *
 * A checksum is linear: a word of four bytes counts as much as the word 64 bytes later that it
 * becomes when 64 zero bytes pass. Sixteen words become so at a time, as four vectors of their first,
 * second, third and fourth bytes; what half a byte becomes stands in a vector for each byte of the
 * result, by the value of the half.
 */

/** Where things stand in the memory; src/spool/crc32c-fast.ts puts them there. */
const TABLES: usize = 0x400;
const BLOCK: usize = 0x600;
const INPUT: usize = 0x1000;

/** Bytes of a vector, and of the four vectors of half a byte. */
const STEP: usize = 16;
const HALF: usize = 64;

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
 * Fold bytes into the block.
 *
 * @param size bytes, a multiple of 64
 */
export function fold(size: usize): void {
  let first = v128.load(BLOCK);
  let second = v128.load(BLOCK + STEP);
  let third = v128.load(BLOCK + 2 * STEP);
  let fourth = v128.load(BLOCK + 3 * STEP);
  const end = INPUT + size;
  for (let at = INPUT; at < end; at += 64) {
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
