-- Every span, redacted. Columns up to Links.Attributes have the names and types of the Collector's otel_traces.
-- The sparse columns (ids, digests) are cheap to keep and never indexed by map keys or values:
-- those indexes double the cost of an insert, and content lives in payloads.
CREATE TABLE IF NOT EXISTS spans
(
    Timestamp DateTime64(9) CODEC(Delta, ZSTD(1)),
    TraceId String CODEC(ZSTD(1)),
    SpanId String CODEC(ZSTD(1)),
    ParentSpanId String CODEC(ZSTD(1)),
    TraceState String CODEC(ZSTD(1)),
    SpanName LowCardinality(String) CODEC(ZSTD(1)),
    SpanKind LowCardinality(String) CODEC(ZSTD(1)),
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ScopeName String CODEC(ZSTD(1)),
    ScopeVersion String CODEC(ZSTD(1)),
    SpanAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    Duration UInt64 CODEC(ZSTD(1)),
    StatusCode LowCardinality(String) CODEC(ZSTD(1)),
    StatusMessage String CODEC(ZSTD(1)),
    Events Nested
    (
        Timestamp DateTime64(9),
        Name LowCardinality(String),
        Attributes Map(LowCardinality(String), String)
    ) CODEC(ZSTD(1)),
    Links Nested
    (
        TraceId String,
        SpanId String,
        TraceState String,
        Attributes Map(LowCardinality(String), String)
    ) CODEC(ZSTD(1)),
    ScopeAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    DroppedAttributes UInt32 CODEC(ZSTD(1)),
    DroppedEvents UInt32 CODEC(ZSTD(1)),
    DroppedLinks UInt32 CODEC(ZSTD(1)),
    Flags UInt32 CODEC(ZSTD(1)),
    WorkspaceId LowCardinality(String),
    RunId String CODEC(ZSTD(1)),
    WorkflowId LowCardinality(String),
    StepName LowCardinality(String),
    SpanType LowCardinality(String),
    Result LowCardinality(String),
    Redactions Map(LowCardinality(String), UInt32) CODEC(ZSTD(1)),
    BatchId String CODEC(ZSTD(1)),
    Segment UInt16 CODEC(ZSTD(1)),
    Row UInt32 CODEC(Delta, ZSTD(1)),
    RetentionClass LowCardinality(String),
    ExpiresAt DateTime CODEC(Delta, ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY (RetentionClass, toDate(Timestamp))
ORDER BY (WorkspaceId, RunId, Timestamp)
TTL ExpiresAt
SETTINGS storage_policy = '{{storage_policy}}', ttl_only_drop_parts = 1,
    -- Between two tries of a batch ClickHouse sees at most three batches of a receiver (IN_FLIGHT_MAX), each on at
    -- most 1,152 days (BATCH_MAX_DAYS + REQUEST_MAX_DAYS), thus 3,456 parts: three receivers fit the window.
    non_replicated_deduplication_window = 10000,
    -- A batch leaves the spool when its INSERTs are answered: they must be on the disk by then.
    fsync_after_insert = 1, fsync_part_directory = 1,
    -- One file a part instead of a hundred, up to the size that several merges make: files were most of an INSERT.
    min_bytes_for_wide_part = 134217728,
    -- Merging small parts by twos and threes cost as much as inserting them: twenty at a time instead, and what is left
    -- of a partition that has had no new rows for two days becomes one part, so that old ones stay quick to search.
    min_parts_to_merge_at_once = 20,
    min_age_to_force_merge_seconds = 172800, min_age_to_force_merge_on_partition_only = 1;
