/**
 * A segment while it grows: the rows of one table in a batch, as the ledger will describe them.
 *
 * In: encoded rows, in order. Out: their count, Merkle root and span of time. No I/O.
 */
import type { EncodedRows } from "../base/batch.ts";
import { leafHashes } from "./leaf.ts";
import { MerkleTree } from "./tree.ts";

/** What is known of a segment's rows. */
export interface SegmentSum {
  readonly rows: number;
  /** RFC 6962 root over the rows, 32 bytes. */
  readonly root: Buffer;
  /** Smallest and largest time of a row, in nanoseconds since 1970. */
  readonly minTimeNs: bigint;
  readonly maxTimeNs: bigint;
}

/** Sums up rows as they come. */
export class SegmentBuilder {
  readonly #tree = new MerkleTree();
  // A time as its halves: a bigint for each row would cost more than its hash.
  #minHigh = 0x7fff_ffff;
  #minLow = 0xffff_ffff;
  #maxHigh = -0x8000_0000;
  #maxLow = 0;

  /** Add rows; their first column is their time, as in every table that a batch writes. */
  add(rows: EncodedRows): void {
    if (rows.rowEnds.length === 0) return;
    this.#tree.append(leafHashes(rows));
    const { buffer, byteOffset, byteLength } = rows.bytes;
    const view = new DataView(buffer, byteOffset, byteLength);
    let start = 0;
    for (const end of rows.rowEnds) {
      this.#time(view.getInt32(start + 4, true), view.getUint32(start, true));
      start = end;
    }
  }

  #time(high: number, low: number): void {
    if (high < this.#minHigh || (high === this.#minHigh && low < this.#minLow)) {
      this.#minHigh = high;
      this.#minLow = low;
    }
    if (high > this.#maxHigh || (high === this.#maxHigh && low > this.#maxLow)) {
      this.#maxHigh = high;
      this.#maxLow = low;
    }
  }

  /** What the rows so far amount to. */
  sum(): SegmentSum {
    return {
      rows: this.#tree.size,
      root: this.#tree.root(),
      minTimeNs: joinHalves(this.#minHigh, this.#minLow),
      maxTimeNs: joinHalves(this.#maxHigh, this.#maxLow),
    };
  }
}

function joinHalves(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}
