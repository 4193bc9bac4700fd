/**
 * Growing byte buffers that rows and texts are written into.
 *
 * In: values, place by place. Out: views of the buffer, valid until it is used again. The buffers
 * are kept from request to request. Writers reserve once for many values and then write without a
 * check, so a row costs one comparison.
 */
import type { EncodedRows, HashRows } from "../base/batch.ts";
import { freeMemory } from "../base/free-memory.ts";

/** First size of a buffer, in bytes: a request of 512 small spans fits. */
const SIZE_MIN_BYTES = 262_144;

/**
 * Largest buffer kept from request to request, in bytes (32 MiB): the largest requests that SDKs and
 * Collectors send by default. Growing costs more than encoding; what is larger is given back.
 */
const SIZE_KEPT_MAX_BYTES = 33_554_432;

/** Room in front of the rows, so that the ledger can put its prefix before the first one. */
const ROOM_SIZE_BYTES = 8;

/** What a copy by words may write over the end, in bytes. */
const OVERHANG_SIZE_BYTES = 8;

/** Up to this size a loop over words beats the call of a native copy, in bytes (measured). */
export const LOOP_COPY_MAX_BYTES = 96;

/** ASCII up to this size is written letter by letter, without a native call, in bytes. */
const SHORT_TEXT_SIZE_MAX_BYTES = 32;

/** Rows whose ends can be noted at first. */
const ROWS_MIN = 1_024;

/** A prepared piece of a row. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

export function pieceOf(bytes: Uint8Array): Piece {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/**
 * Copy by words. Writes up to three bytes too many, which the next write replaces.
 *
 * @returns a number with a high bit set in some byte if the range is not ASCII
 */
export function copyWords(
  out: DataView,
  at: number,
  source: DataView,
  from: number,
  sizeBytes: number,
): number {
  const end = from + sizeBytes;
  const shift = at - from;
  let next = from;
  let seen = 0;
  for (; next + 8 <= end; next += 8) {
    const first = source.getInt32(next, true);
    const second = source.getInt32(next + 4, true);
    seen |= first | second;
    out.setInt32(next + shift, first, true);
    out.setInt32(next + shift + 4, second, true);
  }
  if (next + 4 <= end) {
    const word = source.getInt32(next, true);
    seen |= word;
    out.setInt32(next + shift, word, true);
    next += 4;
  }
  if (next === end) return seen;
  if (next + 4 <= source.byteLength) {
    const word = source.getInt32(next, true);
    out.setInt32(next + shift, word, true);
    return seen | (word << (8 * (next + 4 - end)));
  }
  for (; next < end; next += 1) {
    const byte = source.getUint8(next);
    seen |= byte;
    out.setUint8(next + shift, byte);
  }
  return seen;
}

/** A byte buffer and the place of the next write. */
export class ByteSink {
  bytes: Uint8Array;
  view: DataView;
  at: number;
  readonly #start: number;

  constructor(start = 0) {
    this.#start = start;
    this.at = start;
    this.bytes = new Uint8Array(SIZE_MIN_BYTES);
    this.view = new DataView(this.bytes.buffer);
  }

  get start(): number {
    return this.#start;
  }

  /** Make sure that so many bytes can be written. */
  reserve(sizeBytes: number): void {
    // Words may be written over the end.
    const needed = this.at + sizeBytes + OVERHANG_SIZE_BYTES;
    if (needed > this.bytes.length) this.#resize(Math.max(needed, this.bytes.length * 2));
  }

  /** Begin again; gives back a buffer that one request made large. */
  clear(): void {
    this.at = this.#start;
    if (this.bytes.length > SIZE_KEPT_MAX_BYTES) this.#resize(SIZE_MIN_BYTES);
  }

