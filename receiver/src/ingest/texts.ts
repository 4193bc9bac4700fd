/**
 * The text of every field of the span at hand, redacted.
 *
 * In: places of fields in the request. Out: places of their texts, in the request itself where the
 * text stays as it is, else in a scratch memory. Nearly all text stays as it is and is not touched
 * here: no suspicious byte lies in it. Side effects: the scratch memory; the redactor's counts.
 */
import { isAscii as isAsciiBytes, isUtf8 } from "node:buffer";
import { attributeText } from "../base/attribute-text.ts";
import type { FieldRedactor, KeyRule, TextEdits } from "../base/field-redactor.ts";
import type { AttributeValue } from "../base/records.ts";
import {
  ARRAY,
  type AttributeTable,
  BOOL,
  DOUBLE,
  END_CELL,
  INT,
  KIND_CELL,
  NULL,
  PLAIN_ARRAY,
  ROW_SHIFT,
  SOURCE_CELL,
  START_CELL,
  STRING,
  TEXT_END_CELL,
  TEXT_START_CELL,
} from "./attribute-table.ts";
import { CleanTexts } from "./clean-texts.ts";
import { DoubleTexts } from "./double-texts.ts";
import { writeEdited } from "./edited-text.ts";
import {
  KEY_BESIDE_LOGPROB,
  KEY_KEEPS_SMALL_INTEGERS,
  KEY_OPEN,
  KEY_SLOW,
  type KeyTable,
} from "./key-table.ts";
import { writePlainArray } from "./plain-array.ts";
import { ByteSink, type Piece, pieceOf } from "./sink.ts";
import { anyValueOf } from "./wire-records.ts";

/** Where a text stands. */
export const IN_REQUEST = 0;
export const IN_SCRATCH = 1;

/** Integers below are no card numbers (`FieldRedactor`, `keepsSmallIntegers`). */
const SMALL_INTEGER_END = 1e12;

/** Bytes of a varint that fit a double with room to spare. */
const VARINT_SIZE_MAX_BYTES = 7;

/** Arrays up to this size are looked at for their plain form, in bytes. */
const PLAIN_ARRAY_SIZE_MAX_BYTES = 1_024;

const TRUE: Piece = pieceOf(new Uint8Array(Buffer.from("true")));
const FALSE: Piece = pieceOf(new Uint8Array(Buffer.from("false")));

/** Flags that decide whether a string may stay as it came. */
const KEY_STRING_MASK: number = KEY_OPEN | KEY_SLOW | KEY_BESIDE_LOGPROB;

/** See the module comment. */
export class Texts {
  bytes: Uint8Array = new Uint8Array();
  view: DataView = new DataView(this.bytes.buffer);
  readonly scratch: ByteSink = new ByteSink();
  /** Of the last call of {@link text}. */
  source: number = IN_REQUEST;
  start = 0;
  end = 0;
  readonly #keys: KeyTable;
  readonly #logprob: number;
  readonly #redactor: FieldRedactor | undefined;
  readonly #clean = new CleanTexts();
  readonly #doubles = new DoubleTexts();
  /** Class of the keys under which a text means what it means without one. */
  readonly #openClass: string | undefined;
  #suspects: Uint32Array = new Uint32Array(0);

  /** @param logprob id of the key beside which a key of tokens says nothing */
  constructor(keys: KeyTable, logprob: number, redactor: FieldRedactor | undefined) {
    this.#keys = keys;
    this.#logprob = logprob;
    this.#redactor = redactor;
    this.#openClass = redactor?.keyRule("").keyClass;
  }

  /** Look at another request. */
  use(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.#redactor !== undefined) this.#suspects = this.#redactor.suspects(bytes);
  }

  /** The memory in which a text stands. */
  bytesOf(source: number): Uint8Array {
    return source === IN_REQUEST ? this.bytes : this.scratch.bytes;
  }

  /** Look at another span, which ends at `end`. */
  clear(end: number): void {
    this.scratch.clear();
    this.#redactor?.look(end);
  }

