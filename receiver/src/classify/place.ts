/**
 * Where the rows of a batch stand and when they expire.
 *
 * In: what is the same for all rows of a batch. Out: the place of its first row in each table. Pure.
 */
import { BATCH_TABLES, type BatchTableName, RETENTION_CLASSES } from "@spanledger/schema";
import type { BatchPlace } from "../base/batch.ts";

const MS_PER_DAY = 86_400_000;

/** Latest second that a ClickHouse DateTime holds: 2106-02-07. */
const DATE_TIME_MAX_S = 4_294_967_295;

/** What is the same for all rows of a batch. */
export interface BatchFacts {
  /** ULID of the batch. */
  readonly batchId: string;
  /** The workspace that the sender is bound to; never taken from an attribute. */
  readonly workspaceId: string;
  /** Name of the retention class; a key of `RETENTION_CLASSES`. */
  readonly retentionClass: string;
  /** Time of arrival, in milliseconds since 1970. Ages count from here: a sender's clock may lie. */
  readonly receivedAtMs: number;
}

/**
 * The place of a batch's first rows: a segment for each table.
 *
 * @throws {RangeError} when the retention class is unknown
 */
export function firstPlace(facts: BatchFacts): BatchPlace {
  const { batchId, workspaceId, retentionClass, receivedAtMs } = facts;
  const tables = BATCH_TABLES.map(({ name }, segment) => ({
    segment,
    nextRow: 0,
    expiresAtS: expiresAtS(name, retentionClass, receivedAtMs),
  }));
  return { batchId, workspaceId, retentionClass, tables };
}

/**
 * When a row expires, in seconds since 1970. Rounded up to midnight UTC, so that a day's rows expire
 * together and whole parts are dropped.
 *
 * @throws {RangeError} when the retention class is unknown
 */
export function expiresAtS(
  table: BatchTableName,
  retentionClass: string,
  receivedAtMs: number,
): number {
  const ages = RETENTION_CLASSES[retentionClass];
  if (ages === undefined) throw new RangeError(`unknown retention class ${retentionClass}`);
  const day = Math.ceil(receivedAtMs / MS_PER_DAY) + (ages[table]?.deleteDays ?? 0);
  return Math.min((day * MS_PER_DAY) / 1000, DATE_TIME_MAX_S);
}
