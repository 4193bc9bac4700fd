/**
 * Rows to ClickHouse's RowBinary format.
 *
 * In: row objects and the table's columns. Out: their bytes, column after column in schema order,
 * which is also the canonical form of a row. Pure.
 * Source: ClickHouse documentation, "RowBinary": little-endian numbers, LEB128 lengths.
 */
import type { ColumnType, RowOf, Table } from "@spanledger/schema";
import { type EncodedRows, REQUEST_ROWS_SIZE_MAX_BYTES, rowsTooLarge } from "../base/batch.ts";
import { freeMemory } from "../base/free-memory.ts";

/** Bytes reserved at first: about forty spans of 1.5 KB, so that small requests never grow it. */
const INITIAL_SIZE_BYTES = 65_536;

/** Longest LEB128 length written, in bytes: 2^35 is above any request limit. */
const LENGTH_SIZE_MAX_BYTES = 5;

type Encoder = (sink: Sink, value: never) => void;

/** A growing byte buffer with ClickHouse's primitive encodings. */
class Sink {
  #bytes: Buffer = Buffer.allocUnsafe(INITIAL_SIZE_BYTES);
  #length = 0;

  get size(): number {
    return this.#length;
  }

  take(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  uint8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  uint16(value: number): void {
    this.#reserve(2);
    this.#length = this.#bytes.writeUInt16LE(value, this.#length);
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#length = this.#bytes.writeUInt32LE(value, this.#length);
  }

  uint64(value: bigint): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeBigUInt64LE(value, this.#length);
  }

  int64(value: bigint): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeBigInt64LE(value, this.#length);
  }

  float64(value: number): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  length(value: number): void {
    this.#reserve(LENGTH_SIZE_MAX_BYTES);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  string(value: string): void {
    const sizeBytes = Buffer.byteLength(value);
    this.length(sizeBytes);
    this.#reserve(sizeBytes);
    this.#length += this.#bytes.write(value, this.#length);
  }

  #reserve(sizeBytes: number): void {
    const needed = this.#length + sizeBytes;
    if (needed <= this.#bytes.length) return;
    if (needed > REQUEST_ROWS_SIZE_MAX_BYTES) throw rowsTooLarge();
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    freeMemory(this.#bytes);
    this.#bytes = grown;
  }
}

function arrayOf<T>(item: (sink: Sink, value: T) => void): (sink: Sink, v: readonly T[]) => void {
  return (sink, values) => {
    sink.length(values.length);
    for (const value of values) item(sink, value);
  };
}

function mapOf<T>(
  item: (sink: Sink, value: T) => void,
): (sink: Sink, v: ReadonlyMap<string, T>) => void {
  return (sink, values) => {
    sink.length(values.size);
    for (const [key, value] of values) {
      sink.string(key);
      item(sink, value);
    }
  };
}

const string = (sink: Sink, value: string): void => sink.string(value);
const int64 = (sink: Sink, value: bigint): void => sink.int64(value);
const uint32 = (sink: Sink, value: number): void => sink.uint32(value);

const ENCODERS: Readonly<Record<ColumnType, Encoder>> = {
  Bool: (sink, value: boolean) => sink.uint8(value ? 1 : 0),
  DateTime: uint32,
  "DateTime64(9)": int64,
  "LowCardinality(String)": string,
  "Map(LowCardinality(String), String)": mapOf(string),
  "Map(LowCardinality(String), UInt32)": mapOf(uint32),
  "Nullable(Float64)": (sink, value: number | null) => {
    sink.uint8(value === null ? 1 : 0);
    if (value !== null) sink.float64(value);
  },
  String: string,
  UInt16: (sink, value: number) => sink.uint16(value),
  UInt32: uint32,
  UInt64: (sink, value: bigint) => sink.uint64(value),
  "Array(DateTime64(9))": arrayOf(int64),
  "Array(LowCardinality(String))": arrayOf(string),
  "Array(Map(LowCardinality(String), String))": arrayOf(mapOf(string)),
  "Array(String)": arrayOf(string),
};

/**
 * Encode rows of one table.
 *
 * @returns the rows as RowBinary, in the order given, and where each ends
 * @throws {RequestTooLargeError} rather than fill the memory: rows repeat what their span says
 */
export function encodeRows<T extends Table>(table: T, rows: readonly RowOf<T>[]): EncodedRows {
  const columns = Object.entries(table.columns).map(
    ([name, type]) => [name, ENCODERS[type]] as const,
  );
  const sink = new Sink();
  const rowEnds = new Uint32Array(rows.length);
  for (const [index, row] of rows.entries()) {
    for (const [name, encode] of columns) encode(sink, row[name] as never);
    rowEnds[index] = sink.size;
  }
  return { bytes: sink.take(), rowEnds };
}
