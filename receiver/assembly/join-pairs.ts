/**
 * The joining of hashes of src/seal/join-pairs.ts in WebAssembly: SHA-256 of four inner nodes at a
 * time, one in each quarter of a vector. AssemblyScript, built by .ci/build-wasm.ts; a test compares
 * it with the engine's own SHA-256.
 *
 * In: pairs of hashes, 32 bytes each, one after another. Out: SHA-256(0x01 ‖ left ‖ right) of each.
 * Sources: RFC 6962, section 2.1; FIPS 180-4, sections 4.1.2, 5.3.3 and 6.2.2.
 */

/** What is added in each round. */
// biome-ignore format: eight in a line, as the standard prints them
const ROUND_CONSTANTS: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);

// biome-ignore format: as above
const FIRST_STATE: usize = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);

/** Eight words of four hashes, and the words of all rounds of four blocks. */
const STATE: usize = memory.data(128, 16);
const SCHEDULE: usize = memory.data(1024, 16);

const NODE_PREFIX: i8 = 0x01;

/** Bits of a message: a prefix and two hashes. */
const MESSAGE_SIZE_BITS: i32 = 520;

/** Bytes from one word of the four hashes to the next. */
const STEP: usize = 16;

/**
 * Join pairs.
 *
 * @param from place of the first pair; the byte before is read too
 * @param to place of the first result: `from`, or one hash on either side of it
 * @param count pairs; up to three more results are written, of whatever stands behind
 */
export function joinPairs(from: usize, to: usize, count: i32): void {
  for (let done = 0; done < count; done += 4) {
    begin();
    for (let part: usize = 0; part < 4; part += 1) takeWords(from - 1 + 16 * part, part);
    compress();
    takeLastByte(from + 63);
    compress();
    putHashes(to, 0);
    putHashes(to + 16, 4);
    from += 256;
    to += 128;
  }
}

function begin(): void {
  for (let word: usize = 0; word < 8; word += 1) {
    v128.store(STATE + word * STEP, v128.load32_splat(FIRST_STATE + word * 4));
  }
}

