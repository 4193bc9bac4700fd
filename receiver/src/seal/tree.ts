/**
 * The Merkle tree of RFC 6962, section 2.1, grown leaf by leaf.
 *
 * In: leaf hashes in order. Out: the root. Holds one hash per level, never the leaves.
 */
import { hash } from "node:crypto";
import { LEAF_SIZE_BYTES as HASH_SIZE_BYTES } from "./leaf.ts";

/** Levels of the largest tree: row numbers are UInt32. */
const LEVELS_MAX = 33;

const NODE_PREFIX = 0x01;

/** SHA-256 of nothing: the root of a tree without leaves. */
const EMPTY_ROOT: Buffer = Buffer.from(hash("sha256", "", "binary"), "latin1");

/** A growing tree. */
export class MerkleTree {
  /** Roots of the perfect subtrees on the right edge; bit `n` of the size says whether `n` is set. */
  readonly #subtrees: Buffer = Buffer.alloc(LEVELS_MAX * HASH_SIZE_BYTES);
  readonly #node: Buffer = Buffer.alloc(1 + 2 * HASH_SIZE_BYTES);
  #size = 0;

  constructor() {
    this.#node[0] = NODE_PREFIX;
  }

  /** Number of leaves. */
  get size(): number {
    return this.#size;
  }

  /** Append leaves: 32 bytes each, one after another. */
  append(leaves: Uint8Array): void {
    for (let at = 0; at < leaves.length; at += HASH_SIZE_BYTES) this.#appendOne(leaves, at);
  }

  #appendOne(leaves: Uint8Array, at: number): void {
    const node = this.#node;
    node.set(leaves.subarray(at, at + HASH_SIZE_BYTES), 1 + HASH_SIZE_BYTES);
    let level = 0;
    for (let rest = this.#size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      this.#join(level);
      level += 1;
    }
    node.copy(this.#subtrees, level * HASH_SIZE_BYTES, 1 + HASH_SIZE_BYTES);
    this.#size += 1;
  }

  /** Put the subtree of a level to the left of what the node holds on its right; hash both. */
  #join(level: number): void {
    const at = level * HASH_SIZE_BYTES;
    this.#subtrees.copy(this.#node, 1, at, at + HASH_SIZE_BYTES);
    // Text of one byte per character: node hands a Buffer back three times slower.
    this.#node.write(hash("sha256", this.#node, "binary"), 1 + HASH_SIZE_BYTES, "latin1");
  }

  /** The root of the leaves so far, 32 bytes of its own. */
  root(): Buffer {
    if (this.#size === 0) return Buffer.from(EMPTY_ROOT);
    let found = false;
    for (let level = 0, rest = this.#size; rest > 0; level += 1, rest = Math.floor(rest / 2)) {
      if (rest % 2 === 0) continue;
      if (found) this.#join(level);
      else
        this.#subtrees.copy(
          this.#node,
          1 + HASH_SIZE_BYTES,
          level * HASH_SIZE_BYTES,
          (level + 1) * HASH_SIZE_BYTES,
        );
      found = true;
    }
    return Buffer.from(this.#node.subarray(1 + HASH_SIZE_BYTES));
  }
}
