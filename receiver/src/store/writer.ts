/**
 * Brings closed batches to ClickHouse, in order, each exactly once.
 *
 * In: batches that wait on the disk. Out: they are done, or refused for good. Side effects: INSERTs.
 *
 * Several batches are under way, but none is begun before the one {@link IN_FLIGHT_MAX} places ahead
 * has ended: so between two tries of a batch ClickHouse sees few other tokens, and its window of
 * tokens need not be long. Rows of the ledger are inserted in the order of the log.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { ClickHouseClient } from "@clickhouse/client";
import { LEDGER } from "@spanledger/schema";
import type { Log } from "../base/log.ts";
import type { BatchSource, Refusal, StorableTable } from "../base/stored-batch.ts";
import { judge } from "./errors.ts";
import { TableInserter } from "./insert.ts";
import type { Inserter } from "./inserter.ts";

/**
 * Batches under way at the same time. One turns its rows into columns while another is merged into
 * ClickHouse; a third one only queued there, stored no more, and held 110 MB of memory.
 */
export const IN_FLIGHT_MAX = 2;

/**
 * Bytes of the batches under way together (100 MiB): two full ones. One that a single huge request
 * made larger goes alone.
 */
export const IN_FLIGHT_MAX_BYTES = 104_857_600;

/** First pause after a failed try, in milliseconds; doubles with each, plus up to half at random. */
const BACKOFF_FIRST_MS = 200;

/** Longest pause, in milliseconds: how late a ClickHouse that is back is noticed. */
const BACKOFF_MAX_MS = 15_000;

/** Tries after which rows that ClickHouse cannot read are a dead letter: a broken connection can cut them. */
const REFUSALS_MAX = 3;

/** What the writer has done, for the operator. */
export interface WriterState {
  readonly waitingBatches: number;
  readonly storedBatches: number;
  readonly refusedBatches: number;
  readonly failedTries: number;
  /** The last failure, while a try is being repeated. */
  readonly lastFailure: string | undefined;
}

export interface WriterOptions {
  readonly client: ClickHouseClient;
  readonly log: Log;
  /** @default inserts where it is called */
  readonly inserter?: Inserter;
  /** @default {@link IN_FLIGHT_MAX} */
  readonly inFlightMax?: number;
  /** First pause after a failed try. @default 200 */
  readonly backoffMs?: number;
  /** Resolves when the tables are in place; until then batches wait. */
  readonly ready?: Promise<void>;
}

interface Place {
  readonly source: BatchSource;
  /** Ends when the batch before has its ledger row and has left the spool. */
  readonly before: Promise<void>;
  readonly ended: PromiseWithResolvers<void>;
}

