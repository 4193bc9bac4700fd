/**
 * Memory for the records of batches, used again from batch to batch and shared by threads.
 *
 * In: sizes. Out: buffers, not zeroed. Side effect: large buffers are kept between batches.
 *
 * Memory made anew for every record is paid for several times: the kernel zeroes it, and V8, which
 * counts it as garbage to come, goes through the whole heap ten times a second to find it.
 */
import {
  HELD_BACK_MIN_BYTES,
  LARGE_KEPT_MAX_BYTES,
  LARGE_STEP_BYTES,
  SLAB_SIZE_BYTES,
  SLABS_KEPT_MAX,
} from "./limits.ts";

/** A piece of memory that several records lie in. */
export interface Slab {
  /** Names it to other threads. */
  readonly id: number;
  readonly memory: SharedArrayBuffer;
  readonly bytes: Buffer;
}

/**
 * Memory for a record larger than a slab: so much that the next one like it fits. For a very large one it
 * is not shared, but goes from thread to thread, and the last one frees it: nobody can free shared
 * memory by hand.
 */
export function largeMemory(sizeBytes: number): ArrayBufferLike {
  if (sizeBytes > HELD_BACK_MIN_BYTES) return new ArrayBuffer(sizeBytes);
  const steps = Math.ceil(sizeBytes / LARGE_STEP_BYTES + 1);
  return new SharedArrayBuffer(steps * LARGE_STEP_BYTES);
}

/** Slabs that nobody holds. */
export class SlabPool {
  readonly #free: Slab[] = [];
  #large: Slab[] = [];
  #lastId = 0;

  take(): Slab {
    return this.#free.pop() ?? this.#named(new SharedArrayBuffer(SLAB_SIZE_BYTES));
  }

  /** Memory for a record larger than a slab, at least as large. */
  takeLarge(sizeBytes: number): ArrayBufferLike {
    const at = this.#large.findIndex(({ bytes }) => bytes.length >= sizeBytes);
    const [kept] = at === -1 ? [] : this.#large.splice(at, 1);
    return kept?.memory ?? largeMemory(sizeBytes);
  }

  /** All that is kept for such records. */
  takeAllLarge(): Slab[] {
    const all = this.#large;
    this.#large = [];
    return all;
  }

  give(slab: Slab): void {
    if (slab.bytes.length > SLAB_SIZE_BYTES) this.#giveLarge(slab);
    else if (this.#free.length < SLABS_KEPT_MAX) this.#free.push(slab);
  }

  /** Memory that was made for one record; one larger than a slab is kept for the next one like it. */
  giveMemory(memory: ArrayBufferLike): void {
    if (memory instanceof SharedArrayBuffer) {
      if (memory.byteLength > SLAB_SIZE_BYTES) this.#giveLarge(this.#named(memory));
    } else if (!memory.detached) memory.transfer(0);
  }

  /** The largest ones go first: they came for requests that are seldom. */
  #giveLarge(slab: Slab): void {
    this.#large = [...this.#large, slab].toSorted((a, b) => a.bytes.length - b.bytes.length);
    const sum = (): number => this.#large.reduce((bytes, one) => bytes + one.bytes.length, 0);
    while (sum() > LARGE_KEPT_MAX_BYTES) this.#large.pop();
  }

  #named(memory: SharedArrayBuffer): Slab {
    this.#lastId += 1;
    return { id: this.#lastId, memory, bytes: Buffer.from(memory) };
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
  /** Memory that holds one record each, and its size: it may go to another thread. */
  readonly #own = new Map<ArrayBufferLike, number>();

  constructor(pool: SlabPool) {
    this.#pool = pool;
  }

  /** Bytes held, whether or not they are used. */
  get sizeBytes(): number {
    let sizeBytes = this.#slabs.length * SLAB_SIZE_BYTES;
    for (const ownBytes of this.#own.values()) sizeBytes += ownBytes;
    return sizeBytes;
  }

  get pool(): SlabPool {
    return this.#pool;
  }

  /** Take room for a record; one larger than a slab gets memory of its own. */
  take(sizeBytes: number): Buffer {
    if (sizeBytes > SLAB_SIZE_BYTES) {
      const memory = this.#pool.takeLarge(sizeBytes);
      this.holdOwn(memory);
      return Buffer.from(memory, 0, sizeBytes);
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

  /** A record has memory that no other lies in. */
  holdOwn(memory: ArrayBufferLike): void {
    this.#own.set(memory, memory.byteLength);
  }

  /** A record is read no more. The last slab stays: more records may come into it. */
  free(record: Buffer): void {
    const memory: ArrayBufferLike = record.buffer;
    const held = this.#slabs.find(({ slab }) => slab.memory === memory);
    if (held === undefined) {
      this.#own.delete(memory);
      this.#pool.giveMemory(memory);
      return;
    }
    held.records -= 1;
    if (held.records === 0 && held !== this.#slabs.at(-1)) this.#giveBack(held);
  }

  /** No record of it is read any more, and none comes. */
  release(): void {
    for (const { slab } of this.#slabs.splice(0)) this.#pool.give(slab);
    this.#usedBytes = SLAB_SIZE_BYTES;
    this.#own.clear();
  }

  #giveBack(held: HeldSlab): void {
    this.#slabs.splice(this.#slabs.indexOf(held), 1);
    this.#pool.give(held.slab);
  }
}
