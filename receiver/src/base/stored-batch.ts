/**
 * What a closed batch is to whoever brings it to ClickHouse.
 */

/** Rows of one table of ours. */
export interface TableRows {
  readonly name: string;
  /** Names of the columns that the bytes hold, in order. */
  readonly columns: readonly string[];
  /** RowBinary, in pieces of whole rows. */
  readonly chunks: readonly Uint8Array[];
}

/** The rows of one table, frozen: every attempt sends the same ones. */
export interface StorableTable {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: number;
  /** RowBinary, in pieces of whole rows; none where the inserter was given them before. */
  readonly chunks: readonly Uint8Array[] | undefined;
}

/** A closed batch in memory. */
export interface StorableBatch {
  /** In the order of insertion; the ledger's row comes last. Tables without rows are left out. */
  readonly tables: readonly StorableTable[];
}

/** Why ClickHouse will never take the rows of a table. */
export interface Refusal {
  readonly table: string;
  /** ClickHouse's error code. */
  readonly code: string;
  /** ClickHouse's name of the error; its message may quote content and is not kept. */
  readonly type: string;
  readonly rows: number;
}

/** A closed batch that waits on the disk. */
export interface BatchSource {
  /** ULID; the deduplication token of every INSERT. */
  readonly batchId: string;
  /** Whether an earlier process may have written it already, as a whole or in part. */
  readonly wasLeft: boolean;
  /** Tables that already hold the batch; they are not written again. */
  readonly storedTables: ReadonlySet<string>;
  /** Read it into memory. */
  load(): Promise<StorableBatch>;
  /** Every table holds it: forget it. Safe to call again after a crash in the middle. */
  done(): Promise<void>;
  /** Keep it as a dead letter. */
  refuse(refusals: readonly Refusal[], stored: readonly string[]): Promise<void>;
}
