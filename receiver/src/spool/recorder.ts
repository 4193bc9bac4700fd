/**
 * Requests to records of the open batch.
 *
 * In: a request, and which batch it goes into. Out: its framed record in the batch's memory, with the
 * leaves of its rows. Rows are numbered here, in the order in which requests come; one that is refused
 * takes no number. Side effects: the batch's memory.
 */
import {
  type BatchPlace,
  type Encode,
  type EncodedRequest,
  RequestTooLargeError,
} from "../base/batch.ts";
import { type BatchFacts, encodeRequest, requestSizeBytes } from "./batch-file.ts";
import { daysOf } from "./contents.ts";
import { REQUEST_MAX_DAYS } from "./limits.ts";
import type { BatchMemory } from "./slabs.ts";
import { checkRoom, type Room } from "./space.ts";

/** What a record is made for. */
export interface RecordOrder {
  /** Of the request, 32 bytes. */
  readonly digest: Uint8Array;
  readonly batch: BatchFacts;
  /** What there is room for. */
  readonly room: Room;
}

/** A request as a record. */
export interface MadeRecord {
  /** Undefined where no row was left to keep. */
  readonly record: Buffer | undefined;
  /** The ledger's leaf of each row, table after table; none where they are yet to be made. */
  readonly leaves: Uint8Array | undefined;
  readonly rejected: number;
  readonly message: string;
}

/** Makes records, here or in a thread. */
export interface Recorder<Request> {
  /**
   * Make a record, after those that were asked for before.
   *
   * @throws an error of the encoder; {@link RequestTooLargeError}; `SpoolError` with `SPOOL_FULL`,
   *   `SPOOL_DISK_FULL`
   */
  record(request: Request, order: RecordOrder, memory: BatchMemory): Promise<MadeRecord>;
}

/** Makes the records of one batch after another. */
export class RecordMaker {
  #batchId = "";
  #nextRows: number[] = [];

  /** @param take memory of the batch for a record of so many bytes */
  make(encode: Encode, order: RecordOrder, take: (sizeBytes: number) => Buffer): MadeRecord {
    const place = this.#place(order.batch);
    const encoded = encode(place);
    const { rejected, message, tables } = encoded;
    if (tables.every(({ rowEnds }) => rowEnds.length === 0)) {
      return { record: undefined, leaves: undefined, rejected, message };
    }
    const sizeBytes = checkedSize(encoded, order.room);
    const record = take(sizeBytes);
    encodeRequest(record, order.digest, place, encoded);
    for (const [index, { rowEnds }] of tables.entries()) {
      this.#nextRows[index] = (this.#nextRows[index] ?? 0) + rowEnds.length;
    }
    const leaves = joinedLeaves(encoded);
    return { record, leaves, rejected, message };
  }

  #place({ batchId, workspaceId, retentionClass, tables }: BatchFacts): BatchPlace {
    if (batchId !== this.#batchId) {
      this.#batchId = batchId;
      this.#nextRows = [];
    }
    return {
      batchId,
      workspaceId,
      retentionClass,
      tables: tables.map(({ segment, expiresAtS }, index) => ({
        segment,
        expiresAtS,
        nextRow: this.#nextRows[index] ?? 0,
      })),
    };
  }
}

/** Makes records where it is called. */
export class LocalRecorder<Request> implements Recorder<Request> {
  readonly #maker = new RecordMaker();
  readonly #encoderOf: (request: Request) => Encode;

  constructor(encoderOf: (request: Request) => Encode) {
    this.#encoderOf = encoderOf;
  }

  async record(request: Request, order: RecordOrder, memory: BatchMemory): Promise<MadeRecord> {
    return this.#maker.make(this.#encoderOf(request), order, (sizeBytes) => memory.take(sizeBytes));
  }
}

/** Size of the record, of which there is to be no doubt that it can be kept. */
function checkedSize(encoded: EncodedRequest, room: Room): number {
  const sizeBytes = requestSizeBytes(encoded);
  checkRoom(room, sizeBytes);
  if (daysOf(encoded).size > REQUEST_MAX_DAYS) {
    throw new RequestTooLargeError(
      `the spans of the request lie on more than ${REQUEST_MAX_DAYS} days`,
    );
  }
  return sizeBytes;
}

function joinedLeaves({ tables }: EncodedRequest): Uint8Array | undefined {
  const leaves: Uint8Array[] = [];
  for (const table of tables) {
    if (table.rowEnds.length === 0) continue;
    if (table.leaves === undefined) return undefined;
    leaves.push(table.leaves);
  }
  // Memory of its own, so that it can be handed to another thread.
  const joined = new Uint8Array(leaves.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of leaves) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
