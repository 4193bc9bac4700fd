/**
 * Rows of a table, turned into one block of ClickHouse's Native format.
 *
 * In: whole rows as RowBinary, as they lie in the spool. Out: pieces of the block. Pure.
 *
 * RowBinary is what a row's leaf is computed from, Native is what costs ClickHouse least: it reads
 * columns as they are. What one row repeats of the row before is not looked at again.
 * Source: ClickHouse, docs/en/interfaces/formats/Native.
 */
import type { ColumnType } from "@spanledger/schema";
import { isSame, RowReader } from "./bytes.ts";
import { type NativeColumn, nativeColumn } from "./columns.ts";

/** Columns of texts that a trace, a scope, a resource or a batch has in common. */
const REPEATING: ReadonlySet<string> = new Set([
  "BatchId",
  "ResourceAttributes",
  "RunId",
  "ScopeAttributes",
  "ScopeName",
  "ScopeVersion",
  "TraceId",
]);

/** Columns that differ from most rows to the next. What lies between them is compared as a whole. */
const CHANGING: ReadonlySet<string> = new Set([
  "Timestamp",
  "StartedAt",
  "EndedAt",
  "TraceId",
  "SpanId",
  "ParentSpanId",
  "SpanAttributes",
  "Duration",
  "RunId",
  "Redactions",
  "Name",
  "Content",
  "SizeBytes",
  "Row",
]);

const NO_ROWS = new Uint8Array(0);

const NOWHERE = new DataView(new ArrayBuffer(0));

/** Neighbouring columns that mostly hold what they held in the row before. */
class Group {
  readonly columns: NativeColumn[] = [];
  /** Where they lay in the last row that differed; -1 before the first. */
  #start = -1;
  #end = -1;
  #view: DataView = NOWHERE;
  /** Rows since that are the same. */
  #repeats = 0;

  move(reader: RowReader): void {
    const start = this.#start;
    const size = this.#end - start;
    const { at, view } = reader;
    if (start !== -1 && isSame(view, at, this.#view, start, size)) {
      reader.at = at + size;
      this.#repeats += 1;
      return;
    }
    if (this.#repeats > 0) this.catchUp();
    const { columns } = this;
    for (let index = 0; index < columns.length; index += 1) {
      const column = columns[index] as NativeColumn;
      column.begin();
      column.move(reader, 0);
    }
    this.#start = at;
    this.#end = reader.at;
    this.#view = view;
  }

  /** Append what was only counted. */
  catchUp(): void {
    for (const column of this.columns) column.repeat(this.#repeats);
    this.#repeats = 0;
  }

  /** The rows taken so far are read no more. */
  forget(): void {
    this.#start = -1;
    this.#view = NOWHERE;
  }

  reset(): void {
    this.forget();
    this.#repeats = 0;
    for (const column of this.columns) column.reset();
  }
}

/** Turns rows of one table into blocks; its memory is used again. */
export class NativeBlock {
  readonly #columns: readonly (readonly [name: string, column: NativeColumn])[];
  readonly #groups: readonly Group[];
  readonly #reader = new RowReader();
  #rows = 0;

  /** @param columns names and types, in the order of the rows */
  constructor(columns: readonly (readonly [name: string, type: ColumnType])[]) {
    this.#columns = columns.map(([name, type]) => [name, nativeColumn(type, REPEATING.has(name))]);
    const groups: Group[] = [];
    let canJoin = false;
    for (const [name, column] of this.#columns) {
      const changes = CHANGING.has(name);
      const last = groups.at(-1);
      const group = canJoin && !changes && last !== undefined ? last : new Group();
      if (group !== last) groups.push(group);
      group.columns.push(column);
      canJoin = !changes;
    }
    this.#groups = groups;
  }

  get rows(): number {
    return this.#rows;
  }

  /** About what the rows taken so far take as columns. */
  get sizeBytes(): number {
    let sumBytes = 0;
    for (const [, column] of this.#columns) sumBytes += column.sizeBytes;
    return sumBytes;
  }

  /** Begin a new block. */
  reset(): void {
    this.#rows = 0;
    this.#reader.open(NO_ROWS);
    for (const group of this.#groups) group.reset();
  }

  /**
   * Take rows; their memory is of no concern afterwards.
   *
   * @throws {RangeError} when the bytes are no whole rows; the block is of no use then
   */
  add(rows: Uint8Array): void {
    const reader = this.#reader;
    const groups = this.#groups;
    reader.open(rows);
    for (; reader.at < rows.length; this.#rows += 1) {
      for (let index = 0; index < groups.length; index += 1) (groups[index] as Group).move(reader);
    }
    const isWhole = reader.at === rows.length;
    reader.open(NO_ROWS);
    for (const group of groups) group.forget();
    if (!isWhole) throw new RangeError("the rows end within a value");
  }

  /** The block of all rows taken; valid until the next change. May be asked for again. */
  pieces(): readonly Uint8Array[] {
    for (const group of this.#groups) group.catchUp();
    const pieces: Uint8Array[] = [varint(this.#columns.length), varint(this.#rows)];
    for (const [name, column] of this.#columns) {
      pieces.push(text(name), text(column.type), ...column.prefix(), ...column.pieces());
    }
    return pieces;
  }
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}
