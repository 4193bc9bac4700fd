/**
 * The marks of `suspects.ts` by WebAssembly, where the engine has its vector instructions.
 *
 * In: the bytes of a request. Out: the same bits as the loop in TypeScript gives. Side effect: a
 * memory of 256 KiB, through which a request goes chunk by chunk, so that it stays in the cache and
 * a large request does not make it large.
 */
import { loadFirst } from "../base/web-assembly.ts";
import { SUSPECTS_SIMD_WASM } from "./suspects-simd-wasm.ts";
import { SUSPECTS_WASM } from "./suspects-wasm.ts";

/** Where things stand in the memory: as in assembly/suspects.ts. */
const KEY_TAILS = 0x10000;
const WORD_TAILS = 0x18000;
const COUNTRIES = 0x20000;
const LETTER_CODES = 0x20400;
const WANTED_TAILS = 0x20500;
const INPUT = 0x20800;
const BITS = 0x31000;

/** Bytes of a request in one chunk. */
const CHUNK_SIZE_BYTES = 65_536;

/** Bytes around a chunk that are looked at: more than the longest way back to a key. */
const AROUND_SIZE_BYTES = 32;

/** Bytes that are looked at in one step, of which there are whole ones. */
const STEP_SIZE_BYTES = 64;

/** Tables that both implementations read. */
export interface SuspectTables {
  readonly keyTails: Uint8Array;
  /** By three letters: bits that say what may stand after them. */
  readonly wordTails: Uint8Array;
  readonly countries: Uint8Array;
  /** By byte: the 5 bits of a letter, 0 for anything else. */
  readonly letterCodes: Uint8Array;
  /** By byte: the bits of `wordTails` of which it wants one before it; 128 for whatever stands there. */
  readonly wantedTails: Uint8Array;
}

/**
 * Sets a bit for each suspicious byte of a chunk; the set is empty before.
 *
 * @param from where the last chunk ended, 0 to begin
 * @returns where this one ends
 */
export type Mark = (bytes: Uint8Array, set: Uint32Array, from: number) => number;

interface Exports {
  readonly begin: () => void;
  readonly mark: (base: number, size: number) => void;
}

/** The builds of the module, the fastest first. */
export const SUSPECTS_BUILDS: readonly string[] = [SUSPECTS_WASM, SUSPECTS_SIMD_WASM];

/**
 * The fast way, or undefined where the engine knows none.
 *
 * @param builds as base64; the first one counts that the engine knows
 */
export function createFastMark(
  tables: SuspectTables,
  builds: readonly string[] = SUSPECTS_BUILDS,
): Mark | undefined {
  const exports = loadFirst<Exports>(builds);
  if (exports === undefined) return undefined;
  const memory = new Uint8Array(exports.memory.buffer);
  memory.set(tables.keyTails, KEY_TAILS);
  memory.set(tables.wordTails, WORD_TAILS);
  memory.set(tables.countries, COUNTRIES);
  memory.set(tables.letterCodes, LETTER_CODES);
  memory.set(tables.wantedTails, WANTED_TAILS);
  return (bytes, set, from) => {
    const end = Math.min(bytes.length, from + CHUNK_SIZE_BYTES);
    const before = Math.min(from, AROUND_SIZE_BYTES);
    const after = Math.min(bytes.length, end + AROUND_SIZE_BYTES);
    if (from === 0) exports.begin();
    memory.fill(0, INPUT - AROUND_SIZE_BYTES, INPUT - before);
    memory.set(bytes.subarray(from - before, after), INPUT - before);
    memory.fill(0, INPUT + after - from, INPUT + after - from + STEP_SIZE_BYTES);
    exports.mark(from, (end - from + 63) & ~63);
    const out = new Uint8Array(set.buffer, set.byteOffset, set.byteLength);
    out.set(memory.subarray(BITS, BITS + ((end - from + 7) >> 3)), from >> 3);
    return end;
  };
}
