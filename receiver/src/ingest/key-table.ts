/**
 * Attribute keys as small numbers.
 *
 * In: the bytes of a key. Out: its id, and what is known of the key by that id. A key is decoded,
 * checked and classified once, when it is first seen; after that it costs a hash of its size and 12
 * of its bytes and one comparison. Side effect: memory for the keys seen, bounded.
 */
import { isUtf8 } from "node:buffer";
import type { FieldRedactor, KeyRule } from "../base/field-redactor.ts";

/** Keys held at once. Telemetry repeats some hundred; when it is full, it begins again. */
export const KEYS_MAX = 8_192;

/** Longest key held, in bytes: its size takes one byte of LEB128. Longer ones go the slow lane. */
export const KEY_SIZE_MAX_BYTES = 127;

/** Cells of the hash table: a quarter of them used at most. */
const CELLS = 32_768;

/** Cells looked at for one key: hostile keys that collide cost no more than this. */
const PROBES_MAX = 16;

/** Bytes of keys held at once. */
const STORE_SIZE_BYTES = 524_288;

/** What a copy by words may read over the end of a key, in bytes. */
const OVERHANG_SIZE_BYTES = 8;

/** What an encoder does with the values of a key; bits of {@link KeyTable.flags}. */
export const KEY_OPEN = 1;
export const KEY_KEEPS_SMALL_INTEGERS = 2;
export const KEY_CONTENT = 4;
/** Taken by the slow lane alone: the key itself is redacted, or means more than its value. */
export const KEY_SLOW = 8;
/** Says nothing beside a key `logprob`. */
export const KEY_BESIDE_LOGPROB = 16;

/** A rule for tests and for encoding without redaction: every key is open. */
const OPEN_RULE: KeyRule = {
  keyClass: "none",
  isOpen: true,
  keepsSmallIntegers: true,
  isOpenBesideLogprob: false,
  isKeyRedacted: false,
};

/** See the module comment. */
export class KeyTable {
  /** Keys by id, each with its size before it; the id's place is in {@link offsets}. */
  readonly store: Uint8Array = new Uint8Array(STORE_SIZE_BYTES);
  readonly storeView: DataView = new DataView(this.store.buffer);
  /** Where the size byte of each key stands in {@link store}. */
  readonly offsets: Int32Array = new Int32Array(KEYS_MAX);
  readonly flags: Uint8Array = new Uint8Array(KEYS_MAX);
  readonly rules: KeyRule[] = [];
  readonly #cells: Int16Array = new Int16Array(CELLS).fill(-1);
  readonly #redactor: FieldRedactor | undefined;
  readonly #content: ReadonlySet<string>;
  readonly #slow: Pick<ReadonlySet<string>, "has">;
  readonly #known: readonly string[];
  #size = 0;
  #stored = 0;
  #isFull = false;

  /**
   * @param known keys that are there from the start, with their index as id
   * @param content keys whose values are content
   * @param slow keys that the slow lane alone takes
   */
  constructor(
    known: readonly string[],
    content: ReadonlySet<string>,
    slow: Pick<ReadonlySet<string>, "has">,
    redactor: FieldRedactor | undefined,
  ) {
    this.#known = known;
    this.#content = content;
    this.#slow = slow;
    this.#redactor = redactor;
    this.#begin();
  }

  /** Between requests: begin again when the table is full. Ids of a request stay as they are. */
  refresh(): void {
    if (this.#isFull) this.#begin();
  }

  /** Ids below are in use; an id that was noted earlier may be above. */
  get size(): number {
    return this.#size;
  }

  /** The id of a key, or -1 where the slow lane must look: too long, not UTF-8, table full. */
  find(bytes: Uint8Array, view: DataView, from: number, to: number): number {
    const size = to - from;
    if (size > KEY_SIZE_MAX_BYTES) return -1;
    let cell = hashOf(bytes, view, from, size) & (CELLS - 1);
    for (let probe = 0; probe < PROBES_MAX; probe += 1) {
      const id = this.#cells[cell] as number;
      if (id === -1) return this.#add(bytes, from, to, cell);
      if (this.#isSame(id, view, from, size)) return id;
      cell = (cell + 1) & (CELLS - 1);
    }
    this.#isFull = true;
    return -1;
  }

  #isSame(id: number, view: DataView, from: number, size: number): boolean {
    const { store, storeView } = this;
    const stored = this.offsets[id] as number;
    if (store[stored] !== size) return false;
    const shift = stored + 1 - from;
    const to = from + size;
    let at = from;
    for (; at + 4 <= to; at += 4) {
      if (view.getInt32(at, true) !== storeView.getInt32(at + shift, true)) return false;
    }
    for (; at < to; at += 1) {
      if (view.getUint8(at) !== store[at + shift]) return false;
    }
    return true;
  }

  #add(bytes: Uint8Array, from: number, to: number, cell: number): number {
    const size = to - from;
    if (
      this.#size === KEYS_MAX ||
      this.#stored + size + 1 > STORE_SIZE_BYTES - OVERHANG_SIZE_BYTES
    ) {
      this.#isFull = true;
      return -1;
    }
    const keyBytes = Buffer.from(bytes.buffer, bytes.byteOffset + from, size);
    if (!isUtf8(keyBytes)) return -1;
    const key = keyBytes.toString("utf8");
    const id = this.#size;
    this.#size += 1;
    this.offsets[id] = this.#stored;
    this.store[this.#stored] = size;
    this.store.set(keyBytes, this.#stored + 1);
    this.#stored += size + 1;
    const rule = this.#redactor?.keyRule(key) ?? OPEN_RULE;
    this.rules[id] = rule;
    this.flags[id] = flagsOf(rule, this.#content.has(key), this.#slow.has(key));
    this.#cells[cell] = id;
    return id;
  }

  #begin(): void {
    this.#size = 0;
    this.#stored = 0;
    this.#isFull = false;
    this.#cells.fill(-1);
    for (const key of this.#known) {
      const bytes = new Uint8Array(Buffer.from(key));
      this.find(bytes, new DataView(bytes.buffer), 0, bytes.length);
    }
  }
}

function flagsOf(rule: KeyRule, isContent: boolean, isSlow: boolean): number {
  return (
    (rule.isOpen ? KEY_OPEN : 0) |
    (rule.keepsSmallIntegers ? KEY_KEEPS_SMALL_INTEGERS : 0) |
    (isContent ? KEY_CONTENT : 0) |
    (rule.isKeyRedacted || isSlow ? KEY_SLOW : 0) |
    (rule.isOpenBesideLogprob ? KEY_BESIDE_LOGPROB : 0)
  );
}

/** Of the size, the first, the middle and the last four bytes: where keys of one prefix differ. */
export function hashOf(bytes: Uint8Array, view: DataView, from: number, size: number): number {
  let hash = size;
  if (size >= 4) {
    hash = Math.imul(hash ^ view.getInt32(from, true), 0x9e3779b1);
    hash = Math.imul(hash ^ view.getInt32(from + ((size - 4) >> 1), true), 0x85ebca6b);
    hash = Math.imul(hash ^ view.getInt32(from + size - 4, true), 0xc2b2ae35);
  } else {
    for (let at = from; at < from + size; at += 1) {
      hash = Math.imul(hash ^ (bytes[at] as number), 0x9e3779b1);
    }
  }
  return hash ^ (hash >>> 15);
}
