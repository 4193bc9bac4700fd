/**
 * Who brings the rows of one table to ClickHouse.
 */
import type { StorableTable } from "../base/stored-batch.ts";

export interface Inserter {
  /**
   * Insert rows; resolves once ClickHouse has committed them.
   *
   * @param token the batch's id: the same rows are inserted once, however often they are sent
   * @throws what `judge` of `errors.ts` knows
   */
  insert(table: StorableTable, token: string, signal: AbortSignal): Promise<void>;
}
