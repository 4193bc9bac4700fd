/**
 * The spool: makes requests durable, batch by batch, and hands sealed batches on in order.
 *
 * In: requests, and what makes records of them. Out: an acknowledgement once a request is on the disk; closed batches.
 * Side effects: files in the spool folder.
 *
 * One batch is open at a time. A request is made into a record of it (`recorder.ts`, in a thread when
 * the server runs), and waits for the commit of its group. A closed batch takes what is being made
 * for it and is sealed once its last commit is through; seals are made one after another in the order
 * of closing, which is the order of the file names, so a restart makes the same ones.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Appended, Journal } from "../base/batch.ts";
import { StageError } from "../base/errors.ts";
import { Slots } from "../base/slots.ts";
import { AppendFile } from "./append-file.ts";
import { DIGEST_SIZE_BYTES, encodeHead, type RequestRecord, readRecord } from "./batch-file.ts";
import { BatchContents } from "./contents.ts";
import { DiskQueue } from "./disk-queue.ts";
import { SpoolError, writeError } from "./errors.ts";
import {
  BATCH_BACKLOG_AGE_MS,
  BATCH_IDLE_MIN_ROWS,
  BATCH_IDLE_MS,
  BATCH_MAX_AGE_MS,
  BATCH_MAX_BYTES,
  BATCH_MAX_COLUMN_BYTES,
  BATCH_MAX_DAYS,
  BATCH_MAX_ROWS,
  HELD_BACK_MIN_BYTES,
  RECORDING_MAX,
  RETRY_FIRST_MS,
  RETRY_MAX_MS,
  UNSEALED_MAX_BYTES,
} from "./limits.ts";
import type { OpenBatch, Recorded } from "./open-batch.ts";
import { openParts } from "./open-parts.ts";
import type { Recorder } from "./recorder.ts";
import { BATCH_SUFFIX, cutFile, recoverBatch } from "./recovery.ts";
import { BatchMemory } from "./slabs.ts";
import { checkRoom } from "./space.ts";
import type { SpoolLimits, SpoolOptions, SpoolParts } from "./spool-parts.ts";
import type { SpoolState } from "./spool-state.ts";
import { keyOf } from "./window.ts";

export class Spool<Request> implements Journal<Request> {
  readonly #options: SpoolOptions;
  readonly #recorder: Recorder<Request>;
  readonly #recordings = new Slots(RECORDING_MAX);
  readonly #parts: SpoolParts;
  readonly #limits: Required<
    Pick<SpoolLimits, "bytes" | "rows" | "ageMs" | "backlogAgeMs" | "idleRows">
  >;
  readonly #underWay = new Map<string, Promise<Appended>>();
  readonly #diskQueue: DiskQueue;
  #open: OpenBatch | undefined;
  /** Ends when every batch closed so far is sealed. */
  #sealing: Promise<void> = Promise.resolve();
  #cuttingBack = 0;
  #stopping = false;
  #refusedRequests = 0;
  #repeatedRequests = 0;

  private constructor(options: SpoolOptions, recorder: Recorder<Request>, parts: SpoolParts) {
    this.#options = options;
    this.#recorder = recorder;
    this.#parts = parts;
    this.#limits = {
      bytes: BATCH_MAX_BYTES,
      rows: BATCH_MAX_ROWS,
      ageMs: BATCH_MAX_AGE_MS,
      backlogAgeMs: BATCH_BACKLOG_AGE_MS,
      idleRows: BATCH_IDLE_MIN_ROWS,
      ...options.limits,
    };
    this.#diskQueue = new DiskQueue(options.limits?.unsealedBytes ?? UNSEALED_MAX_BYTES);
  }

  /**
   * Open the folder; batches that a crash or a stop left there are handed on first.
   *
   * @throws {SpoolError} `SPOOL_UNREADABLE`
   */
  static async open<Request>(
    options: SpoolOptions,
    recorder: Recorder<Request>,
  ): Promise<Spool<Request>> {
    return new Spool(options, recorder, await openParts(options));
  }

  get parts(): SpoolParts {
    return this.#parts;
  }

  async append(digest: Uint8Array, request: Request): Promise<Appended> {
    if (digest.length !== DIGEST_SIZE_BYTES) throw new RangeError("a digest has 32 bytes");
    const rejected = this.#parts.window.rejectedOf(digest);
    if (rejected !== undefined) return this.#repeated(rejected);
    const key = keyOf(digest);
    // A client that gave up waiting sends the same again while the first try is still under way.
    const same = this.#underWay.get(key);
    if (same !== undefined) {
      this.#repeatedRequests += 1;
      return same;
    }
    const work = this.#append(digest, request);
    this.#underWay.set(key, work);
    try {
      return await work;
    } catch (error) {
      if (error instanceof StageError) this.#refusedRequests += 1;
      throw error;
    } finally {
      this.#underWay.delete(key);
    }
  }

  /** Close the open batch; resolves once every batch closed so far is sealed and handed on. */
  async close(): Promise<void> {
    if (this.#open !== undefined) this.#close(this.#open);
    await this.#sealing;
  }

  /** Take nothing more, and close. Batches that wait may still be stored; what is not stays here. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.close();
  }

  /** What the operator sees. */
  async state(): Promise<SpoolState> {
    await this.#parts.space.look();
    const { space, counts, window, damage, doneLog } = this.#parts;
    const [oldest] = this.#parts.waiting.keys();
    return {
      usedBytes: space.usedBytes,
      maxBytes: space.maxBytes,
      diskFreeBytes: space.freeBytes,
      files: this.#parts.waiting.size + (this.#open === undefined ? 0 : 1),
      openRows: this.#open?.contents.rows ?? 0,
      waitingBatches: this.#parts.waiting.size,
      oldestBatchId: oldest ?? this.#open?.contents.facts.batchId,
      knownRequests: window.size,
      commits: counts.commits,
      records: counts.records,
      longestCommitMs: counts.longestMs,
      refusedRequests: this.#refusedRequests,
      repeatedRequests: this.#repeatedRequests,
      corruptRecords: damage.corruptRecords,
      tornTails: damage.tornTails,
      origin: doneLog.origin,
      lastSequence: this.#parts.lastSequence,
    };
  }

  #repeated(rejected: number): Appended {
    this.#repeatedRequests += 1;
    const message =
      rejected === 0 ? "" : "refused before: the request is known and was not stored again";
    return { rejected, message };
  }

  async #append(digest: Uint8Array, request: Request): Promise<Appended> {
    const { promise: granted, resolve } = Promise.withResolvers<void>();
    const release = this.#recordings.acquire(resolve);
    let batch: OpenBatch | undefined;
    try {
      await granted;
      batch = await this.#batchWithRoom();
      const { made, committed } = await this.#recordInto(batch, digest, request);
      release();
      const { rejected, message } = made;
      if (committed === undefined) return { rejected, message };
      await committed;
      this.#parts.window.add(digest, rejected, this.#options.now());
      return { rejected, message };
    } finally {
      release();
      if (batch !== undefined) this.#discardUnused(batch);
    }
  }

  /** The open batch, once there is memory for more. */
  async #batchWithRoom(): Promise<OpenBatch> {
    while (this.#cuttingBack === 0 && this.#diskQueue.isFull(this.#open?.memory.sizeBytes ?? 0)) {
      await this.#diskQueue.changed();
    }
    if (this.#stopping) throw new SpoolError("SPOOL_STOPPING", "the server is stopping");
    checkRoom(this.#parts.space.room(), 0);
    if (this.#cuttingBack > 0) throw recovering();
    return this.#open ?? this.#begin();
  }

  /** The batch is not sealed before this is through. */
  #recordInto(batch: OpenBatch, digest: Uint8Array, request: Request): Promise<Recorded> {
    const recorded = this.#record(batch, digest, request);
    batch.recording.add(recorded);
    const done = (): void => {
      batch.recording.delete(recorded);
    };
    recorded.then(done, done);
    return recorded;
  }

  async #record(batch: OpenBatch, digest: Uint8Array, request: Request): Promise<Recorded> {
    const { contents, memory } = batch;
    const order = { digest, batch: contents.facts, room: this.#parts.space.room() };
    const made = await this.#recorder.record(request, order, memory);
    const { record, leaves } = made;
    if (record === undefined) return { made, committed: undefined };
    // The rows of a record that was given up would be a hole before those of this one.
    if (batch.hasFailed) throw recovering();
    let read: RequestRecord;
    try {
      read = readRecord(record, leaves);
      contents.add(read, record.length);
    } catch (error) {
      this.#fail(batch);
      throw error;
    }
    const committed = this.#commit(batch, record);
    const kept = this.#keep(batch, record, read, committed);
    if (this.#open === batch) this.#arm(batch);
    if (this.#isFull(batch)) this.#close(batch);
    const isHeldBack = record.length > HELD_BACK_MIN_BYTES;
    return { made, committed: isHeldBack ? committed.then(() => kept) : committed };
  }

  /** Opened for nothing: its id and times would be old when the next request comes. */
  #discardUnused(batch: OpenBatch): void {
    const isUnused = batch.contents.requests.length === 0 && batch.recording.size === 0;
    if (!isUnused || this.#open !== batch) return;
    this.#open = undefined;
    batch.memory.release();
    batch.rows?.discard();
  }

  async #commit(batch: OpenBatch, bytes: Buffer): Promise<void> {
    this.#parts.space.add(bytes.length);
    try {
      await batch.file.append(bytes);
    } catch (error) {
      this.#parts.space.add(-bytes.length);
      this.#fail(batch);
      throw writeError(error);
    }
  }

  /**
   * A record's memory is needed until it is on the disk and its rows are taken by whoever inserts them.
   *
   * @returns when that is so; never rejects
   */
  #keep(
    { rows, memory, keeping }: OpenBatch,
    record: Buffer,
    { tables }: RequestRecord,
    committed: Promise<void>,
  ): Promise<void> {
    const kept = committed.then(() => rows?.add(tables));
    const freed = kept.then(
      () => memory.free(record),
      // What was not written goes with the memory of its batch.
      () => undefined,
    );
    keeping.add(freed);
    void this.#diskQueue.untilKept(record.length, freed).then(() => keeping.delete(freed));
    return freed;
  }

  /** Nothing is taken until what was not acknowledged is cut off: a retry would double it. */
  #fail(batch: OpenBatch): void {
    if (batch.hasFailed) return;
    batch.hasFailed = true;
    this.#cuttingBack += 1;
    this.#close(batch);
  }

  #isFull({ contents, rows: prepared }: OpenBatch): boolean {
    const { sizeBytes, rows, days } = contents;
    const { bytes, rows: rowsMax } = this.#limits;
    if (sizeBytes >= bytes || rows >= rowsMax || days.size >= BATCH_MAX_DAYS) return true;
    return (prepared?.heldBytes ?? 0) >= BATCH_MAX_COLUMN_BYTES;
  }

  #begin(): OpenBatch {
    const { newId } = this.#parts;
    const now = this.#options.now();
    const facts = this.#options.describe(newId(now), now);
    const head = encodeHead(facts);
    const path = join(this.#options.dir, facts.batchId + BATCH_SUFFIX);
    const memory = new BatchMemory(this.#parts.slabs);
    const seal = this.#options.sealing.begin(facts);
    const batch: OpenBatch = {
      contents: new BatchContents(facts, { seal, keepsRows: false }),
      rows: this.#parts.prepare(facts),
      memory,
      file: new AppendFile(path, head, this.#parts.counts),
      openedAtMs: performance.now(),
      timer: undefined,
      idleTimer: undefined,
      hasFailed: false,
      recording: new Set(),
      keeping: new Set(),
    };
    this.#open = batch;
    return batch;
  }

  /** The age of a batch counts from its first request, its idleness from its last. */
  #arm(batch: OpenBatch): void {
    if (batch.idleTimer !== undefined) batch.idleTimer.refresh();
    else if (batch.contents.rows >= this.#limits.idleRows) {
      const whenIdle = (): void => {
        if (this.#options.isBehind()) batch.idleTimer?.refresh();
        else this.#close(batch);
      };
      batch.idleTimer = setTimeout(whenIdle, BATCH_IDLE_MS).unref();
    }
    if (batch.timer !== undefined) return;
    const armed = performance.now();
    const tick = (): void => {
      const isLate = performance.now() - armed >= this.#limits.backlogAgeMs;
      if (isLate || !this.#options.isBehind()) this.#close(batch);
      else batch.timer = setTimeout(tick, this.#limits.ageMs).unref();
    };
    batch.timer = setTimeout(tick, this.#limits.ageMs).unref();
  }

  /** Take no more requests into a batch, and seal it in its turn. */
  #close(batch: OpenBatch): void {
    if (this.#open !== batch) return;
    this.#open = undefined;
    clearTimeout(batch.timer);
    clearTimeout(batch.idleTimer);
    const closedAtMs = this.#options.now();
    const sealed = this.#sealing.then(() => this.#finish(batch, closedAtMs));
    this.#sealing = this.#diskQueue.untilSealed(batch.memory, sealed);
  }

  /** Seal a closed batch and hand it on. Never rejects: what fails is tried again. */
  async #finish(batch: OpenBatch, closedAtMs: number): Promise<void> {
    const { file, recording, keeping, memory, rows } = batch;
    while (recording.size > 0) await Promise.allSettled(recording);
    await file.settled();
    while (keeping.size > 0) await Promise.allSettled(keeping);
    memory.release();
    let { contents } = batch;
    if (contents.requests.length === 0 && !batch.hasFailed) {
      rows?.discard();
      return;
    }
    if (file.failed || batch.hasFailed) {
      await file.close();
      this.#fail(batch);
      rows?.discard();
      const left = await this.#retry(() => this.#cutBack(file));
      this.#cuttingBack -= 1;
      if (left === undefined) return;
      contents = left;
    }
    const { path, durableBytes: soundBytes } = file;
    const sealed = { path, file, soundBytes, contents, rows, closedAtMs };
    await this.#retry(() => this.#parts.seal(sealed));
  }

  /** What is left of a batch after a write that failed: the records that were acknowledged. */
  async #cutBack(file: AppendFile): Promise<BatchContents | undefined> {
    if (file.durableBytes === 0) {
      await rm(file.path, { force: true });
      return undefined;
    }
    await cutFile(file.path, file.durableBytes);
    const found = await recoverBatch(file.path, this.#parts.recovery);
    return found?.contents;
  }

  async #retry<T>(work: () => Promise<T>): Promise<T> {
    for (let pauseMs = RETRY_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, RETRY_MAX_MS)) {
      try {
        return await work();
      } catch (error) {
        if (pauseMs === RETRY_FIRST_MS) {
          this.#options.log.error(
            { err: error },
            "the spool could not close a batch; trying again",
          );
        }
        await delay(pauseMs, undefined, { ref: false });
      }
    }
  }
}

function recovering(): SpoolError {
  return new SpoolError("SPOOL_WRITE_FAILED", "the spool recovers from a failed write");
}
