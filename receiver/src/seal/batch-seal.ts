/**
 * Sealing a batch: its segments summed up as rows come, its header made when it closes.
 *
 * In: encoded rows by table. Out: the header in canonical form. No I/O, no clock.
 */
import type { EncodedRows } from "../base/batch.ts";
import { encodeHeader, type Segment } from "./header.ts";
import { SegmentBuilder } from "./segment.ts";

/** What is fixed for a table of the batch. */
export interface SealedTable {
  readonly name: string;
  readonly segment: number;
  readonly expiresAtS: number;
}

/** What is fixed for a batch. */
export interface SealedFacts {
  readonly batchId: string;
  readonly workspaceId: string;
  readonly retentionClass: string;
  /** SHA-256 of the redaction policy, 64 hex digits. */
  readonly policyDigest: string;
  readonly tables: readonly SealedTable[];
}

/** Where a batch stands, and what it lacks. */
export interface SealPlace {
  readonly origin: string;
  readonly sequence: number;
  readonly previous: Buffer;
  readonly facts: SealedFacts;
  readonly lostRecords: number;
  readonly missingRows: readonly number[];
}

/** A batch that is being summed up. */
export class BatchSeal {
  readonly #segments: readonly SegmentBuilder[];

  constructor(facts: SealedFacts) {
    this.#segments = facts.tables.map(() => new SegmentBuilder());
  }

  add(table: number, rows: EncodedRows): void {
    const segment = this.#segments[table];
    if (segment === undefined) throw new RangeError("the batch has no such table");
    segment.add(rows);
  }

  /** Segments without rows are left out. */
  seal(place: SealPlace): Buffer {
    const { facts, missingRows, origin, sequence, previous, lostRecords } = place;
    const segments = this.#segments.flatMap((builder, index): Segment[] => {
      const table = facts.tables[index];
      const sum = builder.sum();
      if (table === undefined || sum.rows === 0) return [];
      return [
        {
          ...sum,
          number: table.segment,
          workspaceId: facts.workspaceId,
          table: table.name,
          retentionClass: facts.retentionClass,
          missingRows: missingRows[index] ?? 0,
          expiresAtS: table.expiresAtS,
        },
      ];
    });
    const policyDigest = Buffer.from(facts.policyDigest, "hex");
    const { batchId } = facts;
    return encodeHeader({
      origin,
      sequence,
      batchId,
      policyDigest,
      previous,
      lostRecords,
      segments,
    });
  }
}
