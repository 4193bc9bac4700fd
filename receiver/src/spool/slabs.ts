/**
 * Memory for the records of batches, used again from batch to batch and shared by threads.
 *
 * In: sizes. Out: buffers, not zeroed. Side effect: large buffers are kept between batches.
 *
 * Memory made anew for every record is paid for several times: the kernel zeroes it, and V8, which
 * counts it as garbage to come, goes through the whole heap ten times a second to find it.
 */
import { SLAB_SIZE_BYTES, SLABS_KEPT_MAX } from "./limits.ts";

/** A piece of memory that several records lie in. */
export interface Slab {
  /** Names it to other threads. */
  readonly id: number;
  readonly memory: SharedArrayBuffer;
  readonly bytes: Buffer;
}

/** Slabs that no batch holds. */
export class SlabPool {
  readonly #free: Slab[] = [];
  #lastId = 0;

  take(): Slab {
    const kept = this.#free.pop();
    if (kept !== undefined) return kept;
    this.#lastId += 1;
    const memory = new SharedArrayBuffer(SLAB_SIZE_BYTES);
    return { id: this.#lastId, memory, bytes: Buffer.from(memory) };
  }

  give(slab: Slab): void {
    if (this.#free.length < SLABS_KEPT_MAX) this.#free.push(slab);
  }
}

/** The memory of one batch. */
export class BatchMemory {
  readonly #pool: SlabPool;
  #slabs: Slab[] = [];
  /** Bytes of the last slab that are taken. */
  #usedBytes = SLAB_SIZE_BYTES;
  #sizeBytes = 0;

  constructor(pool: SlabPool) {
    this.#pool = pool;
  }

  /** Bytes held, whether or not they are used. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get pool(): SlabPool {
    return this.#pool;
  }

  /** Bytes that are free in what is held. */
  get roomBytes(): number {
    return SLAB_SIZE_BYTES - this.#usedBytes;
  }

  /** Take room for a record; one larger than a slab gets memory of its own. */
  take(sizeBytes: number): Buffer {
    if (sizeBytes > SLAB_SIZE_BYTES) {
      this.holdOwn(sizeBytes);
      return Buffer.from(new SharedArrayBuffer(sizeBytes));
    }
    if (this.#usedBytes + sizeBytes > SLAB_SIZE_BYTES) {
      this.takeSlab();
      this.#usedBytes = 0;
    }
    const start = this.#usedBytes;
    this.#usedBytes += sizeBytes;
    return (this.#slabs.at(-1) as Slab).bytes.subarray(start, this.#usedBytes);
  }

  /** Take a whole slab. */
  takeSlab(): Buffer {
    const slab = this.#pool.take();
    this.hold(slab);
    return slab.bytes;
  }

  /** A slab of the pool's is this batch's from now on. */
  hold(slab: Slab): void {
    this.#slabs.push(slab);
    this.#sizeBytes += SLAB_SIZE_BYTES;
    this.#usedBytes = SLAB_SIZE_BYTES;
  }

  /** What lies before this place of the last slab is taken. */
  use(usedBytes: number): void {
    this.#usedBytes = usedBytes;
  }

  /** Memory that is no slab; it goes with the batch. */
  holdOwn(sizeBytes: number): void {
    this.#sizeBytes += sizeBytes;
  }

  /** Nobody reads it any more. */
  release(): void {
    for (const slab of this.#slabs) this.#pool.give(slab);
    this.#slabs = [];
    this.#usedBytes = SLAB_SIZE_BYTES;
    this.#sizeBytes = 0;
  }
}
