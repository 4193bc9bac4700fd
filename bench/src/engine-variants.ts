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
  /** @default "Native" */
  readonly format?: "RowBinary" | "Native";
  /** Requests of 512 spans in one INSERT. @default {@link REQUESTS_PER_BATCH} */
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

const inData =
  (pattern: RegExp, by: string) =>
  (statement: string): string =>
    isData(statement) ? statement.replaceAll(pattern, by) : statement;

/** Requests of 512 spans of the `genai` shape in a batch that closes by its size (BATCH_MAX_BYTES). */
export const REQUESTS_PER_BATCH = 42;

/** The first one is what ships. */
export const VARIANTS: readonly Variant[] = [
  { name: "as it is" },
  { name: "rows instead of columns (RowBinary)", format: "RowBinary" },
  { name: "half a batch an INSERT", requestsPerInsert: REQUESTS_PER_BATCH / 2 },
  { name: "two batches an INSERT", requestsPerInsert: REQUESTS_PER_BATCH * 2 },
  {
    name: "a file for each column from 10 MB",
    change: replace(/min_bytes_for_wide_part = \d+/g, "min_bytes_for_wide_part = 10485760"),
  },
  {
    name: "merges as by default",
    change: replace(/min_parts_to_merge_at_once = \d+/g, "min_parts_to_merge_at_once = 0"),
  },
  {
    name: "no bloom filter on trace ids",
    change: inData(/,\s*INDEX idx_trace_id TraceId TYPE bloom_filter\([\d.]+\) GRANULARITY 1/g, ""),
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
  { name: "no views", change: without(/MATERIALIZED VIEW/) },
  { name: "no moves between volumes", movesRows: false },
  { name: "no TTL", movesRows: false, change: replace(/\nTTL [^\n]*/g, "") },
  {
    name: "content with ZSTD(3)",
    change: replace(/Content String CODEC\(ZSTD\(1\)\)/g, "Content String CODEC(ZSTD(3))"),
  },
  { name: "everything with LZ4", change: inData(/ZSTD\(\d\)/g, "LZ4") },
  {
    name: "no deduplication window",
    change: replace(/non_replicated_deduplication_window = \d+/g, "index_granularity = 8192"),
  },
  {
    name: "no fsync of inserts",
    change: replace(
      /fsync_after_insert = 1, fsync_part_directory = 1/g,
      "fsync_after_insert = 0, fsync_part_directory = 0",
    ),
  },
  {
    name: "in the order of arrival",
    change: inData(/ORDER BY \([^)]*\)/g, "ORDER BY tuple()"),
  },
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
