/**
 * Who brings the rows of a batch to ClickHouse.
 */
import type { StorableTable, TableRows } from "../base/stored-batch.ts";

export interface Inserter {
  /**
   * Take rows of a batch that is not complete yet: they are turned into columns now, and inserted
   * once their table is, without its rows. What they lie in may be gone afterwards, unless it is shared
   * memory.
   *
   * @param token the batch's id
   * @returns bytes held for the batch, once the rows are read no more; undefined where they are no
   *   rows, and then nothing is held for it
   */
  prepare(token: string, tables: readonly TableRows[]): Promise<number | undefined>;

  /** Forget what was prepared for a batch and not inserted. */
  discard(token: string): void;

  /**
   * Insert rows; resolves once ClickHouse has committed them.
   *
   * @param token the batch's id: the same rows are inserted once, however often they are sent
   * @throws what `judge` of `errors.ts` knows
   */
  insert(table: StorableTable, token: string, signal: AbortSignal): Promise<void>;
}
