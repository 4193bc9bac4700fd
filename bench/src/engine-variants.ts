/**
 * Ways in which the tables could be made and filled otherwise. Pure.
 */
import type { Migration } from "@spanledger/schema";

/** A statement made otherwise; undefined leaves it out. */
type Change = (statement: string) => string | undefined;

export interface Variant {
  readonly name: string;
  /** Of every statement of the migrations. */
  readonly change?: Change;
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

const both =
  (one: Change, other: Change): Change =>
  (statement) => {
    const once = one(statement);
    return once === undefined ? undefined : other(once);
  };

const COMPACT = withSetting("min_bytes_for_wide_part = 134217728");
const NO_BLOOM = inData(
  /,\s*INDEX idx_trace_id TraceId TYPE bloom_filter\([\d.]+\) GRANULARITY 1/g,
  "",
);
const NO_VIEWS = without(/MATERIALIZED VIEW/);
const LIGHTER = inData(/ZSTD\(3\)/g, "ZSTD(1)");

const LARGE = { change: COMPACT, format: "Native", requestsPerInsert: 128 } as const;

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
  {
    name: "no definitions views",
    change: without(/VIEW IF NOT EXISTS definition(s|_texts)_mv/),
  },
  { name: "no views", change: NO_VIEWS },
  { name: "no moves between volumes", movesRows: false },
  { name: "no TTL", movesRows: false, change: replace(/\nTTL [^\n]*/g, "") },
  { name: "payloads with ZSTD(1)", change: LIGHTER },
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
    change: COMPACT,
  },
  {
    name: "compact, Native",
    change: COMPACT,
    format: "Native",
  },
  { name: "Native instead of RowBinary", format: "Native" },
  { name: "128 requests: compact, Native", ...LARGE },
  {
    name: "128 requests: compact, Native, no bloom filter",
    ...LARGE,
    change: both(COMPACT, NO_BLOOM),
  },
  { name: "128 requests: compact, Native, no views", ...LARGE, change: both(COMPACT, NO_VIEWS) },
  { name: "128 requests: compact, Native, no moves", ...LARGE, movesRows: false },
  { name: "128 requests: compact, Native, ZSTD(1)", ...LARGE, change: both(COMPACT, LIGHTER) },
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