  /** A number as LEB128, the length of a string, array or map. */
  length(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.at++] = rest;
  }

  uint16(value: number): void {
    this.view.setUint16(this.at, value, true);
    this.at += 2;
  }

  uint32(value: number): void {
    this.view.setUint32(this.at, value, true);
    this.at += 4;
  }

  /** All of a prepared piece. */
  piece(piece: Piece): void {
    const sizeBytes = piece.bytes.length;
    if (sizeBytes <= LOOP_COPY_MAX_BYTES) copyWords(this.view, this.at, piece.view, 0, sizeBytes);
    else this.bytes.set(piece.bytes, this.at);
    this.at += sizeBytes;
  }

  /** Copy a range of another memory. */
  copy(source: Uint8Array, view: DataView, from: number, to: number): void {
    if (to - from <= LOOP_COPY_MAX_BYTES) copyWords(this.view, this.at, view, from, to - from);
    else this.bytes.set(source.subarray(from, to), this.at);
    this.at += to - from;
  }

  /** An integer from 0 to 2^53 - 1 as digits, without a length. */
  digits(value: number): void {
    let size = 1;
    for (let scale = 10; scale <= value; scale *= 10) size += 1;
    const end = this.at + size;
    this.at = end;
    let rest = value;
    let place = end - 1;
    // Integers of 31 bits divide several times faster.
    for (; rest > 0x7fff_ffff; place -= 1) {
      const tenth = Math.floor(rest / 10);
      this.bytes[place] = 0x30 + (rest - tenth * 10);
      rest = tenth;
    }
    for (let low = rest | 0; place >= end - size; place -= 1) {
      const tenth = (low / 10) | 0;
      this.bytes[place] = 0x30 + (low - tenth * 10);
      low = tenth;
    }
  }

  /** A text from outside of the request, with its length; reserves by itself. */
  text(text: string): void {
    const sizeBytes = Buffer.byteLength(text);
    this.reserve(sizeBytes + LENGTH_SIZE_MAX_BYTES);
    this.length(sizeBytes);
    this.rawText(text, sizeBytes);
  }

  /** A text without its length, for which room was reserved. */
  rawText(text: string, sizeBytes: number): void {
    if (sizeBytes <= SHORT_TEXT_SIZE_MAX_BYTES && sizeBytes === text.length) {
      this.#letters(text);
      return;
    }
    const buffer = Buffer.from(this.bytes.buffer, this.at, sizeBytes);
    buffer.write(text);
    this.at += sizeBytes;
  }

  /** A text of ASCII without its length, for which room was reserved. */
  latin1(text: string): void {
    if (text.length <= SHORT_TEXT_SIZE_MAX_BYTES) {
      this.#letters(text);
      return;
    }
    Buffer.from(this.bytes.buffer, this.at, text.length).write(text, "latin1");
    this.at += text.length;
  }

  #letters(text: string): void {
    const { bytes, at } = this;
    for (let i = 0; i < text.length; i += 1) bytes[at + i] = text.charCodeAt(i);
    this.at = at + text.length;
  }

  #resize(sizeBytes: number): void {
    const grown = new Uint8Array(sizeBytes);
    grown.set(this.bytes.subarray(0, this.at));
    freeMemory(this.bytes);
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}

/** Longest length that is written, in bytes. */
export const LENGTH_SIZE_MAX_BYTES = 5;

/** The rows of one table. */
export class RowSink extends ByteSink {
  rows = 0;
  #ends: Uint32Array = new Uint32Array(ROWS_MIN);
  #leaves = "";
  #hashedRows = 0;

  constructor() {
    super(ROOM_SIZE_BYTES);
  }

  override clear(): void {
    super.clear();
    this.rows = 0;
    this.#leaves = "";
    this.#hashedRows = 0;
  }

  /** Make the leaves of the rows written since the last time; those can no longer be rolled back. */
  hash(hashRows: HashRows): void {
    if (this.#hashedRows === this.rows) return;
    const framed = this.bytes.subarray(ROOM_SIZE_BYTES - 1, this.at);
    this.#leaves += hashRows(framed, this.#ends, this.#hashedRows, this.rows);
    this.#hashedRows = this.rows;
  }

  /** The row that was being written is complete. */
  endRow(): void {
    if (this.rows === this.#ends.length) {
      const grown = new Uint32Array(this.rows * 2);
      grown.set(this.#ends);
      this.#ends = grown;
    }
    this.#ends[this.rows] = this.at - ROOM_SIZE_BYTES;
    this.rows += 1;
  }

  /** Forget what was written since the sink had so many rows. */
  rollBack(rows: number): void {
    this.rows = rows;
    this.at = ROOM_SIZE_BYTES + (rows === 0 ? 0 : (this.#ends[rows - 1] as number));
  }

  /** Rows that were encoded elsewhere. */
  append(rows: EncodedRows): void {
    this.reserve(rows.bytes.length);
    const start = this.at;
    for (const end of rows.rowEnds) {
      this.at = start + end;
      this.endRow();
    }
    this.bytes.set(rows.bytes, start);
  }

  /** Bytes of all rows. */
  get sizeBytes(): number {
    return this.at - ROOM_SIZE_BYTES;
  }

  /** The rows; valid until the sink is used again. */
  take(): EncodedRows {
    const rows: EncodedRows = {
      bytes: this.bytes.subarray(ROOM_SIZE_BYTES, this.at),
      rowEnds: this.#ends.subarray(0, this.rows),
    };
    if (this.#hashedRows === 0 || this.#hashedRows !== this.rows) return rows;
    return { ...rows, leaves: Buffer.from(this.#leaves, "binary") };
  }
}
