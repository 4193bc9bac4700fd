/**
 * A column of texts that repeat, as ClickHouse's LowCardinality: a dictionary and an index per row.
 *
 * In: texts where they lie in the rows. Out: pieces of a Native block. Pure.
 * Source: ClickHouse, src/DataTypes/Serializations/SerializationLowCardinality.cpp.
 */
import { GrowingBytes, isSame, type RowReader } from "./bytes.ts";
import type { NativeColumn } from "./columns.ts";

/** Entries of a map whose last text is remembered by place. Later ones are looked up by their bytes. */
const PLACES_MAX = 64;

/** Texts found again by their bytes; a power of two. Older ones only make the dictionary longer. */
const SLOTS = 1_024;

/** Rows reserved at first. */
const INITIAL_ROWS = 1_024;

/** State prefix: version 1, a dictionary of its own with every block. */
const PREFIX: Uint8Array = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);

/** The block brings additional keys, which replace those before. */
const FLAGS = 0x600;

/** Width of an index by the number of texts: what is written into the flags' lowest byte. */
const [WIDTH_1, WIDTH_2, WIDTH_4] = [0, 1, 2] as const;

export class DictionaryColumn implements NativeColumn {
  readonly type = "LowCardinality(String)";
  readonly #texts = new GrowingBytes();
  /** Where each text begins in {@link #texts}; one more than there are texts. */
  #starts = new Uint32Array(INITIAL_ROWS + 1);
  #count = 0;
  #rows = new Uint32Array(INITIAL_ROWS);
  #rowCount = 0;
  #last = 0;
  /** One more than the text last seen at this place of a map; 0 for none. */
  readonly #places = new Uint32Array(PLACES_MAX);
  readonly #slots = new Uint32Array(SLOTS);

  get sizeBytes(): number {
    return this.#texts.size + this.#rowCount * Uint32Array.BYTES_PER_ELEMENT;
  }

  reset(): void {
    this.#texts.clear();
    this.#count = 0;
    this.#rowCount = 0;
    this.#places.fill(0);
    this.#slots.fill(0);
  }

  begin(): void {
    this.#last = this.#rowCount;
  }

  move(reader: RowReader, place: number): void {
    let text = place < PLACES_MAX ? (this.#places[place] as number) : 0;
    if (text === 0 || !this.#isAt(reader, text - 1)) {
      text = this.#find(reader) + 1;
      if (place < PLACES_MAX) this.#places[place] = text;
    }
    if (this.#rowCount === this.#rows.length) this.#rows = longer(this.#rows, 0);
    this.#rows[this.#rowCount] = text - 1;
    this.#rowCount += 1;
  }

  repeat(times: number): void {
    const last = this.#last;
    const from = this.#rowCount;
    const size = from - last;
    const to = from + size * times;
    if (to > this.#rows.length) this.#rows = longer(this.#rows, to);
    const rows = this.#rows;
    for (let row = from; row < to; row += 1) rows[row] = rows[row - size] as number;
    this.#last = to - size;
    this.#rowCount = to;
  }

  prefix(): readonly Uint8Array[] {
    return [PREFIX];
  }

  pieces(): readonly Uint8Array[] {
    // Of no rows ClickHouse writes and reads nothing, not even a dictionary.
    if (this.#rowCount === 0) return [];
    const width = this.#count <= 256 ? WIDTH_1 : this.#count <= 65_536 ? WIDTH_2 : WIDTH_4;
    const rows = this.#rows.subarray(0, this.#rowCount);
    const indexes =
      width === WIDTH_1 ? Uint8Array.from(rows) : width === WIDTH_2 ? Uint16Array.from(rows) : rows;
    const head = Buffer.alloc(16);
    head.writeUInt32LE(FLAGS + width, 0);
    head.writeUInt32LE(this.#count, 8);
    const rowCount = Buffer.alloc(8);
    rowCount.writeUInt32LE(this.#rowCount, 0);
    const bytes = new Uint8Array(indexes.buffer, indexes.byteOffset, indexes.byteLength);
    return [head, this.#texts.taken(), rowCount, bytes];
  }

  /** Whether the text at the reader is this one; then the reader stands behind it. */
  #isAt(reader: RowReader, text: number): boolean {
    const start = this.#starts[text] as number;
    const size = (this.#starts[text + 1] as number) - start;
    if (!isSame(reader.view, reader.at, this.#texts.view, start, size)) return false;
    reader.at += size;
    return true;
  }

  /** The text at the reader, added where it is new. */
  #find(reader: RowReader): number {
    const start = reader.at;
    const end = reader.endOfText();
    const slot = slotOf(reader.rows, start, end);
    const known = this.#slots[slot] as number;
    if (known !== 0 && this.#isAt(reader, known - 1)) return known - 1;
    const text = this.#count;
    if (text + 1 === this.#starts.length) this.#starts = longer(this.#starts, 0);
    this.#texts.append(reader, start, end);
    this.#starts[text + 1] = this.#texts.size;
    this.#count = text + 1;
    this.#slots[slot] = text + 1;
    reader.at = end;
    return text;
  }
}

/** Length, two bytes near the front and four at the end: ids differ there, names too. */
function slotOf(rows: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  hash = Math.imul(hash, 31) + (rows[start + 1] ?? 0);
  hash = Math.imul(hash, 31) + (rows[start + ((end - start) >> 1)] ?? 0);
  for (let at = Math.max(end - 4, start); at < end; at += 1) {
    hash = Math.imul(hash, 31) + (rows[at] as number);
  }
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}

function longer(numbers: Uint32Array, needed: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(numbers.length * 2, needed));
  larger.set(numbers);
  return larger;
}
