/**
 * The rows of the request at hand, a sink for each table.
 *
 * In: rows that are written into a sink, or were encoded elsewhere. Out: all of them with their
 * leaves, valid until the next request. Throws `RequestTooLargeError`. The buffers are kept.
 */
import { BATCH_TABLES } from "@spanledger/schema";
import {
  type BatchPlace,
  type EncodedRows,
  type HashRows,
  REQUEST_ROWS_SIZE_MAX_BYTES,
  rowsTooLarge,
} from "../base/batch.ts";
import type { Sinks } from "./shared-columns.ts";
import { RowSink } from "./sink.ts";

/**
 * Bytes of rows after which their leaves are made (128 KiB): they are still in the core's own cache,
 * out of which a request of some megabytes has long fallen when all of it is encoded.
 */
const HASH_SIZE_BYTES = 131_072;

/** See the module comment. */
export class TableSinks {
  readonly sinks: Sinks = [
    new RowSink(),
    new RowSink(),
    new RowSink(),
    new RowSink(),
    new RowSink(),
  ];
  readonly #hashRows: HashRows | undefined;
  /** Size of all rows when leaves were last made. */
  #hashedBytes = 0;

  /** @param hashRows makes the leaves; without it they are left to the caller */
  constructor(hashRows: HashRows | undefined) {
    this.#hashRows = hashRows;
  }

  /** Gives back what a large request made of one table's memory; its rows are gone then. */
  readonly release = (table: number): void => this.sinks[table]?.clear();

  /** Begin a request. */
  clear(): void {
    this.#hashedBytes = 0;
    for (const sink of this.sinks) sink.clear();
  }

  /** To be called whenever rows were written. */
  checkSize(): void {
    const [spans, payloads, runs, decisions, errors] = this.sinks;
    const sizeBytes = spans.at + payloads.at + runs.at + decisions.at + errors.at;
    if (sizeBytes - this.#hashedBytes > HASH_SIZE_BYTES) {
      this.#hashedBytes = sizeBytes;
      this.#hash();
    }
    if (sizeBytes > REQUEST_ROWS_SIZE_MAX_BYTES) throw rowsTooLarge();
  }

  /** @param rows encoded for {@link placeAfter}, one per table */
  append(rows: readonly EncodedRows[]): void {
    for (const [index, ofTable] of rows.entries()) this.sinks[index]?.append(ofTable);
    this.checkSize();
  }

  /** Where the next rows stand. */
  placeAfter(place: BatchPlace): BatchPlace {
    const tables = place.tables.map((table, index) => ({
      ...table,
      nextRow: table.nextRow + (this.sinks[index] as RowSink).rows,
    }));
    return { ...place, tables };
  }

  /** The rows in the order of `BATCH_TABLES`; valid until the sinks are used again. */
  take(): EncodedRows[] {
    this.#hash();
    return BATCH_TABLES.map((_, index) => (this.sinks[index] as RowSink).take());
  }

  #hash(): void {
    if (this.#hashRows === undefined) return;
    for (const sink of this.sinks) sink.hash(this.#hashRows);
  }
}
