/**
 * CRC-32C by WebAssembly: 64 bytes at a time are folded into the 64 after them, and the last 64 go
 * through the tables.
 *
 * In: a register and bytes. Out: the register after them. Side effect: a memory of 128 KiB, through
 * which the bytes go in pieces, so that they stay in the processor's cache.
 */
import { loadFirst } from "../base/web-assembly.ts";
import { CRC32C_SIMD_WASM } from "./crc32c-simd-wasm.ts";
import { updateByTables } from "./crc32c-tables.ts";
import { CRC32C_WASM } from "./crc32c-wasm.ts";

/** Where things stand in the memory: as in assembly/crc32c.ts. */
const TABLES = 0x400;
const BLOCK = 0x600;
const INPUT = 0x1000;

const BLOCK_SIZE_BYTES = 64;
const WORDS = 16;

/** Bytes folded at a time. */
const PIECE_SIZE_BYTES = 65_536;

interface Exports {
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
  const { fold } = exports;
  const memory = new Uint8Array(exports.memory.buffer);
  putTables(memory);
  const block = new Uint8Array(BLOCK_SIZE_BYTES);
  return (register, bytes, start, end) => {
    const foldedEnd = end - ((end - start) % BLOCK_SIZE_BYTES);
    if (foldedEnd === start) return updateByTables(register, bytes, start, end);
    memory.fill(0, BLOCK, BLOCK + BLOCK_SIZE_BYTES);
    for (let at = start; at < foldedEnd; at += PIECE_SIZE_BYTES) {
      const pieceEnd = Math.min(foldedEnd, at + PIECE_SIZE_BYTES);
      memory.set(bytes.subarray(at, pieceEnd), INPUT);
      // What the register holds counts as if it stood in the first four bytes.
      if (at === start) addRegister(memory, register);
      fold(pieceEnd - at);
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
