/**
 * Columns of a Native block, filled row by row from RowBinary.
 *
 * In: a column's type and a reader of rows. Out: the type as it is sent, and the column's bytes. Pure.
 * Texts that repeat are sent as LowCardinality whatever the table has: ClickHouse converts them.
 * Source: ClickHouse, src/DataTypes/Serializations; docs/en/interfaces/formats/Native.
 */
import { GrowingBytes, type RowReader } from "./bytes.ts";
import { DictionaryColumn } from "./dictionary.ts";

/** One column, or a part of one. */
export interface NativeColumn {
  /** The type as it is sent. */
  readonly type: string;
  /** Forget all rows. */
  reset(): void;
  /** The values of a row begin here: {@link repeat} appends them again. */
  begin(): void;
  /** Take the value at the reader. `place` is its place within an array or map, 0 elsewhere. */
  move(reader: RowReader, place: number): void;
  /** Append the values of the last row so many times again. */
  repeat(times: number): void;
  /** About what its values take. */
  readonly sizeBytes: number;
  /** What Native writes before the column's data. */
  prefix(): readonly Uint8Array[];
  /** The column's data; valid until the next change. */
  pieces(): readonly Uint8Array[];
}

const NO_PIECES: readonly Uint8Array[] = [];

const FIXED_BYTES: Readonly<Record<string, number>> = {
  Bool: 1,
  UInt16: 2,
  UInt32: 4,
  DateTime: 4,
  UInt64: 8,
  Float64: 8,
  "DateTime64(9)": 8,
};

/** Values of one size. */
class FixedColumn implements NativeColumn {
  readonly type: string;
  /** Of one value. */
  readonly #valueBytes: number;
  readonly #values = new GrowingBytes();
  #last = 0;

  constructor(type: string, valueBytes: number) {
    this.type = type;
    this.#valueBytes = valueBytes;
  }

  get sizeBytes(): number {
    return this.#values.size;
  }

  reset(): void {
    this.#values.clear();
  }

  begin(): void {
    this.#last = this.#values.size;
  }

  move(reader: RowReader): void {
    const end = reader.at + this.#valueBytes;
    if (end > reader.rows.length) throw new RangeError("the rows end within a number");
    this.#values.append(reader, reader.at, end);
    reader.at = end;
  }

  /** A value that is there only because every row needs one. */
  zero(): void {
    this.#values.uint64(0);
    this.#values.size += this.#valueBytes - 8;
  }

  repeat(times: number): void {
    const size = this.#values.size - this.#last;
    this.#values.repeat(this.#last, times);
    this.#last = this.#values.size - size;
  }

  prefix(): readonly Uint8Array[] {
    return NO_PIECES;
  }

  pieces(): readonly Uint8Array[] {
    return [this.#values.taken()];
  }
}

/** Texts that differ from row to row. */
class TextColumn implements NativeColumn {
  readonly type = "String";
  readonly #texts = new GrowingBytes();
  #last = 0;

  get sizeBytes(): number {
    return this.#texts.size;
  }

  reset(): void {
    this.#texts.clear();
  }

  begin(): void {
    this.#last = this.#texts.size;
  }

  move(reader: RowReader): void {
    const end = reader.endOfText();
    this.#texts.append(reader, reader.at, end);
    reader.at = end;
  }

  repeat(times: number): void {
    const size = this.#texts.size - this.#last;
    this.#texts.repeat(this.#last, times);
    this.#last = this.#texts.size - size;
  }

  prefix(): readonly Uint8Array[] {
    return NO_PIECES;
  }

  pieces(): readonly Uint8Array[] {
    return [this.#texts.taken()];
  }
}

/** Arrays, and maps, which are arrays of keys and values: where each row ends, then the parts. */
class RepeatedColumn implements NativeColumn {
  readonly type: string;
  readonly #first: NativeColumn;
  readonly #second: NativeColumn | undefined;
  readonly #ends = new GrowingBytes();
  #total = 0;
  #lastTotal = 0;
  /** Rows of this column that the last row of the table holds: several within an array of maps. */
  #lastRows = 0;

  constructor(name: string, first: NativeColumn, second?: NativeColumn) {
    this.type = `${name}(${second === undefined ? first.type : `${first.type}, ${second.type}`})`;
    this.#first = first;
    this.#second = second;
  }

