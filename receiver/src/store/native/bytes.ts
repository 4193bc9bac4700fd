/**
 * Bytes that are read and bytes that grow, for turning rows into columns.
 *
 * In: whole rows as RowBinary. Out: positions, copies. Pure.
 */
import { freeMemory } from "../../base/free-memory.ts";

/** Bytes reserved at first (4 KiB): most columns of most batches hold little. */
const INITIAL_SIZE_BYTES = 4_096;

/**
 * What becomes larger than the first size takes the second at once, in bytes (1 MiB, 34 MiB). That much
 * is mapped by itself (glibc: always above 32 MiB): pages that nothing is written to take no memory,
 * and what is outgrown leaves no hole that stays.
 */
const SMALL_SIZE_MAX_BYTES = 1_048_576;
const MAPPED_SIZE_BYTES = 67_108_864;

/**
 * Largest content after which the memory is used again, in bytes (32 MiB): more than the largest column
 * of a full batch takes. A few requests of 60 MB make one of twice that, seldom.
 */
export const CONTENT_KEPT_MAX_BYTES = 33_554_432;

const EMPTY = Buffer.alloc(0);

/** Where the reading of the rows stands. */
export class RowReader {
  rows: Uint8Array = EMPTY;
  view: DataView = new DataView(EMPTY.buffer, 0, 0);
  at = 0;

  /** Begin at the front of these rows. */
  open(rows: Uint8Array): void {
    this.rows = rows;
    this.view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
    this.at = 0;
  }

  /** Read a LEB128 length. */
  length(): number {
    const { rows } = this;
    const first = rows[this.at] as number;
    this.at += 1;
    if (first < 128) return first;
    let value = first & 127;
    for (let scale = 128; this.at < rows.length; scale *= 128) {
      const byte = rows[this.at] as number;
      this.at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new RangeError("the rows end within a length");
  }

  /** Where the text that begins here ends. */
  endOfText(): number {
    const start = this.at;
    const size = this.length();
    const end = this.at + size;
    this.at = start;
    if (end > this.rows.length) throw new RangeError("the rows end within a text");
    return end;
  }
}

/** Bytes that grow and are used again. */
export class GrowingBytes {
  bytes: Uint8Array = Buffer.allocUnsafeSlow(INITIAL_SIZE_BYTES);
  view: DataView = new DataView(this.bytes.buffer, this.bytes.byteOffset, INITIAL_SIZE_BYTES);
  size = 0;

  /** Begin again; what became very large is given back. Nobody may read what was taken any more. */
  clear(): void {
    const { size } = this;
    this.size = 0;
    if (size > CONTENT_KEPT_MAX_BYTES) this.#resize(INITIAL_SIZE_BYTES);
  }

  /** Append what lies between two places of the rows. */
  append({ rows, view: source }: RowReader, start: number, end: number): void {
    const length = end - start;
    const { size } = this;
    if (size + length > this.bytes.length) this.#grow(size + length);
    this.size = size + length;
    const { view, bytes } = this;
    let at = 0;
    // Most values are short: eight bytes at a time, without a call.
    for (; at + 8 <= length; at += 8) {
      view.setBigUint64(size + at, source.getBigUint64(start + at, true), true);
    }
    for (; at < length; at += 1) bytes[size + at] = rows[start + at] as number;
  }

  /** Append so many times again what has been appended since this place. */
  repeat(start: number, times: number): void {
    const { size } = this;
    const length = size - start;
    const end = size + length * times;
    if (end > this.bytes.length) this.#grow(end);
    const { bytes } = this;
    for (let at = size; at < end; at += 1) bytes[at] = bytes[at - length] as number;
    this.size = end;
  }

  /** Append a number of eight bytes, below 2^32. */
  uint64(value: number): void {
    const { size } = this;
    if (size + 8 > this.bytes.length) this.#grow(size + 8);
    this.view.setUint32(size, value, true);
    this.view.setUint32(size + 4, 0, true);
    this.size = size + 8;
  }

  /** The number, below 2^32, of eight bytes at this place. */
  uint64At(at: number): number {
    return this.view.getUint32(at, true);
  }

  /** What was appended; valid until the next change. */
  taken(): Uint8Array {
    return this.bytes.subarray(0, this.size);
  }

  #grow(neededBytes: number): void {
    this.#resize(grownSize(this.bytes.length, neededBytes));
  }

  #resize(sizeBytes: number): void {
    const resized = Buffer.allocUnsafeSlow(sizeBytes);
    resized.set(this.bytes.subarray(0, this.size));
    freeMemory(this.bytes);
    this.bytes = resized;
    this.view = new DataView(resized.buffer, resized.byteOffset, sizeBytes);
  }
}

function grownSize(sizeBytes: number, neededBytes: number): number {
  const grownBytes = Math.max(sizeBytes * 2, neededBytes);
  return grownBytes > SMALL_SIZE_MAX_BYTES ? Math.max(grownBytes, MAPPED_SIZE_BYTES) : grownBytes;
}

/** Whether the rows hold at one place what they, or others, hold at another. */
export function isSame(
  a: DataView,
  atA: number,
  b: DataView,
  atB: number,
  sizeBytes: number,
): boolean {
  if (atA + sizeBytes > a.byteLength) return false;
  let at = 0;
  for (; at + 8 <= sizeBytes; at += 8) {
    if (a.getBigUint64(atA + at, true) !== b.getBigUint64(atB + at, true)) return false;
  }
  for (; at < sizeBytes; at += 1) if (a.getUint8(atA + at) !== b.getUint8(atB + at)) return false;
  return true;
}
