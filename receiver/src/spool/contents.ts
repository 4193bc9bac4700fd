/**
 * What a batch holds, noted while it is open or read back from its file.
 *
 * In: the requests of a batch, in order. Out: digests, row counts, and the rows where they are kept.
 */
import type { EncodedRows } from "../base/batch.ts";
import type { BatchFacts, RequestRecord } from "./batch-file.ts";
import type { BatchSeal } from "./sealing.ts";

const NS_PER_DAY = 86_400_000_000_000;
const HIGH_NS = 4_294_967_296;

/** A request that is known: sent again it is answered, not stored. */
export interface KnownRequest {
  readonly digest: Buffer;
  readonly rejected: number;
}

/** One table's part of a batch. */
class TableContents {
  nextRow = 0;
  missingRows = 0;
  rows = 0;
  /** Its rows, where the batch keeps them. */
  readonly chunks: Buffer[] = [];
}

/** What a batch holds. */
export class BatchContents {
  readonly facts: BatchFacts;
  readonly tables: readonly TableContents[];
  readonly requests: KnownRequest[] = [];
  /** Days on which rows of the first table lie. */
  readonly days: Set<number> = new Set();
  /** Corrupt stretches that were found in the file. */
  lostRecords = 0;
  rows = 0;
  /** Bytes of its records. */
  sizeBytes = 0;
  /** Whether its rows are here; else somebody else has them, or they are in the file alone. */
  readonly keepsRows: boolean;
  readonly #seal: BatchSeal | undefined;

  /** @param seal told of every row; none when the batch is sealed already */
  constructor(
    facts: BatchFacts,
    options: { readonly seal?: BatchSeal | undefined; readonly keepsRows: boolean },
  ) {
    this.facts = facts;
    this.tables = facts.tables.map(() => new TableContents());
    this.keepsRows = options.keepsRows;
    this.#seal = options.seal;
  }

  get seal(): BatchSeal | undefined {
    return this.#seal;
  }

  /** Take a request in. Where rows are kept they are not copied; where they end is not asked for again. */
  add(request: RequestRecord, sizeBytes: number): void {
    for (const [index, rows] of request.tables.entries()) {
      const { firstRow, rowEnds, bytes } = rows;
      const table = this.tables[index];
      if (table === undefined) throw new RangeError("a record has more tables than its batch");
      // A hole: the record in between was corrupt. A batch without one never has any.
      if (rowEnds.length === 0) continue;
      table.missingRows += firstRow - table.nextRow;
      table.nextRow = firstRow + rowEnds.length;
      table.rows += rowEnds.length;
      this.rows += rowEnds.length;
      if (this.keepsRows) table.chunks.push(bytes as Buffer);
      this.#seal?.add(index, rows);
    }
    for (const day of daysOf(request)) this.days.add(day);
    this.requests.push({ digest: request.digest, rejected: request.rejected });
    this.sizeBytes += sizeBytes;
  }
}

/** The days on which rows of the first table lie; a row's first column is its time. */
export function daysOf(request: { readonly tables: readonly EncodedRows[] }): Set<number> {
  const days = new Set<number>();
  const [table] = request.tables;
  if (table === undefined) return days;
  const { buffer, byteOffset, byteLength } = table.bytes;
  const view = new DataView(buffer, byteOffset, byteLength);
  let start = 0;
  let last = Number.NaN;
  for (const end of table.rowEnds) {
    const ns = view.getInt32(start + 4, true) * HIGH_NS + view.getUint32(start, true);
    const day = Math.floor(ns / NS_PER_DAY);
    if (day !== last) days.add(day);
    last = day;
    start = end;
  }
  return days;
}
