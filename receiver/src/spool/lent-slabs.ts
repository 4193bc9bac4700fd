/**
 * Slabs that another thread lent to the one that makes records.
 *
 * In: slabs, and sizes of records. Out: room in them, and where it is. A batch begins with a slab of
 * its own: the one before may be used again as soon as its batch is stored.
 */
import { SLAB_SIZE_BYTES } from "./limits.ts";

/** A slab as it crosses threads. */
export interface LentSlab {
  readonly id: number;
  readonly memory: SharedArrayBuffer;
}

/** Where a record is: in a slab, or in memory of its own where it is larger than one. */
export type RecordPlace =
  | { readonly slab: number; readonly start: number; readonly end: number }
  | { readonly memory: SharedArrayBuffer };

export class LentSlabs {
  #spare: LentSlab[] = [];
  #current: LentSlab | undefined;
  #usedBytes = 0;
  #batchId = "";

  lend(slabs: readonly LentSlab[]): void {
    this.#spare.push(...slabs);
  }

  /** Records from now on are this batch's. */
  useFor(batchId: string): void {
    if (batchId === this.#batchId) return;
    this.#batchId = batchId;
    this.#current = undefined;
  }

  /** Take room for a record; where no slab has it, memory of its own. */
  take(sizeBytes: number): Buffer {
    const isFull = this.#current === undefined || this.#usedBytes + sizeBytes > SLAB_SIZE_BYTES;
    if (isFull && sizeBytes <= SLAB_SIZE_BYTES && this.#spare.length > 0) {
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
    const memory = record.buffer as unknown as SharedArrayBuffer;
    if (this.#current?.memory !== memory) return { memory };
    const start = record.byteOffset;
    return { slab: this.#current.id, start, end: start + record.length };
  }
}
