/**
 * Joining hashes into the next level of a Merkle tree: SHA-256(0x01 ‖ left ‖ right) of many pairs.
 *
 * In: hashes, in a memory of this module. Out: the hashes above them, in the same memory. By
 * WebAssembly four at a time where the engine knows it, one by one otherwise: to call the engine's
 * own SHA-256 costs more than what it does here (measured, see the README).
 */
import { hash } from "node:crypto";
import { loadWebAssembly } from "../base/web-assembly.ts";
import { JOIN_PAIRS_WASM } from "./join-pairs-wasm.ts";

/** Hashes joined at a time; their memory then stays in the processor's cache. */
export const JOINED_MAX = 2_048;

/** Where the first hash stands: as high as what assembly/join-pairs.ts has for itself. */
const START = 0x1000;

const HASH_SIZE_BYTES = 32;
const NODE_PREFIX = 0x01;

/** Joins hashes in its memory. */
export interface PairJoiner {
  readonly memory: Buffer;
  /** Place in the memory of {@link JOINED_MAX} hashes; there is room for one more before it. */
  readonly start: number;
  /**
   * Join pairs; the results stand from `start` on, and what stood behind the pairs is lost.
   *
   * @param from place of the first pair: `start`, or one hash before it
   * @param count pairs, up to half of {@link JOINED_MAX}
   */
  join(from: number, count: number): void;
}

interface Exports {
  readonly joinPairs: (from: number, to: number, count: number) => void;
}

/** Four at a time, or undefined where the engine does not know it. */
export function createFastJoiner(): PairJoiner | undefined {
  const exports = loadWebAssembly<Exports>(JOIN_PAIRS_WASM);
  if (exports === undefined) return undefined;
  const { joinPairs } = exports;
  const memory = Buffer.from(exports.memory.buffer);
  return { memory, start: START, join: (from, count) => joinPairs(from, START, count) };
}

/** One by one. */
export function createPlainJoiner(): PairJoiner {
  const memory = Buffer.alloc(START + JOINED_MAX * HASH_SIZE_BYTES);
  const node = Buffer.alloc(1 + 2 * HASH_SIZE_BYTES, NODE_PREFIX);
  const join = (from: number, count: number): void => {
    for (let pair = 0; pair < count; pair += 1) {
      const at = from + pair * 2 * HASH_SIZE_BYTES;
      memory.copy(node, 1, at, at + 2 * HASH_SIZE_BYTES);
      // Text of one byte per character: node hands a Buffer back three times slower.
      memory.write(hash("sha256", node, "binary"), START + pair * HASH_SIZE_BYTES, "latin1");
    }
  };
  return { memory, start: START, join };
}
