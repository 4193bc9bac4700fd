/**
 * Looks at attributes in wire bytes: where do their keys and values stand?
 *
 * In: the range of one KeyValue. Out: a row of a table of attributes. It takes what exporters send: a
 * key, then one value; of anything else it says "no".
 */
import {
  ARRAY,
  type AttributeTable,
  BOOL,
  BYTES,
  DOUBLE,
  INT,
  LIST,
  NULL,
  STRING,
} from "./attribute-table.ts";
import type { KeyTable } from "./key-table.ts";

/** See the module comment. */
export class AttributeScan {
  bytes: Uint8Array = new Uint8Array();
  view: DataView = new DataView(this.bytes.buffer);
  /** Set by {@link length}: where the content starts. */
  protected at = 0;
  readonly #keys: KeyTable;

  constructor(keys: KeyTable) {
    this.#keys = keys;
  }

  /** Look at another request. */
  use(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Where a length-delimited field ends, or -1; {@link at} is where its content starts. */
  protected length(at: number, to: number): number {
    const { bytes } = this;
    let next = at + 1;
    let size = bytes[at] as number;
    if (size >= 0x80) {
      size &= 0x7f;
      for (let shift = 7; ; shift += 7) {
        if (shift > 21 || next >= to) return -1;
        const byte = bytes[next] as number;
        next += 1;
        size |= (byte & 0x7f) << shift;
        if (byte < 0x80) break;
      }
    }
    this.at = next;
    const end = next + size;
    // Also for a length that is not there at all.
    return end <= to ? end : -1;
  }

  /** A KeyValue: a key, then a value, then nothing. */
  protected attribute(table: AttributeTable, from: number, to: number): boolean {
    const { bytes } = this;
    if (to - from < 2 || bytes[from] !== 0x0a) return false;
    const keySize = bytes[from + 1] as number;
    const keyStart = from + 2;
    const keyEnd = keyStart + keySize;
    if (keySize >= 0x80 || keyEnd > to) return false;
    const key = this.#key(table.guess(), keyStart, keyEnd);
    if (key < 0) return false;
    if (keyEnd === to) return table.add(key, NULL, to, to);
    // The fast path: a value that is a string, both with a size of one byte.
    const size = bytes[keyEnd + 1] as number;
    if (
      bytes[keyEnd] === 0x12 &&
      size < 0x80 &&
      keyEnd + 2 + size === to &&
      bytes[keyEnd + 2] === 0x0a &&
      bytes[keyEnd + 3] === size - 2
    ) {
      return table.add(key, STRING, keyEnd + 4, to);
    }
    if (bytes[keyEnd] !== 0x12 || this.length(keyEnd + 1, to) !== to) return false;
    return this.#value(table, key, this.at, to);
  }

  /** The id of a key, which is probably `guess`; compared here, to spare the hottest loop a call. */
  #key(guess: number, start: number, end: number): number {
    const { view } = this;
    const keys = this.#keys;
    const { store, storeView } = keys;
    const stored = keys.offsets[guess] as number;
    if (guess < keys.size && store[stored] === end - start) {
      const shift = stored + 1 - start;
      let at = start;
      while (at + 4 <= end && view.getInt32(at, true) === storeView.getInt32(at + shift, true)) {
        at += 4;
      }
      if (at + 4 > end) {
        while (at < end && view.getUint8(at) === store[at + shift]) at += 1;
        if (at === end) return guess;
      }
    }
    return keys.find(this.bytes, view, start, end);
  }

  #value(table: AttributeTable, key: number, start: number, to: number): boolean {
    if (start === to) return table.add(key, NULL, to, to);
    const { bytes } = this;
    switch (bytes[start]) {
      case 0x0a:
        return this.length(start + 1, to) === to && table.add(key, STRING, this.at, to);
      case 0x10:
        return (
          start + 2 === to &&
          (bytes[start + 1] as number) < 0x80 &&
          table.add(key, BOOL, start + 1, to)
        );
      case 0x18:
        return table.add(key, INT, start + 1, to);
      case 0x21:
        return start + 9 === to && table.add(key, DOUBLE, start + 1, to);
      case 0x2a:
        return table.add(key, ARRAY, start, to);
      case 0x32:
        return table.add(key, LIST, start, to);
      case 0x3a:
        return table.add(key, BYTES, start, to);
      default:
        return false;
    }
  }
}