  /**
   * The text of a name or the like; its place is in {@link source}, {@link start}, {@link end}.
   *
   * @returns false when the slow lane must look
   */
  text(start: number, end: number): boolean {
    this.source = IN_REQUEST;
    this.start = start;
    this.end = end;
    return this.#isPlain(start, end) || this.#redact(start, end, undefined);
  }

  /** The texts of rows `from` up to `to`. @returns false when the slow lane must look */
  attributes(table: AttributeTable, from: number, to: number): boolean {
    const { cells } = table;
    const { flags } = this.#keys;
    for (let row = from; row < to; row += 1) {
      const cell = row << ROW_SHIFT;
      const keyFlags = flags[cells[cell] as number] as number;
      // The fast path: a string that nobody looks for anything in stands where it came.
      const isOpenString =
        cells[cell + KIND_CELL] === STRING && (keyFlags & KEY_STRING_MASK) === KEY_OPEN;
      const start = cells[cell + START_CELL] as number;
      if (isOpenString && this.#isPlain(start, cells[cell + END_CELL] as number)) continue;
      if (!this.#attribute(table, row, keyFlags, to)) return false;
    }
    return true;
  }

  #attribute(table: AttributeTable, row: number, flags: number, to: number): boolean {
    if ((flags & KEY_SLOW) !== 0) return false;
    if ((flags & KEY_BESIDE_LOGPROB) !== 0 && this.#hasLogprob(table, to)) return false;
    const start = table.startOf(row);
    const end = table.endOf(row);
    this.source = IN_REQUEST;
    this.start = start;
    this.end = end;
    switch (table.kindOf(row)) {
      case STRING:
        if (!this.#redact(start, end, this.#keys.rules[table.keyOf(row)])) return false;
        break;
      case NULL:
        break;
      case BOOL:
        this.#constant(this.bytes[start] === 0 ? FALSE : TRUE);
        break;
      default:
        if (!this.#other(table, row, flags)) return false;
    }
    const cell = row << ROW_SHIFT;
    table.cells[cell + SOURCE_CELL] = this.source;
    table.cells[cell + TEXT_START_CELL] = this.start;
    table.cells[cell + TEXT_END_CELL] = this.end;
    return true;
  }

  /** Whether this list has the key, or one before it in the table. */
  #hasLogprob(table: AttributeTable, to: number): boolean {
    for (let row = 0; row < to; row += 1) if (table.keyOf(row) === this.#logprob) return true;
    return false;
  }

  /** Whether nothing suspicious lies in a range. */
  #isPlain(start: number, end: number): boolean {
    if (this.#redactor === undefined || start === end) return true;
    const suspects = this.#suspects;
    const first = start >>> 5;
    const last = (end - 1) >>> 5;
    const head = (suspects[first] as number) >>> (start & 31);
    if (first === last) return head << (31 - ((end - 1 - start) & 31)) === 0;
    if (head !== 0) return false;
    let word = first + 1;
    // Four at a time: long texts have hundreds of words.
    for (; word + 4 <= last; word += 4) {
      const pair = (suspects[word] as number) | (suspects[word + 1] as number);
      const next = (suspects[word + 2] as number) | (suspects[word + 3] as number);
      if ((pair | next) !== 0) return false;
    }
    for (; word < last; word += 1) if (suspects[word] !== 0) return false;
    return (suspects[last] as number) << (31 - ((end - 1) & 31)) === 0;
  }

  #redact(start: number, end: number, rule: KeyRule | undefined): boolean {
    const redactor = this.#redactor;
    if (redactor === undefined) return true;
    const isOpen = rule === undefined || rule.keyClass === this.#openClass;
    if (isOpen && redactor.isClean(start, end)) return true;
    if (isOpen && this.#clean.has(this.bytes, this.view, start, end)) return true;
    const bytes = this.#bufferOf(start, end);
    // ASCII first: one look at it is all, and no new text is made of it.
    if (isAsciiBytes(bytes)) {
      const text = bytes.toString("latin1");
      const edits = redactor.edits(text, start, rule);
      if (edits.size > 0) this.#keepEdited(text, start, edits);
      else if (isOpen) this.#clean.add(this.bytes, this.view, start, end);
      return true;
    }
    if (!isUtf8(bytes)) return false;
    const text = bytes.toString("utf8");
    const redacted = redactor.text(text, rule);
    if (redacted !== text) this.#keep(attributeText(redacted));
    else if (isOpen) this.#clean.add(this.bytes, this.view, start, end);
    return true;
  }

  #keepEdited(text: string, start: number, edits: TextEdits): void {
    const { bytes, view, scratch } = this;
    const first = scratch.at;
    const isWritten = writeEdited(scratch, bytes, view, start, start + text.length, edits);
    if (isWritten) this.#inScratch(first);
    else this.#keep(attributeText(edits.apply(text)));
  }

  /** Numbers and compound values. */
  #other(table: AttributeTable, row: number, flags: number): boolean {
    const { start, end } = this;
    const kind = table.kindOf(row);
    if ((flags & KEY_KEEPS_SMALL_INTEGERS) !== 0) {
      if (kind === INT && this.#smallInteger(start, end)) return true;
      if (kind === DOUBLE) {
        const value = this.view.getFloat64(start, true);
        if (value >= 0 && value < SMALL_INTEGER_END) {
          this.#keep(this.#doubles.text(value));
          return true;
        }
      }
    }
    if (kind === ARRAY && (flags & KEY_OPEN) !== 0 && this.#plainArray(start, end)) {
      table.cells[(row << ROW_SHIFT) + KIND_CELL] = PLAIN_ARRAY;
      return true;
    }
    // The value of a number stands after its tag, that of the others with it.
    const anyValueStart = kind === INT || kind === DOUBLE ? start - 1 : start;
    return this.#object(table, row, anyValueStart, end);
  }

  /** A value read as an object; whatever is wrong with it, the slow lane will say. */
  #object(table: AttributeTable, row: number, start: number, end: number): boolean {
    const rule = this.#keys.rules[table.keyOf(row)] as KeyRule;
    let value: AttributeValue;
    try {
      value = anyValueOf(this.#bufferOf(start, end));
    } catch {
      return false;
    }
    const redacted = this.#redactor?.value(value, rule) ?? value;
    table.values[row] = redacted;
    this.#keep(attributeText(redacted));
    return true;
  }

  /** An integer from 0 to 10^12 - 1 as digits. */
  #smallInteger(start: number, end: number): boolean {
    const { bytes, scratch } = this;
    let value = 0;
    let scale = 1;
    let at = start;
    for (; at < end; at += 1) {
      const byte = bytes[at] as number;
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) break;
    }
    if (at + 1 !== end || end - start > VARINT_SIZE_MAX_BYTES) return false;
    if (value >= SMALL_INTEGER_END) return false;
    scratch.reserve(16);
    const first = scratch.at;
    scratch.digits(value);
    this.#inScratch(first);
    return true;
  }

  #plainArray(start: number, end: number): boolean {
    if (end - start > PLAIN_ARRAY_SIZE_MAX_BYTES || !this.#isPlain(start, end)) return false;
    const first = this.scratch.at;
    if (!writePlainArray(this.scratch, this.bytes, start, end)) return false;
    this.#inScratch(first);
    return true;
  }

  #constant(text: Piece): void {
    const first = this.scratch.at;
    this.scratch.reserve(text.bytes.length);
    this.scratch.piece(text);
    this.#inScratch(first);
  }

  #keep(text: string): void {
    // Of the text itself: what came as ASCII may have got another letter out of an escape.
    const sizeBytes = Buffer.byteLength(text);
    const first = this.scratch.at;
    this.scratch.reserve(sizeBytes);
    if (sizeBytes === text.length) this.scratch.latin1(text);
    else this.scratch.rawText(text, sizeBytes);
    this.#inScratch(first);
  }

  #inScratch(first: number): void {
    this.source = IN_SCRATCH;
    this.start = first;
    this.end = this.scratch.at;
  }

  #bufferOf(start: number, end: number): Buffer {
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + start, end - start);
  }
}
