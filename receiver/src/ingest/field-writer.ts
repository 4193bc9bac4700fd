/**
 * Writes fields of the span at hand into rows: ids as hex, texts, attribute maps.
 *
 * In: places of fields. Out: RowBinary values in a sink, for which room was reserved. A text of the
 * request is checked as UTF-8 while it is copied.
 */
import { isUtf8 } from "node:buffer";
import { PAYLOAD_REFERENCE_PREFIX } from "@spanledger/schema";
import { INLINE_SIZE_MAX_BYTES } from "../base/span-rules.ts";
import {
  type AttributeTable,
  ROW_SHIFT,
  SOURCE_CELL,
  TEXT_END_CELL,
  TEXT_START_CELL,
} from "./attribute-table.ts";
import { KEY_CONTENT, type KeyTable } from "./key-table.ts";
import {
  type ByteSink,
  copyWords,
  LOOP_COPY_MAX_BYTES,
  type Piece,
  pieceOf,
  type RowSink,
} from "./sink.ts";
import { IN_REQUEST, type Texts } from "./texts.ts";

/** Two hex digits of each byte, as they stand in memory. */
const HEX: Uint16Array = Uint16Array.from({ length: 256 }, (_, byte) => {
  const digits = byte.toString(16).padStart(2, "0");
  return digits.charCodeAt(0) | (digits.charCodeAt(1) << 8);
});

/** High bit of each byte of a word: set somewhere in text that is not ASCII. */
const NOT_ASCII = 0x80808080 | 0;

const REFERENCE: Piece = pieceOf(new Uint8Array(Buffer.from(PAYLOAD_REFERENCE_PREFIX)));

/** Where a text of the span stands. */
export interface TextPlace {
  source: number;
  start: number;
  end: number;
}

/** See the module comment. */
export class FieldWriter {
  readonly #texts: Texts;
  readonly #keys: KeyTable;
  /** Set to false by a text that is not UTF-8: the row is to be given up. */
  isValid = true;

  constructor(texts: Texts, keys: KeyTable) {
    this.#texts = texts;
    this.#keys = keys;
  }

  /** Bytes as twice as many hex digits, without a length. */
  hex(sink: ByteSink, start: number, sizeBytes: number): void {
    const { bytes } = this.#texts;
    const { view } = sink;
    let at = sink.at;
    for (let next = start; next < start + sizeBytes; next += 1, at += 2) {
      view.setUint16(at, HEX[bytes[next] as number] as number, true);
    }
    sink.at = at;
  }

  /** Eight bytes of the request as they are: a time. */
  eight(sink: ByteSink, start: number): void {
    const { view } = this.#texts;
    sink.view.setInt32(sink.at, view.getInt32(start, true), true);
    sink.view.setInt32(sink.at + 4, view.getInt32(start + 4, true), true);
    sink.at += 8;
  }

  /** A text with its length. */
  text(sink: ByteSink, source: number, start: number, end: number): void {
    const sizeBytes = end - start;
    if (sizeBytes < 0x80) sink.bytes[sink.at++] = sizeBytes;
    else sink.length(sizeBytes);
    if (source !== IN_REQUEST) {
      const { scratch } = this.#texts;
      sink.copy(scratch.bytes, scratch.view, start, end);
      return;
    }
    const { bytes, view } = this.#texts;
    if (sizeBytes <= LOOP_COPY_MAX_BYTES) {
      const seen = copyWords(sink.view, sink.at, view, start, sizeBytes);
      if ((seen & NOT_ASCII) !== 0) this.#check(start, end);
    } else {
      const range = bytes.subarray(start, end);
      sink.bytes.set(range, sink.at);
      if (!isUtf8(range)) this.isValid = false;
    }
    sink.at += sizeBytes;
  }

  /** The text of a row of a table of attributes. */
  value(sink: ByteSink, table: AttributeTable, row: number): void {
    const { cells } = table;
    const cell = row << ROW_SHIFT;
    const start = cells[cell + TEXT_START_CELL] as number;
    this.text(
      sink,
      cells[cell + SOURCE_CELL] as number,
      start,
      cells[cell + TEXT_END_CELL] as number,
    );
  }

