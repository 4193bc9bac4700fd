/**
 * CRC-32C by WebAssembly: what is long is made short by exclusive or alone, then 64 bytes at a time
 * are folded into the 64 after them, and the last 64 go through the tables.
 *
 * In: a register and bytes. Out: the register after them. Side effect: a memory of 64 KiB, through
 * which the bytes go in pieces, so that they stay in the core's own cache.
 */
import { loadFirst } from "../base/web-assembly.ts";
import { CRC32C_SIMD_WASM } from "./crc32c-simd-wasm.ts";
import { updateByTables } from "./crc32c-tables.ts";
import { CRC32C_WASM } from "./crc32c-wasm.ts";

/** Where things stand in the memory: as in assembly/crc32c.ts. */
const TABLES = 0x400;
const BLOCK = 0x600;
const INPUT = 0x2000;

/** What stands before the input of what came before it, in bytes: vectors up to the largest gap. */
const BEFORE_SIZE_BYTES = 209 * 16;

const BLOCK_SIZE_BYTES = 64;
const WORDS = 16;

/** Bytes that go through the memory at a time (measured: 14 GB/s, with 64 KiB 10). */
const PIECE_SIZE_BYTES = 16_384;

/** The last piece has more than this besides, in bytes: what is left for the folding. */
const REST_SIZE_BYTES = 212 * 16;

/** Up to this size folding alone is as quick, in bytes (measured). */
const FOLDED_SIZE_MAX_BYTES = 6_144;

interface Exports {
  readonly reduce: (sizeBytes: number) => void;
  readonly finish: (sizeBytes: number) => void;
  readonly fold: (sizeBytes: number) => void;
}

/** The builds of the module, the fastest first. */
export const CRC32C_BUILDS: readonly string[] = [CRC32C_WASM, CRC32C_SIMD_WASM];

/**
 * The fast way, or undefined where the engine knows none.
 *
 * @param builds as base64; the first one counts that the engine knows
 */
export function createFastUpdate(
  builds: readonly string[] = CRC32C_BUILDS,
): typeof updateByTables | undefined {
  const exports = loadFirst<Exports>(builds);
  if (exports === undefined) return undefined;
  const { fold, reduce, finish } = exports;
  const memory = new Uint8Array(exports.memory.buffer);
  putTables(memory);
  const block = new Uint8Array(BLOCK_SIZE_BYTES);
  return (register, bytes, start, end) => {
    const foldedEnd = end - ((end - start) % BLOCK_SIZE_BYTES);
    if (foldedEnd === start) return updateByTables(register, bytes, start, end);
    const isShort = foldedEnd - start <= FOLDED_SIZE_MAX_BYTES;
    if (isShort) memory.fill(0, BLOCK, BLOCK + BLOCK_SIZE_BYTES);
    else memory.fill(0, INPUT - BEFORE_SIZE_BYTES, INPUT);
    for (let at = start; at < foldedEnd; ) {
      const isLast = foldedEnd - at <= PIECE_SIZE_BYTES + REST_SIZE_BYTES;
      const pieceEnd = isLast ? foldedEnd : at + PIECE_SIZE_BYTES;
      memory.set(bytes.subarray(at, pieceEnd), INPUT);
      // What the register holds counts as if it stood in the first four bytes.
      if (at === start) addRegister(memory, register);
      const step = isShort ? fold : isLast ? finish : reduce;
      step(pieceEnd - at);
      at = pieceEnd;
    }
    takeBlock(memory, block);
    return updateByTables(updateByTables(0, block, 0, BLOCK_SIZE_BYTES), bytes, foldedEnd, end);
  };
}

function addRegister(memory: Uint8Array, register: number): void {
  for (let byte = 0; byte < 4; byte += 1) {
    memory[INPUT + byte] = (memory[INPUT + byte] as number) ^ ((register >>> (8 * byte)) & 0xff);
  }
}

/** The folded block stands there by the bytes of its words: all first ones, then all second ones. */
function takeBlock(memory: Uint8Array, block: Uint8Array): void {
  for (let word = 0; word < WORDS; word += 1) {
    for (let byte = 0; byte < 4; byte += 1) {
      block[4 * word + byte] = memory[BLOCK + WORDS * byte + word] as number;
    }
  }
}

/** What each half of a byte of a word becomes when a block of zeros passes, byte by byte. */
function putTables(memory: Uint8Array): void {
  const zeros = new Uint8Array(BLOCK_SIZE_BYTES);
  for (let half = 0; half < 8; half += 1) {
    for (let value = 0; value < 16; value += 1) {
      const later = updateByTables(value << (4 * half), zeros, 0, BLOCK_SIZE_BYTES);
      for (let byte = 0; byte < 4; byte += 1) {
        memory[TABLES + 64 * half + 16 * byte + value] = later >>> (8 * byte);
      }
    }
  }
}
