/**
 * Makes records of requests in a thread of its own, so that decoding, redaction and hashing, most of
 * what a request costs, do not keep others from being read and acknowledged.
 *
 * In: requests. Out: their records, in memory that both threads share. Side effects: a thread. The
 * memory of a request's body goes to the thread.
 */
import { ownMemory } from "./base/free-memory.ts";
import { Thread } from "./base/thread.ts";
import { IngestError, type IngestErrorCode } from "./ingest/errors.ts";
import { READ_AHEAD_MAX_BYTES } from "./otlp/limits.ts";
import type { ExportRequest } from "./otlp/types.ts";
import { SpoolError, type SpoolErrorCode } from "./spool/errors.ts";
import type { LentSlab, RecordPlace } from "./spool/lent-slabs.ts";
import { LARGE_KEPT_MAX_BYTES, SLAB_SIZE_BYTES } from "./spool/limits.ts";
import type { MadeRecord, Recorder, RecordOrder } from "./spool/recorder.ts";
import type { BatchMemory, Slab, SlabPool } from "./spool/slabs.ts";

/**
 * A spare slab is lent when less than so many records like the last one fit into the slab at hand: as
 * many as may be under way, and one more. Where that was too few, a record gets memory of its own.
 */
const ROOM_MIN_RECORDS = 3;

/** Spare slabs when a batch begins. */
const SPARE_MAX = 2;

/** Smaller bodies may lie in memory that Node shares out (`Buffer.poolSize`), in bytes. */
const OWN_SIZE_MIN_BYTES = 65_536;

/** What the thread is started with. */
export interface RecorderThreadData {
  readonly redactionKey: Uint8Array;
}

/** A request for the thread. */
export interface RecordCall {
  readonly request: Omit<ExportRequest, "body" | "freeBody"> & { readonly body: Uint8Array };
  readonly order: RecordOrder;
  readonly lent: readonly LentSlab[];
}

/** What came of it. */
export type RecordReply =
  | (Omit<MadeRecord, "record"> & {
      readonly kind: "made";
      readonly place: RecordPlace | undefined;
      /** Lent memory that the thread does not have any more. */
      readonly retired: readonly number[];
    })
  | { readonly kind: "refused"; readonly code: string; readonly message: string };

export class ThreadRecorder implements Recorder<ExportRequest> {
  readonly #thread: Thread<RecordCall, RecordReply>;
  /** Slabs that are lent, those of the batch at hand and spare ones, by their ids. */
  readonly #lent = new Map<number, Slab>();
  /** Those that no record lies in yet. */
  readonly #spare = new Set<number>();
  /** Memory that is lent for records larger than a slab. */
  readonly #large = new Map<number, Slab>();
  /** Of the slab at hand, in bytes. */
  #roomBytes = 0;
  #lastBytes = 0;
  #batchId = "";

  constructor(data: RecorderThreadData) {
    this.#thread = new Thread("./encode-thread.ts", import.meta.url, { data });
  }

  async record(
    request: ExportRequest,
    order: RecordOrder,
    memory: BatchMemory,
  ): Promise<MadeRecord> {
    const body = ownBytes(request.body);
    const lent = this.#lend(order.batch.batchId, memory);
    const { freeBody, ...facts } = request;
    const call: RecordCall = { request: { ...facts, body }, order, lent };
    const reply = await this.#thread.call(call, [body.buffer as ArrayBuffer]);
    // What waits for the disk are the rows. A body that came alone stays counted until they are there.
    if (request.sizeBytes <= READ_AHEAD_MAX_BYTES) freeBody();
    if (reply.kind === "refused") throw errorOf(reply.code, reply.message);
    const { place, leaves, rejected, message, retired } = reply;
    for (const id of retired) this.#large.delete(id);
    const record = place && this.#recordAt(place, order.batch.batchId, memory);
    return { record, leaves, rejected, message };
  }

  /** End the thread. Nothing may be under way any more. */
  stop(): Promise<void> {
    return this.#thread.stop();
  }

  /** Slabs for the thread, as far as it may need one. */
  #lend(batchId: string, { pool }: BatchMemory): LentSlab[] {
    const slabs = this.#nextLarge(pool);
    const slab = this.#nextSlab(batchId, pool);
    if (slab !== undefined) slabs.push(slab);
    return slabs.map(({ id, memory }) => ({ id, memory }));
  }

  /** What is kept for large records, as far as it may be kept; the rest is given up. */
  #nextLarge(pool: SlabPool): Slab[] {
    let lentBytes = 0;
    for (const { bytes } of this.#large.values()) lentBytes += bytes.length;
    return pool.takeAllLarge().filter((slab) => {
      if (lentBytes + slab.bytes.length > LARGE_KEPT_MAX_BYTES) return false;
      lentBytes += slab.bytes.length;
      this.#large.set(slab.id, slab);
      return true;
    });
  }

  /** A slab to lend; none where the thread has room. */
  #nextSlab(batchId: string, pool: SlabPool): Slab | undefined {
    const isNew = batchId !== this.#batchId;
    this.#batchId = batchId;
    if (isNew) this.#roomBytes = 0;
    // The spare one may be taken by now, by a record of the batch before of which nothing is known yet.
    const spareMax = isNew ? SPARE_MAX : 1;
    const hasRoom = this.#roomBytes >= ROOM_MIN_RECORDS * this.#lastBytes;
    if ((hasRoom && !isNew) || this.#spare.size >= spareMax) return undefined;
    const slab = pool.take();
    this.#lent.set(slab.id, slab);
    this.#spare.add(slab.id);
    return slab;
  }

  #recordAt(place: RecordPlace, batchId: string, memory: BatchMemory): Buffer {
    const isCurrent = batchId === this.#batchId;
    const { start, end } = place;
    if ("memory" in place) {
      memory.holdOwn(place.memory);
      // There was no slab for it.
      if (isCurrent && end - start <= SLAB_SIZE_BYTES) this.#roomBytes = 0;
      return Buffer.from(place.memory, start, end - start);
    }
    const large = this.#large.get(place.slab);
    if (large !== undefined) {
      this.#large.delete(place.slab);
      memory.holdOwn(large.memory);
      return large.bytes.subarray(start, end);
    }
    const slab = this.#lent.get(place.slab);
    if (slab === undefined) throw new RangeError("the thread names a slab that it does not have");
    if (this.#spare.delete(slab.id)) {
      // Slabs are begun in the order in which they were lent; the one before is full, or its batch's.
      for (const id of this.#lent.keys()) {
        if (id !== slab.id && !this.#spare.has(id)) this.#lent.delete(id);
      }
      memory.hold(slab);
    }
    memory.use(end);
    // What is left of a slab goes with its batch.
    if (isCurrent) this.#roomBytes = SLAB_SIZE_BYTES - end;
    this.#lastBytes = end - start;
    return slab.bytes.subarray(start, end);
  }
}

/**
 * The bytes in memory that can be handed over, which is that of the body itself where nothing else
 * lies in it but what gRPC puts before a message.
 */
function ownBytes(body: Buffer): Uint8Array {
  const memory = body.length < OWN_SIZE_MIN_BYTES ? undefined : ownMemory(body);
  if (memory === undefined) return new Uint8Array(body);
  return new Uint8Array(memory, body.byteOffset, body.length);
}

function errorOf(code: string, message: string): SpoolError | IngestError {
  return code.startsWith("SPOOL_")
    ? new SpoolError(code as SpoolErrorCode, message)
    : new IngestError(code as IngestErrorCode, message);
}
