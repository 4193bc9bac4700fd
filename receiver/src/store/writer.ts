/**
 * Writes a batch to ClickHouse: one INSERT per table, all under one deduplication token.
 *
 * In: the rows of a batch and its token. Out: nothing, once every table has committed. Side effects:
 * INSERTs. A batch that failed half way is written again under the same token: ClickHouse drops
 * what it already has, in the tables and in the targets of their materialised views.
 */
import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { type ClickHouseClient, ClickHouseError } from "@clickhouse/client";
import { BATCH_TABLES, type BatchTableName } from "@spanledger/schema";
import { StageError } from "../base/errors.ts";
import { encodeRows } from "./row-binary.ts";

/** Attempts for one table before the sender is asked to come back: bridges a restart of the engine. */
const ATTEMPTS_MAX = 5;

/** Pause before the second attempt, in milliseconds; doubles with each, plus up to half at random. */
const BACKOFF_MS = 200;

/** Batches written at the same time; more would only queue inside ClickHouse. */
const CONCURRENT_BATCHES_MAX = 8;

/** Batches that may wait for their turn; the sender of one more is asked to come back later. */
const WAITING_BATCHES_MAX = 64;

/** Attributes of a request may be spread over many days; partitions only cost, they never refuse. */
const INSERT_SETTINGS = {
  async_insert: 0,
  insert_deduplicate: 1,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  throw_on_max_partitions_per_insert_block: 0,
  wait_end_of_query: 1,
} as const;

/**
 * - `STORE_BUSY`: too many batches wait already
 * - `STORE_UNAVAILABLE`: ClickHouse did not take the batch after all attempts
 */
export type StoreErrorCode = "STORE_BUSY" | "STORE_UNAVAILABLE";

export class StoreError extends StageError<StoreErrorCode> {}

/** The rows of a batch by table; the order within a table is the order of insertion. */
export type StoredRows = Readonly<Record<BatchTableName, readonly object[]>>;

export interface Store {
  /**
   * Write a batch and return when it is committed.
   *
   * @param token names the batch; the same token never stores a row twice
   * @throws {StoreError} `STORE_BUSY`, `STORE_UNAVAILABLE`; both may succeed later
   */
  write(rows: StoredRows, token: string): Promise<void>;
}

/** A store on a client; the client stays the caller's to close. */
export function createStore(client: ClickHouseClient): Store {
  const gate = new Gate();
  return {
    async write(rows, token) {
      await gate.enter();
      try {
        // Side by side, and all to their end: a retry must not meet an insert still under way.
        const inserts = BATCH_TABLES.filter((table) => rows[table.name].length > 0).map((table) =>
          insert(client, table, encodeRows(table, rows[table.name] as never), token),
        );
        const failed = (await Promise.allSettled(inserts)).find(
          (result) => result.status === "rejected",
        );
        if (failed !== undefined) throw failed.reason;
      } finally {
        gate.leave();
      }
    },
  };
}

async function insert(
  client: ClickHouseClient,
  table: (typeof BATCH_TABLES)[number],
  body: Buffer,
  token: string,
): Promise<void> {
  const columns = Object.keys(table.columns)
    .map((name) => `\`${name}\``)
    .join(", ");
  for (let attempt = 1; ; attempt += 1) {
    try {
      const result = await client.exec({
        query: `INSERT INTO ${table.name} (${columns}) FORMAT RowBinary`,
        values: Readable.from([body], { objectMode: false }),
        clickhouse_settings: { ...INSERT_SETTINGS, insert_deduplication_token: token },
      });
      for await (const _ of result.stream) {
        // An insert answers with nothing; reading to the end frees the socket.
      }
      return;
    } catch (cause) {
      // What ClickHouse itself refuses will be refused again; what never reached it may pass.
      if (cause instanceof ClickHouseError || attempt === ATTEMPTS_MAX) {
        throw new StoreError("STORE_UNAVAILABLE", `ClickHouse did not take table ${table.name}`, {
          retryable: true,
          cause,
        });
      }
      await delay(BACKOFF_MS * 2 ** (attempt - 1) * (1 + Math.random() / 2));
    }
  }
}

/** Lets a limited number in, a limited number wait, and sends the rest away. */
class Gate {
  #inside = 0;
  readonly #waiting: (() => void)[] = [];

  async enter(): Promise<void> {
    if (this.#inside < CONCURRENT_BATCHES_MAX) {
      this.#inside += 1;
      return;
    }
    if (this.#waiting.length >= WAITING_BATCHES_MAX) {
      throw new StoreError("STORE_BUSY", `${WAITING_BATCHES_MAX} batches wait for ClickHouse`, {
        retryable: true,
      });
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#inside -= 1;
    else next();
  }
}
