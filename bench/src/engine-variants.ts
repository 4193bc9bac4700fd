/**
 * Ways in which the tables could be made and filled otherwise. Pure.
 */
import type { Migration } from "@spanledger/schema";

export interface Variant {
  readonly name: string;
  /** Change of a migration's statement; undefined leaves the statement out. */
  readonly change?: (statement: string) => string | undefined;
  /** Whether rows move from hot to cold as the retention classes say. @default true */
  readonly movesRows?: boolean;
  readonly format?: "RowBinary" | "Native";
  /** Requests of 512 spans in one INSERT. @default 32 */
  readonly requestsPerInsert?: number;
  readonly settings?: Readonly<Record<string, string>>;
}

const without =
  (pattern: RegExp) =>
  (statement: string): string | undefined =>
    pattern.test(statement) ? undefined : statement;

const replace =
  (pattern: RegExp, by: string) =>
  (statement: string): string =>
    statement.replaceAll(pattern, by);

const isData = (statement: string): boolean => /EXISTS (spans|payloads)\b/.test(statement);

/** Further settings of every MergeTree table. */
const withSetting = (setting: string): ((statement: string) => string) =>
  replace(
    /non_replicated_deduplication_window = /g,
    `${setting}, non_replicated_deduplication_window = `,
  );

const inData =
  (pattern: RegExp, by: string) =>
  (statement: string): string =>
    isData(statement) ? statement.replaceAll(pattern, by) : statement;

/** The first one is what ships. */
export const VARIANTS: readonly Variant[] = [
  { name: "as it is" },
  {
    name: "no bloom filter on trace ids",
    change: inData(/,\s*INDEX idx_trace_id TraceId TYPE bloom_filter\([\d.]+\) GRANULARITY 1/g, ""),
  },
  {
    name: "bloom filter 0.01 instead of 0.001",
    change: inData(/bloom_filter\(0\.001\)/g, "bloom_filter(0.01)"),
  },
  { name: "no run_statistics view", change: without(/VIEW IF NOT EXISTS run_statistics_mv/) },
  {
    name: "no trace_id_ts view",
    change: without(/VIEW IF NOT EXISTS otel_traces_trace_id_ts_mv/),
  },
  { name: "no views", change: without(/MATERIALIZED VIEW/) },
  { name: "no moves between volumes", movesRows: false },
  { name: "no TTL", movesRows: false, change: replace(/\nTTL [^\n]*/g, "") },
  { name: "payloads with ZSTD(1)", change: inData(/ZSTD\(3\)/g, "ZSTD(1)") },
  { name: "everything with LZ4", change: inData(/ZSTD\(\d\)/g, "LZ4") },
  {
    name: "no deduplication window",
    change: replace(/non_replicated_deduplication_window = \d+/g, "index_granularity = 8192"),
  },
  {
    name: "no fsync of inserts",
    change: (statement) =>
      withSetting("fsync_after_insert = 0, fsync_part_directory = 0")(
        statement.replaceAll(/,?[^,]*fsync_after_insert = 1, fsync_part_directory = 1/g, ""),
      ),
  },
  {
    name: "payloads ordered by batch and row",
    change: (statement) =>
      /EXISTS payloads\b/.test(statement)
        ? statement.replace(/ORDER BY \([^)]*\)/, "ORDER BY (WorkspaceId, BatchId, Row)")
        : statement,
  },
  {
    name: "compact parts up to 128 MiB",
    change: withSetting("min_bytes_for_wide_part = 134217728"),
  },
  {
    name: "compact, Native",
    change: withSetting("min_bytes_for_wide_part = 134217728"),
    format: "Native",
  },
  { name: "Native instead of RowBinary", format: "Native" },
  {
    name: "compact, Native, 128 requests an INSERT",
    change: withSetting("min_bytes_for_wide_part = 134217728"),
    format: "Native",
    requestsPerInsert: 128,
  },
  { name: "8 requests an INSERT", requestsPerInsert: 8 },
  { name: "128 requests an INSERT", requestsPerInsert: 128 },
  { name: "one thread", settings: { max_threads: "1", max_insert_threads: "1" } },
];

/** Migrations with every statement changed. Only for a database that is thrown away. */
export function changed(migrations: readonly Migration[], { change }: Variant): Migration[] {
  if (change === undefined) return [...migrations];
  return migrations.map((migration) => ({
    ...migration,
    statements: migration.statements
      .map(change)
      .filter((statement): statement is string => statement !== undefined),
  }));
}
