/**
 * Memory for the records of batches, used again from batch to batch.
 *
 * In: sizes. Out: buffers, not zeroed. Side effect: large buffers are kept between batches.
 *
 * Memory made anew for every record is paid for several times: the kernel zeroes it, and V8, which
 * counts it as garbage to come, goes through the whole heap ten times a second to find it.
 */
import { freeMemory } from "../base/free-memory.ts";
import { SLAB_SIZE_BYTES, SLABS_KEPT_MAX } from "./limits.ts";

/** Slabs that no batch holds. */
export class SlabPool {
  readonly #free: Buffer[] = [];

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(SLAB_SIZE_BYTES);
  }

  give(slab: Buffer): void {
    if (this.#free.length < SLABS_KEPT_MAX) this.#free.push(slab);
    else freeMemory(slab);
  }
}

/** The memory of one batch. */
export class BatchMemory {
  readonly #pool: SlabPool;
  #slabs: Buffer[] = [];
  /** Bytes of the last slab that are taken. */
  #usedBytes = SLAB_SIZE_BYTES;
  #sizeBytes = 0;
  #isSpoiled = false;

  constructor(pool: SlabPool) {
    this.#pool = pool;
  }

  /** Bytes held, whether or not they are used. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Bytes that are free in what is held. */
  get roomBytes(): number {
    return SLAB_SIZE_BYTES - this.#usedBytes;
  }

  /** Take room for a record; one larger than a slab gets memory of its own. */
  take(sizeBytes: number): Buffer {
    if (sizeBytes > SLAB_SIZE_BYTES) {
      this.#sizeBytes += sizeBytes;
      return Buffer.allocUnsafeSlow(sizeBytes);
    }
    if (this.#usedBytes + sizeBytes > SLAB_SIZE_BYTES) {
      this.takeSlab();
      this.#usedBytes = 0;
    }
    const start = this.#usedBytes;
    this.#usedBytes += sizeBytes;
    return (this.#slabs.at(-1) as Buffer).subarray(start, this.#usedBytes);
  }

  /** Take a whole slab. */
  takeSlab(): Buffer {
    const slab = this.#pool.take();
    this.#slabs.push(slab);
    this.#sizeBytes += SLAB_SIZE_BYTES;
    this.#usedBytes = SLAB_SIZE_BYTES;
    return slab;
  }

  /** Someone may go on reading it: it is never used again. */
  spoil(): void {
    this.#isSpoiled = true;
  }

  /** Nobody reads it any more. */
  release(): void {
    for (const slab of this.#isSpoiled ? [] : this.#slabs) this.#pool.give(slab);
    this.#slabs = [];
    this.#usedBytes = SLAB_SIZE_BYTES;
    this.#sizeBytes = 0;
  }
}
