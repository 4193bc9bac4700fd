-- One row per span that ended with status ERROR.
CREATE TABLE IF NOT EXISTS errors
(
    Timestamp DateTime64(9) CODEC(Delta, ZSTD(1)),
    WorkspaceId LowCardinality(String),
    WorkflowId LowCardinality(String),
    RunId String CODEC(ZSTD(1)),
    TraceId String CODEC(ZSTD(1)),
    SpanId String CODEC(ZSTD(1)),
    SpanType LowCardinality(String),
    SpanName LowCardinality(String),
    ServiceName LowCardinality(String),
    StepName LowCardinality(String),
    Attempt UInt16 CODEC(ZSTD(1)),
    Type LowCardinality(String),
    Message String CODEC(ZSTD(1)),
    Fallback String CODEC(ZSTD(1)),
    BatchId String CODEC(ZSTD(1)),
    Segment UInt16 CODEC(ZSTD(1)),
    Row UInt32 CODEC(Delta, ZSTD(1)),
    RetentionClass LowCardinality(String),
    ExpiresAt DateTime CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY (RetentionClass, toYYYYMM(Timestamp))
ORDER BY (WorkspaceId, Timestamp)
TTL ExpiresAt
SETTINGS storage_policy = '{{storage_policy}}',
    -- Between two tries of a batch ClickHouse sees at most three batches of a receiver (IN_FLIGHT_MAX), each on at
    -- most 1,152 days (BATCH_MAX_DAYS + REQUEST_MAX_DAYS), thus 3,456 parts: three receivers fit the window.
    non_replicated_deduplication_window = 10000,
    -- A batch leaves the spool when its INSERTs are answered: they must be on the disk by then.
    fsync_after_insert = 1, fsync_part_directory = 1,
    -- Merging small parts by twos and threes cost as much as inserting them: twenty at a time instead, and what is left
    -- of a partition that has had no new rows for two days becomes one part, so that old ones stay quick to search.
    min_parts_to_merge_at_once = 20,
    min_age_to_force_merge_seconds = 172800, min_age_to_force_merge_on_partition_only = 1;
