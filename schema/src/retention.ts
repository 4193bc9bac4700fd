/**
 * Ages at which rows of a retention class move to cheaper storage and are deleted.
 *
 * `ExpiresAt` is computed from these when a row is written; moves are ClickHouse TTL rules.
 */

/** Ages of one table in one class, in days since the time of the record. */
export interface RetentionAges {
  /** Days on the hot volume. */
  readonly hotDays: number;
  /** Age in days at which a row moves from the warm to the cold volume. */
  readonly warmDays: number;
  /** Age in days at which a row is deleted. */
  readonly deleteDays: number;
}

/** The class of rows for which no rule names another. */
export const DEFAULT_RETENTION_CLASS = "standard";

const TRACES: RetentionAges = { hotDays: 30, warmDays: 90, deleteDays: 365 };
const CONTENT: RetentionAges = { hotDays: 30, warmDays: 60, deleteDays: 90 };
const COMPACT: RetentionAges = { hotDays: 90, warmDays: 365, deleteDays: 2555 };

/** Ages of every table a batch writes, by class. */
export const RETENTION_CLASSES: Readonly<Record<string, Readonly<Record<string, RetentionAges>>>> =
  {
    [DEFAULT_RETENTION_CLASS]: {
      spans: TRACES,
      payloads: CONTENT,
      runs: COMPACT,
      decisions: COMPACT,
      errors: COMPACT,
    },
  };

/** Name of the tiered storage policy and of its volumes, hottest first. */
export const TIERED_POLICY = "spanledger_tiered";
export const TIER_VOLUMES = ["hot", "warm", "cold"] as const;