export class BatchWriter {
  readonly #options: WriterOptions;
  readonly #inserter: Inserter;
  readonly #stopped = new AbortController();
  readonly #whenStopped = new Promise<void>((resolve) => {
    this.#stopped.signal.addEventListener("abort", () => resolve());
  });
  #waiting: Place[] = [];
  #inFlight = 0;
  #inFlightBytes = 0;
  #isReady: boolean;
  #last: Promise<void> = Promise.resolve();
  #storedBatches = 0;
  #refusedBatches = 0;
  #failedTries = 0;
  #lastFailure: string | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#inserter = options.inserter ?? new TableInserter(options.client);
    this.#isReady = options.ready === undefined;
    options.ready?.then(
      () => {
        this.#isReady = true;
      },
      () => undefined,
    );
  }

  /** Batches that are not stored yet. */
  get size(): number {
    return this.#waiting.length + this.#inFlight;
  }

  /**
   * Whether ClickHouse is still at work on a batch. One that is closed meanwhile shows nothing much
   * sooner: an INSERT costs ClickHouse as much as several thousand rows before it has read one.
   */
  get isBehind(): boolean {
    return this.size > 0 || this.isStuck;
  }

  /** Whether a batch that is pushed now would wait for another one. */
  get isFull(): boolean {
    return this.size >= (this.#options.inFlightMax ?? IN_FLIGHT_MAX) || this.isStuck;
  }

  /** Whether ClickHouse did not take what was last sent, or has no tables yet. */
  get isStuck(): boolean {
    return this.#lastFailure !== undefined || !this.#isReady;
  }

  state(): WriterState {
    return {
      waitingBatches: this.size,
      storedBatches: this.#storedBatches,
      refusedBatches: this.#refusedBatches,
      failedTries: this.#failedTries,
      lastFailure: this.#lastFailure,
    };
  }

  /** Take a batch; resolves once it has left the spool, or when the writer stops. */
  push(source: BatchSource): Promise<void> {
    const ended = Promise.withResolvers<void>();
    this.#waiting.push({ source, before: this.#last, ended });
    this.#last = ended.promise;
    this.#startMore();
    return ended.promise;
  }

  /** Resolves when every batch pushed so far has left, or the writer has stopped. */
  settled(): Promise<void> {
    return this.#last;
  }

  /** Give up what is under way; it is repeated under the same tokens at the next start. */
  stop(): void {
    this.#stopped.abort();
  }

  #startMore(): void {
    const max = this.#options.inFlightMax ?? IN_FLIGHT_MAX;
    // A place ends after the one before it, so those in flight are always neighbours.
    for (;;) {
      const [place] = this.#waiting;
      if (place === undefined || this.#inFlight >= max) return;
      const { sizeBytes = 0 } = place.source;
      const isTooMuch = this.#inFlightBytes + sizeBytes > IN_FLIGHT_MAX_BYTES;
      if (this.#inFlight > 0 && isTooMuch) return;
      this.#waiting.shift();
      this.#inFlight += 1;
      this.#inFlightBytes += sizeBytes;
      void this.#run(place).finally(() => {
        this.#inFlight -= 1;
        this.#inFlightBytes -= sizeBytes;
        place.ended.resolve();
        this.#startMore();
      });
    }
  }

  /** Never rejects: it tries again until it succeeds or the writer stops. */
  async #run({ source, before }: Place): Promise<void> {
    const { batchId } = source;
    await Promise.race([this.#options.ready, this.#whenStopped]);
    if (this.#stopped.signal.aborted) return;
    if (source.wasLeft && (await this.#isComplete(batchId)) === true) {
      await before;
      await this.#persist(batchId, () => source.done());
      return;
    }
    const batch = await this.#persist(batchId, () => source.load());
    if (batch === undefined) return;
    const refusals: Refusal[] = [];
    const stored: string[] = [...source.storedTables];
    for (const table of batch.tables) {
      if (source.storedTables.has(table.name)) continue;
      if (table.name === LEDGER.name) await before;
      const refusal = await this.#insert(source, table);
      if (this.#stopped.signal.aborted) return;
      if (refusal === undefined) stored.push(table.name);
      else refusals.push(refusal);
    }
    await before;
    if (this.#stopped.signal.aborted) return;
    if (refusals.length === 0) {
      await this.#persist(batchId, () => source.done());
      this.#storedBatches += 1;
      return;
    }
    await this.#persist(batchId, () => source.refuse(refusals, stored));
    this.#refusedBatches += 1;
    const tables = refusals.map(({ table, code, type }) => `${table}: ${type} (${code})`);
    this.#options.log.error({ batchId, tables }, "ClickHouse refuses a batch; it is in quarantine");
  }

  /**
   * Whether a batch that an earlier process left has its ledger row: then it has all the others, and
   * however long ago that was, it is not written again.
   */
  #isComplete(batchId: string): Promise<boolean | undefined> {
    return this.#persist(batchId, async () => {
      const result = await this.#options.client.query({
        query: "SELECT 1 FROM ledger WHERE BatchId = {batchId:String} LIMIT 1",
        query_params: { batchId },
        format: "JSONEachRow",
        abort_signal: this.#stopped.signal,
      });
      return (await result.json()).length > 0;
    });
  }

  /** Insert one table; undefined when it is in, or when the writer stopped. */
  async #insert(source: BatchSource, table: StorableTable): Promise<Refusal | undefined> {
    const { batchId } = source;
    const { signal } = this.#stopped;
    let refused = 0;
    return this.#persist(batchId, async () => {
      try {
        await this.#inserter.insert(table, batchId, signal);
        this.#lastFailure = undefined;
        return undefined;
      } catch (error) {
        const { code, type, isFinal } = judge(error);
        if (isFinal) refused += 1;
        if (refused < REFUSALS_MAX) throw error;
        return { table: table.name, code, type, rows: table.rows };
      }
    });
  }

  /** Repeat until it succeeds; undefined when the writer stops first. */
  async #persist<T>(batchId: string, work: () => Promise<T>): Promise<T | undefined> {
    const { log, backoffMs = BACKOFF_FIRST_MS } = this.#options;
    const { signal } = this.#stopped;
    for (let tries = 0; !signal.aborted; tries += 1) {
      try {
        return await work();
      } catch (error) {
        if (signal.aborted) return undefined;
        const { code, type } = judge(error);
        this.#failedTries += 1;
        this.#lastFailure = `${type} (${code})`;
        if (tries === 0) log.warn({ batchId, code, type }, "a batch waits for ClickHouse");
        const pauseMs = Math.min(backoffMs * 2 ** Math.min(tries, 20), BACKOFF_MAX_MS);
        await delay(pauseMs * (1 + Math.random() / 2), undefined, { signal }).catch(
          () => undefined,
        );
      }
    }
    return undefined;
  }
}
