/**
 * What the spool needs of the sealing stage; the pipeline hands it in.
 */
import type { EncodedRows } from "../base/batch.ts";
import type { BatchFacts } from "./batch-file.ts";

/** Where a batch stands in the receiver's log. */
export interface ChainPlace {
  readonly origin: string;
  readonly sequence: number;
  /** Hash of the header before, 32 bytes. */
  readonly previous: Buffer;
}

/** What is known of a batch besides its rows when it is sealed. */
export interface SealInput extends ChainPlace {
  readonly facts: BatchFacts;
  readonly lostRecords: number;
  /** Per table, rows that are known to be missing. */
  readonly missingRows: readonly number[];
}

/** Sums up one batch. */
export interface BatchSeal {
  /** Add rows of a table, by its number in the batch's facts. */
  add(table: number, rows: EncodedRows): void;
  /** The header in canonical form; the same for the same records and place. */
  seal(input: SealInput): Buffer;
}

export interface Sealing {
  begin(facts: BatchFacts): BatchSeal;
  hash(header: Uint8Array): Buffer;
  read(header: Buffer): ChainPlace;
}