/** Numbers of SHA-256 are big-endian. */
function swapped(words: v128): v128 {
  return i8x16.shuffle(words, words, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

/** Four words of four messages, which are 64 bytes apart. */
function takeWords(at: usize, part: usize): void {
  let first = v128.load(at);
  let second = v128.load(at + 64);
  let third = v128.load(at + 128);
  let fourth = v128.load(at + 192);
  if (part === 0) {
    first = i8x16.replace_lane(first, 0, NODE_PREFIX);
    second = i8x16.replace_lane(second, 0, NODE_PREFIX);
    third = i8x16.replace_lane(third, 0, NODE_PREFIX);
    fourth = i8x16.replace_lane(fourth, 0, NODE_PREFIX);
  }
  transpose(swapped(first), swapped(second), swapped(third), swapped(fourth), SCHEDULE + part * 64);
}

/** Store rows as columns. */
function transpose(first: v128, second: v128, third: v128, fourth: v128, at: usize): void {
  const lowA = i32x4.shuffle(first, second, 0, 4, 1, 5);
  const lowB = i32x4.shuffle(third, fourth, 0, 4, 1, 5);
  const highA = i32x4.shuffle(first, second, 2, 6, 3, 7);
  const highB = i32x4.shuffle(third, fourth, 2, 6, 3, 7);
  v128.store(at, i64x2.shuffle(lowA, lowB, 0, 2));
  v128.store(at + 16, i64x2.shuffle(lowA, lowB, 1, 3));
  v128.store(at + 32, i64x2.shuffle(highA, highB, 0, 2));
  v128.store(at + 48, i64x2.shuffle(highA, highB, 1, 3));
}

/** The second block of each message: its last byte, a bit, zeros and its length. */
function takeLastByte(at: usize): void {
  const zero = i32x4.splat(0);
  for (let word: usize = 1; word < 15; word += 1) v128.store(SCHEDULE + word * STEP, zero);
  const bytes = i32x4(load<u8>(at), load<u8>(at + 64), load<u8>(at + 128), load<u8>(at + 192));
  v128.store(SCHEDULE, v128.or(i32x4.shl(bytes, 24), i32x4.splat(0x80_0000)));
  v128.store(SCHEDULE + 15 * STEP, i32x4.splat(MESSAGE_SIZE_BITS));
}

function rotated(x: v128, bits: i32): v128 {
  return v128.or(i32x4.shr_u(x, bits), i32x4.shl(x, 32 - bits));
}

/** The word of the schedule for a later round; kept for those after it. */
function nextWord(at: usize): v128 {
  const near = v128.load(at - 2 * STEP);
  const far = v128.load(at - 15 * STEP);
  const ofNear = v128.xor(v128.xor(rotated(near, 17), rotated(near, 19)), i32x4.shr_u(near, 10));
  const ofFar = v128.xor(v128.xor(rotated(far, 7), rotated(far, 18)), i32x4.shr_u(far, 3));
  const plain = i32x4.add(v128.load(at - 7 * STEP), v128.load(at - 16 * STEP));
  const word = i32x4.add(plain, i32x4.add(ofNear, ofFar));
  v128.store(at, word);
  return word;
}

/** What a round adds to `h`, besides the word and the constant. */
function ofLower(e: v128, f: v128, g: v128): v128 {
  const sum = v128.xor(v128.xor(rotated(e, 6), rotated(e, 11)), rotated(e, 25));
  return i32x4.add(sum, v128.xor(g, v128.and(e, v128.xor(f, g))));
}

/** What a round adds to it after `d` has got it. */
function ofUpper(a: v128, b: v128, c: v128): v128 {
  const sum = v128.xor(v128.xor(rotated(a, 2), rotated(a, 13)), rotated(a, 22));
  return i32x4.add(sum, v128.xor(v128.and(a, v128.xor(b, c)), v128.and(b, c)));
}

function constant(round: usize): v128 {
  return v128.load32_splat(ROUND_CONSTANTS + round * 4);
}

/** Take the block in the schedule into the state. */
function compress(): void {
  let a = v128.load(STATE);
  let b = v128.load(STATE + STEP);
  let c = v128.load(STATE + 2 * STEP);
  let d = v128.load(STATE + 3 * STEP);
  let e = v128.load(STATE + 4 * STEP);
  let f = v128.load(STATE + 5 * STEP);
  let g = v128.load(STATE + 6 * STEP);
  let h = v128.load(STATE + 7 * STEP);
  for (let round: usize = 0; round < 64; round += 4) {
    const at = SCHEDULE + round * STEP;
    const isGiven = round < 16;
    // Four rounds: the roles of the eight words move by four places, so that they change places.
    let word = isGiven ? v128.load(at) : nextWord(at);
    h = i32x4.add(h, i32x4.add(ofLower(e, f, g), i32x4.add(word, constant(round))));
    d = i32x4.add(d, h);
    h = i32x4.add(h, ofUpper(a, b, c));
    word = isGiven ? v128.load(at + STEP) : nextWord(at + STEP);
    g = i32x4.add(g, i32x4.add(ofLower(d, e, f), i32x4.add(word, constant(round + 1))));
    c = i32x4.add(c, g);
    g = i32x4.add(g, ofUpper(h, a, b));
    word = isGiven ? v128.load(at + 2 * STEP) : nextWord(at + 2 * STEP);
    f = i32x4.add(f, i32x4.add(ofLower(c, d, e), i32x4.add(word, constant(round + 2))));
    b = i32x4.add(b, f);
    f = i32x4.add(f, ofUpper(g, h, a));
    word = isGiven ? v128.load(at + 3 * STEP) : nextWord(at + 3 * STEP);
    e = i32x4.add(e, i32x4.add(ofLower(b, c, d), i32x4.add(word, constant(round + 3))));
    a = i32x4.add(a, e);
    e = i32x4.add(e, ofUpper(f, g, h));
    const oldA = a;
    const oldB = b;
    const oldC = c;
    const oldD = d;
    a = e;
    b = f;
    c = g;
    d = h;
    e = oldA;
    f = oldB;
    g = oldC;
    h = oldD;
  }
  addTo(0, a);
  addTo(1, b);
  addTo(2, c);
  addTo(3, d);
  addTo(4, e);
  addTo(5, f);
  addTo(6, g);
  addTo(7, h);
}

function addTo(word: usize, value: v128): void {
  const at = STATE + word * STEP;
  v128.store(at, i32x4.add(v128.load(at), value));
}

/** Half of each of four hashes, from a word of the state on. */
function putHashes(to: usize, word: usize): void {
  const at = STATE + word * STEP;
  transpose(
    v128.load(at),
    v128.load(at + STEP),
    v128.load(at + 2 * STEP),
    v128.load(at + 3 * STEP),
    SCHEDULE,
  );
  for (let hash: usize = 0; hash < 4; hash += 1) {
    v128.store(to + 32 * hash, swapped(v128.load(SCHEDULE + hash * STEP)));
  }
}
