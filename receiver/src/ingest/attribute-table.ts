/**
 * The attributes of the span at hand, as numbers in typed arrays: the fast lane makes no object per
 * attribute. One table is used again for every span.
 *
 * A row of the table: the key's id, the kind of value, where the value stands in the request, and,
 * once it was redacted, where its text stands (see `texts.ts`).
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

/** See the module comment. */
export class AttributeTable {
  readonly keys: Int32Array;
  readonly kinds: Uint8Array;
  /** Where the value stands: the text of a string, the digits of a number, else the AnyValue. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Where its text stands, and in which memory (`texts.ts`). */
  readonly sources: Uint8Array;
  readonly textStarts: Int32Array;
  readonly textEnds: Int32Array;
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
    this.keys = new Int32Array(attributesMax);
    this.kinds = new Uint8Array(attributesMax);
    this.starts = new Int32Array(attributesMax);
    this.ends = new Int32Array(attributesMax);
    this.sources = new Uint8Array(attributesMax);
    this.textStarts = new Int32Array(attributesMax);
    this.textEnds = new Int32Array(attributesMax);
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
    this.keys[row] = key;
    this.kinds[row] = kind;
    this.starts[row] = start;
    this.ends[row] = end;
    this.count = row + 1;
    return true;
  }

  /** The row of a key in the present list, or -1. */
  rowOf(key: number): number {
    return this.#lists[key] === this.#list ? (this.#rows[key] as number) : -1;
  }

  #forget(): number {
    this.#lists.fill(0);
    return 1;
  }
}
