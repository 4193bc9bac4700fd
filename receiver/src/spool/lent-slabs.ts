/**
 * Slabs that another thread lent to the one that makes records.
 *
 * In: slabs, and sizes of records. Out: room in them, and where it is. A record larger than a slab gets
 * memory of its own, which is lent like a slab the next time if it can be shared. A batch begins with a
 * slab of its own: the one before may be used again as soon as its records are read no more.
 */
import { SLAB_SIZE_BYTES } from "./limits.ts";
import { largeMemory } from "./slabs.ts";

/** A slab as it crosses threads. */
export interface LentSlab {
  readonly id: number;
  readonly memory: SharedArrayBuffer;
}

/** Where a record is: in memory that was lent, or in memory that was made for it. */
export type RecordPlace = { readonly start: number; readonly end: number } & (
  | { readonly slab: number }
  | { readonly memory: ArrayBufferLike }
);

export class LentSlabs {
  #spare: LentSlab[] = [];
  /** Larger ones, for records larger than a slab. */
  #large: LentSlab[] = [];
  #lastLarge: LentSlab | undefined;
  #retired: number[] = [];
  #current: LentSlab | undefined;
  #usedBytes = 0;
  #batchId = "";

  lend(slabs: readonly LentSlab[]): void {
    for (const slab of slabs) {
      (slab.memory.byteLength > SLAB_SIZE_BYTES ? this.#large : this.#spare).push(slab);
    }
  }

  /** Records from now on are this batch's. */
  useFor(batchId: string): void {
    if (batchId === this.#batchId) return;
    this.#batchId = batchId;
    this.#current = undefined;
  }

  /** Take room for a record; where no slab has it, memory of its own. */
  take(sizeBytes: number): Buffer {
    if (sizeBytes > SLAB_SIZE_BYTES) return this.#takeLarge(sizeBytes);
    const isFull = this.#current === undefined || this.#usedBytes + sizeBytes > SLAB_SIZE_BYTES;
    if (isFull && this.#spare.length > 0) {
      this.#current = this.#spare.shift();
      this.#usedBytes = 0;
    } else if (isFull) return Buffer.from(new SharedArrayBuffer(sizeBytes));
    if (this.#current === undefined) throw new RangeError("there is no slab");
    const start = this.#usedBytes;
    this.#usedBytes += sizeBytes;
    return Buffer.from(this.#current.memory, start, sizeBytes);
  }

  /** Where a record is that was just taken. */
  placeOf(record: Buffer): RecordPlace {
    const memory: ArrayBufferLike = record.buffer;
    const start = record.byteOffset;
    const end = start + record.length;
    for (const slab of [this.#current, this.#lastLarge]) {
      if (slab?.memory === memory) return { slab: slab.id, start, end };
    }
    return { memory, start, end };
  }

  /** Those that are not wanted any more, since the last time that this was asked. */
  takeRetired(): readonly number[] {
    return this.#retired.splice(0);
  }

  /** Where all are too small they are not wanted any more: records are larger now. */
  #takeLarge(sizeBytes: number): Buffer {
    const at = this.#large.findIndex(({ memory }) => memory.byteLength >= sizeBytes);
    if (at === -1) this.#retired.push(...this.#large.splice(0).map(({ id }) => id));
    const [slab] = at === -1 ? [] : this.#large.splice(at, 1);
    this.#lastLarge = slab;
    return Buffer.from(slab?.memory ?? largeMemory(sizeBytes), 0, sizeBytes);
  }
}