  /** The text of an attribute of the span itself, empty when it is absent. */
  attribute(sink: ByteSink, table: AttributeTable, key: number): void {
    const row = table.rowOf(key);
    if (row < 0) sink.bytes[sink.at++] = 0;
    else this.value(sink, table, row);
  }

  /** A map of rows `from` up to `to`. */
  map(sink: ByteSink, table: AttributeTable, from: number, to: number): void {
    sink.length(to - from);
    for (let row = from; row < to; row += 1) {
      this.key(sink, table.keyOf(row));
      this.value(sink, table, row);
    }
  }

  /**
   * The attributes of a span: as a map, with content replaced by references.
   *
   * The hottest loop of all: what it needs is in local variables, and short strings, which nearly
   * all are, are copied without a call.
   */
  spanMap(sink: ByteSink, table: AttributeTable): void {
    const { cells, count } = table;
    const { store, storeView, offsets, flags } = this.#keys;
    const { view } = this.#texts;
    const { bytes: out, view: outView } = sink;
    sink.length(count);
    for (let cell = 0; cell < count << ROW_SHIFT; cell += 1 << ROW_SHIFT) {
      const key = cells[cell] as number;
      const keyStart = offsets[key] as number;
      const keySize = (store[keyStart] as number) + 1;
      let at = sink.at;
      // Up to seven bytes too many, which both memories have room for.
      for (let n = 0; n < keySize; n += 8) {
        outView.setInt32(at + n, storeView.getInt32(keyStart + n, true), true);
        outView.setInt32(at + n + 4, storeView.getInt32(keyStart + n + 4, true), true);
      }
      at += keySize;
      const start = cells[cell + TEXT_START_CELL] as number;
      const size = (cells[cell + TEXT_END_CELL] as number) - start;
      const isContent = ((flags[key] as number) & KEY_CONTENT) !== 0 && size > 0;
      const isShort = size <= LOOP_COPY_MAX_BYTES && cells[cell + SOURCE_CELL] === IN_REQUEST;
      if (isShort && !isContent) {
        out[at] = size;
        const seen = copyWords(outView, at + 1, view, start, size);
        sink.at = at + 1 + size;
        if ((seen & NOT_ASCII) !== 0) this.#check(start, start + size);
        continue;
      }
      sink.at = at;
      const row = cell >> ROW_SHIFT;
      if (isContent || size > INLINE_SIZE_MAX_BYTES) this.#reference(sink, size);
      else this.value(sink, table, row);
    }
  }

  /** Content by name, or too long for a span; empty text is neither. */
  isContent(table: AttributeTable, row: number): boolean {
    const sizeBytes = table.textSizeOf(row);
    if (sizeBytes > INLINE_SIZE_MAX_BYTES) return true;
    return sizeBytes > 0 && ((this.#keys.flags[table.keyOf(row)] as number) & KEY_CONTENT) !== 0;
  }

  /** A key with its length, as it stands in the table of keys. */
  key(sink: ByteSink, id: number): void {
    const { store, storeView, offsets } = this.#keys;
    const start = offsets[id] as number;
    sink.copy(store, storeView, start, start + 1 + (store[start] as number));
  }

  #reference(sink: ByteSink, sizeBytes: number): void {
    // Its length stands before it and is known after it; it is short, so that takes one byte.
    const start = sink.at;
    sink.at = start + 1;
    sink.piece(REFERENCE);
    sink.digits(sizeBytes);
    sink.bytes[start] = sink.at - start - 1;
  }

  #check(start: number, end: number): void {
    if (!isUtf8(this.#texts.bytes.subarray(start, end))) this.isValid = false;
  }
}

/** Where TraceId starts in a span's row, and the size of TraceId and SpanId with their lengths. */
const IDS_OFFSET_BYTES = 8;
const IDS_SIZE_BYTES = 1 + 32 + 1 + 16;

/** TraceId and SpanId, as they stand in the row of the span. */
export function copyIds(sink: RowSink, spans: RowSink, spanStart: number): void {
  const start = spanStart + IDS_OFFSET_BYTES;
  sink.copy(spans.bytes, spans.view, start, start + IDS_SIZE_BYTES);
}
