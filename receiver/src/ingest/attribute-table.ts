/**
 * The attributes of the span at hand, as numbers in one typed array: the fast lane makes no object
 * per attribute. One table is used again for every span.
 *
 * A row of the table: the key's id, the kind of value, where the value stands in the request, and
 * where its redacted text stands (see `texts.ts`).
 */
import type { AttributeValue } from "../base/records.ts";
import { KEYS_MAX } from "./key-table.ts";

/** Kinds of a value on the wire; numbers of the members of AnyValue, 0 for an empty one. */
export const NULL = 0;
export const STRING = 1;
export const BOOL = 2;
export const INT = 3;
export const DOUBLE = 4;
export const ARRAY = 5;
export const LIST = 6;
export const BYTES = 7;
/** An array of strings that may be written as they stand. */
export const PLAIN_ARRAY = 8;

/** Cells of a row, as a shift: row `n` begins at cell `n << ROW_SHIFT`. */
export const ROW_SHIFT = 3;

/** What the cells of a row hold after its first one, which names the key. */
export const KIND_CELL = 1;
/** Where the value stands: the text of a string, the digits of a number, else the AnyValue. */
export const START_CELL = 2;
export const END_CELL = 3;
/** Where its text stands, and in which memory (`texts.ts`); of a string at first as it came. */
export const SOURCE_CELL = 4;
export const TEXT_START_CELL = 5;
export const TEXT_END_CELL = 6;

/** See the module comment. */
export class AttributeTable {
  readonly cells: Int32Array;
  /** Redacted values that were read as objects, by row. */
  readonly values: (AttributeValue | undefined)[] = [];
  count = 0;
  readonly #max: number;
  /** By key id: the number of the list in which it was seen last, and its row there. */
  readonly #lists: Int32Array = new Int32Array(KEYS_MAX);
  readonly #rows: Int32Array = new Int32Array(KEYS_MAX);
  #list = 0;

  constructor(attributesMax: number) {
    this.#max = attributesMax;
    // One row more, whose key is guessed at before it is known that the table is full.
    this.cells = new Int32Array((attributesMax + 1) << ROW_SHIFT);
  }

  clear(): void {
    this.count = 0;
    if (this.values.length > 0) this.values.length = 0;
    this.beginList();
  }

  /** What follows are the attributes of another record; keys may come again. */
  beginList(): void {
    this.#list = this.#list === 0x7fff_ffff ? this.#forget() : this.#list + 1;
  }

  /** @returns false when the key came before in this list, or the table is full */
  add(key: number, kind: number, start: number, end: number): boolean {
    const row = this.count;
    if (row === this.#max || this.#lists[key] === this.#list) return false;
    this.#lists[key] = this.#list;
    this.#rows[key] = row;
    const { cells } = this;
    const cell = row << ROW_SHIFT;
    cells[cell] = key;
    cells[cell + KIND_CELL] = kind;
    cells[cell + START_CELL] = start;
    cells[cell + END_CELL] = end;
    cells[cell + SOURCE_CELL] = 0;
    cells[cell + TEXT_START_CELL] = start;
    cells[cell + TEXT_END_CELL] = end;
    this.count = row + 1;
    return true;
  }

  /** The key that stood in the next row the last time: in telemetry nearly always the next one. */
  guess(): number {
    return this.cells[this.count << ROW_SHIFT] as number;
  }

  /** The row of a key in the present list, or -1. */
  rowOf(key: number): number {
    return this.#lists[key] === this.#list ? (this.#rows[key] as number) : -1;
  }

  keyOf(row: number): number {
    return this.cells[row << ROW_SHIFT] as number;
  }

  kindOf(row: number): number {
    return this.cells[(row << ROW_SHIFT) + KIND_CELL] as number;
  }

  startOf(row: number): number {
    return this.cells[(row << ROW_SHIFT) + START_CELL] as number;
  }

  endOf(row: number): number {
    return this.cells[(row << ROW_SHIFT) + END_CELL] as number;
  }

  sourceOf(row: number): number {
    return this.cells[(row << ROW_SHIFT) + SOURCE_CELL] as number;
  }

  textStartOf(row: number): number {
    return this.cells[(row << ROW_SHIFT) + TEXT_START_CELL] as number;
  }

  textEndOf(row: number): number {
    return this.cells[(row << ROW_SHIFT) + TEXT_END_CELL] as number;
  }

  textSizeOf(row: number): number {
    return this.textEndOf(row) - this.textStartOf(row);
  }

  #forget(): number {
    this.#lists.fill(0);
    return 1;
  }
}
