/**
 * Blocks whose memory is used again from INSERT to INSERT.
 *
 * In: a table's columns. Out: a block to fill. Side effect: memory of a few blocks is kept.
 */
import { BATCH_TABLES, type ColumnType, LEDGER, type Table } from "@spanledger/schema";
import { NativeBlock } from "./block.ts";

const TABLES: ReadonlyMap<string, Table> = new Map(
  [...BATCH_TABLES, LEDGER].map((table) => [table.name, table]),
);

/** Blocks kept of each table: as many as batches are prepared at a time (`PREPARED_MAX` of the spool). */
const KEPT_MAX = 3;

export class NativeBlockPool {
  readonly #free = new Map<string, NativeBlock[]>();

  /**
   * An empty block.
   *
   * @throws {RangeError} for a table or a column that is not ours
   */
  take(table: string, columns: readonly string[]): NativeBlock {
    const block = this.#free.get(keyOf(table, columns))?.pop();
    return block ?? new NativeBlock(typesOf(table, columns));
  }

  /** Give it back once nobody reads its pieces. */
  give(table: string, columns: readonly string[], block: NativeBlock): void {
    block.reset();
    const key = keyOf(table, columns);
    const free = this.#free.get(key) ?? [];
    if (free.length < KEPT_MAX) this.#free.set(key, [...free, block]);
  }
}

/** A batch that an older version left in the spool may have fewer columns. */
function keyOf(table: string, columns: readonly string[]): string {
  return `${table} ${columns.length}`;
}

function typesOf(table: string, columns: readonly string[]): [string, ColumnType][] {
  const types = TABLES.get(table)?.columns;
  return columns.map((name) => {
    const type = types?.[name];
    if (type === undefined) throw new RangeError(`${table}.${name} is no column of ours`);
    return [name, type];
  });
}
