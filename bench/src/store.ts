/**
 * What ClickHouse holds after a load: counts, doubles, size on disk, merges.
 *
 * In: a URL and a database. Out: figures. Side effects: queries; `empty` deletes rows.
 */
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from "@clickhouse/client";
import { LOAD_OF_SPAN_SQL, REQUEST_OF_SPAN_SQL } from "./load-template.ts";

/** Time between two looks, in milliseconds. A count is answered from metadata. */
const LOOK_INTERVAL_MS = 50;

/** Merges count as settled after this long without one and without a change of parts. */
const SETTLED_AFTER_MS = 2_000;

/** Longest query, in milliseconds: counting a load while merges run takes seconds. */
const REQUEST_TIMEOUT_MS = 120_000;

/** Where a subject's spans are. */
export interface StorePlace {
  readonly url: string;
  readonly database: string;
  /** Table of the spans. */
  readonly spans: string;
}

/** What was stored of a load. */
export interface Stored {
  /** Rows of this load. */
  readonly rows: number;
  /** Different span ids in them. */
  readonly spans: number;
  /** Spans that were acknowledged and are not there. */
  readonly lost: number;
  /** Rows of one span beyond its first. */
  readonly doubled: number;
}

export interface Settled {
  readonly tookMs: number;
  /** False when merges went on until the time was up. */
  readonly isSettled: boolean;
  readonly parts: number;
  /** Compressed data, marks and indexes of all tables of the database. */
  readonly diskBytes: number;
}

export class Store {
  readonly #client: ClickHouseClient;
  readonly #place: StorePlace;

  constructor(place: StorePlace) {
    this.#place = place;
    this.#client = createClient({
      url: place.url,
      request_timeout: REQUEST_TIMEOUT_MS,
      log: { level: ClickHouseLogLevel.OFF },
    });
  }

  /** Rows in the table of spans. */
  async count(): Promise<number> {
    const { database, spans } = this.#place;
    const [row] = await this.#rows<{ n: string }>(`SELECT count() AS n FROM ${database}.${spans}`);
    return Number(row?.n ?? 0);
  }

  /**
   * Wait until the table of spans holds so many rows.
   *
   * @returns false when nothing was added for `patienceMs`
   */
  async holds(rows: number, patienceMs: number): Promise<boolean> {
    let seen = -1;
    let changedAt = performance.now();
    for (;;) {
      const now = await this.count().catch(() => seen);
      if (now >= rows) return true;
      if (now !== seen) {
        seen = now;
        changedAt = performance.now();
      } else if (performance.now() - changedAt > patienceMs) return false;
      await pause(LOOK_INTERVAL_MS);
    }
  }

  /** Hold what is there against what was acknowledged. */
  async check(
    load: number,
    acknowledgedRequests: readonly number[],
    spansPerRequest: number,
  ): Promise<Stored> {
    const { database, spans } = this.#place;
    const found = await this.#rows<{ request: string; n: string; ids: string }>(
      `SELECT ${REQUEST_OF_SPAN_SQL} AS request, count() AS n, uniqExact(SpanId) AS ids
       FROM ${database}.${spans} WHERE ${LOAD_OF_SPAN_SQL} = ${load} GROUP BY request`,
    );
    const idsOf = new Map(found.map(({ request, ids }) => [Number(request), Number(ids)]));
    const rows = sum(found.map(({ n }) => Number(n)));
    const different = sum([...idsOf.values()]);
    const lost = sum(
      acknowledgedRequests.map((request) => spansPerRequest - (idsOf.get(request) ?? 0)),
    );
    return { rows, spans: different, lost, doubled: rows - different };
  }

  /** Wait for merges, at most so long. */
  async settle(boundMs: number): Promise<Settled> {
    const startedAt = performance.now();
    let quietSince = startedAt;
    let before = "";
    for (;;) {
      const { parts, diskBytes, merges } = await this.#parts();
      const now = performance.now();
      const state = `${parts} ${diskBytes}`;
      if (merges > 0 || state !== before) quietSince = now;
      before = state;
      const isSettled = now - quietSince >= SETTLED_AFTER_MS;
      if (isSettled || now - startedAt > boundMs) {
        return { tookMs: now - startedAt, isSettled, parts, diskBytes };
      }
      await pause(LOOK_INTERVAL_MS * 4);
    }
  }

  /** Delete the rows of every table of the database, and the parts with them. */
  async empty(): Promise<void> {
    const { database } = this.#place;
    const tables = await this.#rows<{ name: string }>(
      `SELECT name FROM system.tables WHERE database = '${database}'
       AND engine LIKE '%MergeTree' AND name != 'schema_migrations'`,
    );
    for (const { name } of tables) {
      await this.#client.command({ query: `TRUNCATE TABLE ${database}.\`${name}\` SYNC` });
    }
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #parts(): Promise<{ parts: number; diskBytes: number; merges: number }> {
    const { database } = this.#place;
    const [row] = await this.#rows<{ parts: string; bytes: string; merges: string }>(
      `SELECT count() AS parts, sum(bytes_on_disk) AS bytes,
         (SELECT count() FROM system.merges WHERE database = '${database}') AS merges
       FROM system.parts WHERE database = '${database}' AND active`,
    );
    return {
      parts: Number(row?.parts ?? 0),
      diskBytes: Number(row?.bytes ?? 0),
      merges: Number(row?.merges ?? 0),
    };
  }

  async #rows<T>(query: string): Promise<T[]> {
    return (await this.#client.query({ query, format: "JSONEachRow" })).json<T>();
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
