-- What Grafana's ClickHouse data source, HyperDX and others expect by name, column by column.
CREATE VIEW IF NOT EXISTS otel_traces AS
SELECT
    Timestamp, TraceId, SpanId, ParentSpanId, TraceState, SpanName, SpanKind, ServiceName,
    ResourceAttributes, ScopeName, ScopeVersion, SpanAttributes, Duration, StatusCode, StatusMessage,
    `Events.Timestamp`, `Events.Name`, `Events.Attributes`,
    `Links.TraceId`, `Links.SpanId`, `Links.TraceState`, `Links.Attributes`
FROM spans;

CREATE TABLE IF NOT EXISTS otel_traces_trace_id_ts
(
    TraceId String CODEC(ZSTD(1)),
    Start DateTime CODEC(Delta, ZSTD(1)),
    End DateTime CODEC(Delta, ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(Start)
ORDER BY (TraceId, Start)
TTL End + INTERVAL 7 YEAR
SETTINGS
    -- Between two tries of a batch ClickHouse sees at most three batches of a receiver (IN_FLIGHT_MAX), each on at
    -- most 1,152 days (BATCH_MAX_DAYS + REQUEST_MAX_DAYS), thus 3,456 parts: three receivers fit the window.
    non_replicated_deduplication_window = 10000,
    -- A batch leaves the spool when its INSERTs are answered: they must be on the disk by then.
    fsync_after_insert = 1, fsync_part_directory = 1,
    -- Merging small parts by twos and threes cost as much as inserting them: twenty at a time instead, and what is left
    -- of a partition that has had no new rows for two days becomes one part, so that old ones stay quick to search.
    min_parts_to_merge_at_once = 20,
    min_age_to_force_merge_seconds = 172800, min_age_to_force_merge_on_partition_only = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS otel_traces_trace_id_ts_mv TO otel_traces_trace_id_ts AS
SELECT TraceId, min(Timestamp) AS Start, max(Timestamp) AS End
FROM spans
WHERE TraceId != ''
GROUP BY TraceId;