  get sizeBytes(): number {
    return this.#ends.size + this.#first.sizeBytes + (this.#second?.sizeBytes ?? 0);
  }

  reset(): void {
    this.#ends.clear();
    this.#total = 0;
    this.#first.reset();
    this.#second?.reset();
  }

  begin(): void {
    this.#lastTotal = this.#total;
    this.#lastRows = 0;
    this.#first.begin();
    this.#second?.begin();
  }

  move(reader: RowReader): void {
    const count = reader.length();
    const [first, second] = [this.#first, this.#second];
    for (let place = 0; place < count; place += 1) {
      first.move(reader, place);
      second?.move(reader, place);
    }
    this.#total += count;
    this.#lastRows += 1;
    this.#ends.uint64(this.#total);
  }

  repeat(times: number): void {
    const more = this.#total - this.#lastTotal;
    const sizeBytes = this.#lastRows * 8;
    const to = this.#ends.size + sizeBytes * times;
    for (let at = this.#ends.size; at < to; at += 8) {
      this.#ends.uint64(this.#ends.uint64At(at - sizeBytes) + more);
    }
    this.#total += more * times;
    this.#lastTotal = this.#total - more;
    if (more === 0) return;
    this.#first.repeat(times);
    this.#second?.repeat(times);
  }

  prefix(): readonly Uint8Array[] {
    return [...this.#first.prefix(), ...(this.#second?.prefix() ?? NO_PIECES)];
  }

  pieces(): readonly Uint8Array[] {
    const second = this.#second?.pieces() ?? NO_PIECES;
    return [this.#ends.taken(), ...this.#first.pieces(), ...second];
  }
}

/** Numbers that may be missing. */
class NullableColumn implements NativeColumn {
  readonly type: string;
  readonly #nulls = new FixedColumn("UInt8", 1);
  readonly #values: FixedColumn;

  constructor(values: FixedColumn) {
    this.type = `Nullable(${values.type})`;
    this.#values = values;
  }

  get sizeBytes(): number {
    return this.#nulls.sizeBytes + this.#values.sizeBytes;
  }

  reset(): void {
    this.#nulls.reset();
    this.#values.reset();
  }

  begin(): void {
    this.#nulls.begin();
    this.#values.begin();
  }

  move(reader: RowReader): void {
    const isNull = reader.rows[reader.at] === 1;
    this.#nulls.move(reader);
    if (isNull) this.#values.zero();
    else this.#values.move(reader);
  }

  repeat(times: number): void {
    this.#nulls.repeat(times);
    this.#values.repeat(times);
  }

  prefix(): readonly Uint8Array[] {
    return NO_PIECES;
  }

  pieces(): readonly Uint8Array[] {
    return [...this.#nulls.pieces(), ...this.#values.pieces()];
  }
}

/**
 * The column for a type.
 *
 * @param isRepeating whether its texts, or those in its maps, mostly stood in an earlier row
 * @throws {RangeError} for a type that no table of ours has
 */
export function nativeColumn(type: string, isRepeating: boolean): NativeColumn {
  const sizeBytes = FIXED_BYTES[type];
  if (sizeBytes !== undefined) return new FixedColumn(type, sizeBytes);
  if (type === "LowCardinality(String)") return new DictionaryColumn();
  if (type === "String") return isRepeating ? new DictionaryColumn() : new TextColumn();
  const [, outer = "", inner = ""] = /^(Array|Map|Nullable)\((.*)\)$/.exec(type) ?? [];
  if (outer === "Array") return new RepeatedColumn("Array", nativeColumn(inner, isRepeating));
  if (outer === "Map") {
    const [keys = "", values = ""] = inner.split(", ");
    return new RepeatedColumn(
      "Map",
      nativeColumn(keys, isRepeating),
      nativeColumn(values, isRepeating),
    );
  }
  const innerBytes = FIXED_BYTES[inner];
  if (outer !== "Nullable" || innerBytes === undefined) {
    throw new RangeError(`a column of type ${type} cannot be sent`);
  }
  return new NullableColumn(new FixedColumn(inner, innerBytes));
}
