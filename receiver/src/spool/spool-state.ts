/**
 * What the spool tells of itself. Types only.
 */

/** What the spool has done, for the operator. */
export interface SpoolState {
  readonly usedBytes: number;
  readonly maxBytes: number;
  readonly diskFreeBytes: number;
  /** Files of batches: those that wait and the open one. */
  readonly files: number;
  readonly openRows: number;
  readonly waitingBatches: number;
  readonly oldestBatchId: string | undefined;
  readonly knownRequests: number;
  readonly commits: number;
  readonly records: number;
  readonly longestCommitMs: number;
  readonly refusedRequests: number;
  readonly repeatedRequests: number;
  readonly corruptRecords: number;
  readonly tornTails: number;
  readonly origin: string;
  readonly lastSequence: number | undefined;
}
