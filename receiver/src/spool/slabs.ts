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

/** Slabs that nobody holds. */
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

/** A slab, and the records in it that somebody still reads. */
interface HeldSlab {
  readonly slab: Slab;
  records: number;
}

/** The memory that the records of one batch lie in until they are on the disk and read no more. */
export class BatchMemory {
  readonly #pool: SlabPool;
  readonly #slabs: HeldSlab[] = [];
  /** Bytes of the last slab that are taken. */
  #usedBytes = SLAB_SIZE_BYTES;
  /** Of memory that is no slab. */
  #ownBytes = 0;

  constructor(pool: SlabPool) {
    this.#pool = pool;
  }

  /** Bytes held, whether or not they are used. */
  get sizeBytes(): number {
    return this.#slabs.length * SLAB_SIZE_BYTES + this.#ownBytes;
  }

  get pool(): SlabPool {
    return this.#pool;
  }

  /** Take room for a record; one larger than a slab gets memory of its own. */
  take(sizeBytes: number): Buffer {
    if (sizeBytes > SLAB_SIZE_BYTES) {
      this.holdOwn(sizeBytes);
      return Buffer.from(new SharedArrayBuffer(sizeBytes));
    }
    if (this.#usedBytes + sizeBytes > SLAB_SIZE_BYTES) {
      this.hold(this.#pool.take());
      this.#usedBytes = 0;
    }
    const start = this.#usedBytes;
    this.use(start + sizeBytes);
    return (this.#slabs.at(-1) as HeldSlab).slab.bytes.subarray(start, this.#usedBytes);
  }

  /** A slab of the pool's is this batch's from now on; into the one before it no more records come. */
  hold(slab: Slab): void {
    const before = this.#slabs.at(-1);
    if (before?.records === 0) this.#giveBack(before);
    this.#slabs.push({ slab, records: 0 });
    this.#usedBytes = SLAB_SIZE_BYTES;
  }

  /** A record of the last slab ends here. */
  use(endBytes: number): void {
    this.#usedBytes = endBytes;
    (this.#slabs.at(-1) as HeldSlab).records += 1;
  }

  /** A record has memory that is no slab. */
  holdOwn(sizeBytes: number): void {
    this.#ownBytes += sizeBytes;
  }

  /** A record is read no more. The last slab stays: more records may come into it. */
  free(record: Buffer): void {
    const memory = record.buffer as unknown;
    const held = this.#slabs.find(({ slab }) => slab.memory === memory);
    if (held === undefined) {
      this.#ownBytes -= record.length;
      return;
    }
    held.records -= 1;
    if (held.records === 0 && held !== this.#slabs.at(-1)) this.#giveBack(held);
  }

  /** No record of it is read any more, and none comes. */
  release(): void {
    for (const { slab } of this.#slabs.splice(0)) this.#pool.give(slab);
    this.#usedBytes = SLAB_SIZE_BYTES;
    this.#ownBytes = 0;
  }

  #giveBack(held: HeldSlab): void {
    this.#slabs.splice(this.#slabs.indexOf(held), 1);
    this.#pool.give(held.slab);
  }
}
