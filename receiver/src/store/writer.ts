/**
 * Brings closed batches to ClickHouse, in order, each exactly once.
 *
 * In: batches that wait on the disk. Out: they are done, or refused for good. Side effects: INSERTs.
 *
 * One batch is under way at a time, its tables side by side, then its row in the ledger: so between two
 * tries of a batch ClickHouse sees no other token of this receiver, and its window of tokens need not
 * be long.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { ClickHouseClient } from "@clickhouse/client";
import { LEDGER } from "@spanledger/schema";
import type { Log } from "../base/log.ts";
import type { BatchSource, Refusal, StorableTable } from "../base/stored-batch.ts";
import { judge } from "./errors.ts";
import { TableInserter } from "./insert.ts";
import type { Inserter } from "./inserter.ts";

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
  /** First pause after a failed try. @default 200 */
  readonly backoffMs?: number;
  /** Resolves when the tables are in place; until then batches wait. */
  readonly ready?: Promise<void>;
}

export class BatchWriter {
  readonly #options: WriterOptions;
  readonly #inserter: Inserter;
  readonly #stopped = new AbortController();
  readonly #whenStopped = new Promise<void>((resolve) => {
    this.#stopped.signal.addEventListener("abort", () => resolve());
  });
  #size = 0;
  #isReady: boolean;
  #last: Promise<void> = Promise.resolve();
  #storedBatches = 0;
  #refusedBatches = 0;
  #failedTries = 0;
  /** Of what is being tried again. */
  readonly #failures = new Map<object, string>();

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
    return this.#size;
  }

  /**
   * Whether ClickHouse is still at work on a batch. One that is closed meanwhile shows nothing much
   * sooner: an INSERT costs ClickHouse as much as several thousand rows before it has read one.
   */
  get isBehind(): boolean {
    return this.size > 0 || this.isStuck;
  }

  /** Whether ClickHouse did not take what was last sent, or has no tables yet. */
  get isStuck(): boolean {
    return this.#failures.size > 0 || !this.#isReady;
  }

  state(): WriterState {
    return {
      waitingBatches: this.size,
      storedBatches: this.#storedBatches,
      refusedBatches: this.#refusedBatches,
      failedTries: this.#failedTries,
      lastFailure: [...this.#failures.values()].at(-1),
    };
  }

  /** Take a batch; resolves once it has left the spool, or when the writer stops. */
  push(source: BatchSource): Promise<void> {
    this.#size += 1;
    const ended = this.#last.then(async () => {
      await this.#run(source);
      this.#size -= 1;
    });
    this.#last = ended;
    return ended;
  }

  /** Resolves when every batch pushed so far has left, or the writer has stopped. */
  settled(): Promise<void> {
    return this.#last;
  }

  /** Give up what is under way; it is repeated under the same tokens at the next start. */
  stop(): void {
    this.#stopped.abort();
  }

  /** Never rejects: it tries again until it succeeds or the writer stops. */
  async #run(source: BatchSource): Promise<void> {
    const { batchId } = source;
    await Promise.race([this.#options.ready, this.#whenStopped]);
    if (this.#stopped.signal.aborted) return;
    if (source.wasLeft && (await this.#isComplete(batchId)) === true) {
      await this.#persist(batchId, () => source.done());
      return;
    }
    const batch = await this.#persist(batchId, () => source.load());
    if (batch === undefined) return;
    const refusals: Refusal[] = [];
    const stored: string[] = [...source.storedTables];
    const missing = batch.tables.filter(({ name }) => !source.storedTables.has(name));
    const insert = async (table: StorableTable): Promise<void> => {
      const refusal = await this.#insert(source, table);
      if (refusal === undefined) stored.push(table.name);
      else refusals.push(refusal);
    };
    // ClickHouse works on each with one thread for the most part.
    await Promise.all(missing.filter(({ name }) => name !== LEDGER.name).map(insert));
    for (const table of missing.filter(({ name }) => name === LEDGER.name)) {
      if (!this.#stopped.signal.aborted) await insert(table);
    }
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
    const { signal } = this.#stopped;
    try {
      for (let tries = 0; !signal.aborted; tries += 1) {
        try {
          return await work();
        } catch (error) {
          if (signal.aborted) return undefined;
          const { code, type } = judge(error);
          this.#failedTries += 1;
          this.#failures.set(work, `${type} (${code})`);
          if (tries === 0) {
            this.#options.log.warn({ batchId, code, type }, "a batch waits for ClickHouse");
          }
          await this.#pause(tries);
        }
      }
      return undefined;
    } finally {
      this.#failures.delete(work);
    }
  }

  /** Ends at once when the writer stops. */
  async #pause(tries: number): Promise<void> {
    const { backoffMs = BACKOFF_FIRST_MS } = this.#options;
    const pauseMs = Math.min(backoffMs * 2 ** Math.min(tries, 20), BACKOFF_MAX_MS);
    const { signal } = this.#stopped;
    await delay(pauseMs * (1 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
  }
}
