/**
 * The Merkle tree of RFC 6962, section 2.1, grown by many leaves at a time.
 *
 * In: leaf hashes in order. Out: the root. Holds one hash per level, never the leaves.
 */
import { hash } from "node:crypto";
import { createFastJoiner, createPlainJoiner, JOINED_MAX, type PairJoiner } from "./join-pairs.ts";
import { LEAF_SIZE_BYTES as HASH_SIZE_BYTES } from "./leaf.ts";

/** Levels of the largest tree: row numbers are UInt32. */
const LEVELS_MAX = 33;

const NODE_PREFIX = 0x01;

/** SHA-256 of nothing: the root of a tree without leaves. */
const EMPTY_ROOT: Buffer = Buffer.from(hash("sha256", "", "binary"), "latin1");

/** One for all trees: what it holds lasts for one call. */
const JOINER: PairJoiner = createFastJoiner() ?? createPlainJoiner();

/** A growing tree. */
export class MerkleTree {
  /** Roots of the perfect subtrees on the right edge; bit `n` of the size says whether `n` is set. */
  readonly #subtrees: Buffer = Buffer.alloc(LEVELS_MAX * HASH_SIZE_BYTES);
  readonly #joiner: PairJoiner;
  #size = 0;

  /** @param joiner for tests */
  constructor(joiner: PairJoiner = JOINER) {
    this.#joiner = joiner;
  }

  /** Number of leaves. */
  get size(): number {
    return this.#size;
  }

  /** Append leaves: 32 bytes each, one after another. */
  append(leaves: Uint8Array): void {
    // Room for the hash that waits for the first of them.
    const step = (JOINED_MAX - 1) * HASH_SIZE_BYTES;
    for (let at = 0; at < leaves.length; at += step) this.#append(leaves.subarray(at, at + step));
  }

  /** Level by level: what is left over at one of them waits there for the next leaf. */
  #append(leaves: Uint8Array): void {
    const { memory, start } = this.#joiner;
    memory.set(leaves, start);
    let count = leaves.length / HASH_SIZE_BYTES;
    let before = this.#size;
    this.#size += count;
    for (let level = 0; count > 0; level += 1) {
      const place = level * HASH_SIZE_BYTES;
      let from = start;
      if (before % 2 === 1) {
        from -= HASH_SIZE_BYTES;
        count += 1;
        this.#subtrees.copy(memory, from, place, place + HASH_SIZE_BYTES);
      }
      if (count % 2 === 1) {
        const last = from + (count - 1) * HASH_SIZE_BYTES;
        memory.copy(this.#subtrees, place, last, last + HASH_SIZE_BYTES);
      }
      count = Math.floor(count / 2);
      before = Math.floor(before / 2);
      this.#joiner.join(from, count);
    }
  }

  /** The root of the leaves so far, 32 bytes of its own. */
  root(): Buffer {
    let root: Buffer | undefined;
    for (let level = 0, rest = this.#size; rest > 0; level += 1, rest = Math.floor(rest / 2)) {
      if (rest % 2 === 0) continue;
      const at = level * HASH_SIZE_BYTES;
      const subtree = this.#subtrees.subarray(at, at + HASH_SIZE_BYTES);
      root = root === undefined ? subtree : joined(subtree, root);
    }
    return Buffer.from(root ?? EMPTY_ROOT);
  }
}

function joined(left: Buffer, right: Buffer): Buffer {
  const node = Buffer.concat([Buffer.of(NODE_PREFIX), left, right]);
  return Buffer.from(hash("sha256", node, "binary"), "latin1");
}
