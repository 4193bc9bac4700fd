/**
 * Brings the schema up to date, at once or as soon as ClickHouse can be reached.
 *
 * In: a target. Out: a promise for the tables being in place. Side effects: migrations, retention
 * rules. A server that does not answer at start is waited for: what arrives is kept in the spool.
 * What it answers and refuses (a password, a changed migration) ends the start.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type ClickHouseClient, ClickHouseError } from "@clickhouse/client";
import { StageError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { ClickHouseTarget } from "./client.ts";
import { migrate } from "./migrate.ts";
import { applyRetention } from "./retention.ts";

/** Pause between two tries to reach ClickHouse, in milliseconds. */
const PAUSE_MS = 2_000;

export interface PrepareOptions {
  readonly target: ClickHouseTarget;
  readonly client: ClickHouseClient;
  readonly log: Log;
  /** Ends the tries. */
  readonly signal: AbortSignal;
  /** @default 2000 */
  readonly pauseMs?: number;
}

/** The schema, now or later. */
export interface Prepared {
  /** Resolves when the tables are in place; never rejects. Pending for ever once aborted. */
  readonly ready: Promise<void>;
}

/**
 * Prepare the tables.
 *
 * @throws {MigrationError} and what ClickHouse itself answers
 */
export async function prepareStore(options: PrepareOptions): Promise<Prepared> {
  try {
    await prepareOnce(options);
    return { ready: Promise.resolve() };
  } catch (error) {
    if (isAnswer(error)) throw error;
    options.log.warn(
      { url: options.target.url },
      "ClickHouse does not answer; records are kept in the spool until it does",
    );
    return { ready: keepTrying(options) };
  }
}

/** Something was there and said no; otherwise the connection failed. */
function isAnswer(error: unknown): boolean {
  return error instanceof ClickHouseError || error instanceof StageError;
}

async function keepTrying(options: PrepareOptions): Promise<void> {
  const { log, signal, pauseMs = PAUSE_MS } = options;
  for (;;) {
    await delay(pauseMs, undefined, { ref: false, signal }).catch(() => undefined);
    if (signal.aborted) return new Promise(() => undefined);
    try {
      await prepareOnce(options);
      log.info("ClickHouse answers; what waits is stored now");
      return;
    } catch (error) {
      if (isAnswer(error)) log.error({ err: error }, "the schema cannot be brought up to date");
    }
  }
}

async function prepareOnce({ target, client, log }: PrepareOptions): Promise<void> {
  const { applied, storagePolicy } = await migrate(target);
  if (applied.length > 0) log.info({ applied, storagePolicy }, "migrations applied");
  const changed = await applyRetention(client);
  if (changed.length > 0) log.info({ tables: changed }, "retention rules changed");
}
