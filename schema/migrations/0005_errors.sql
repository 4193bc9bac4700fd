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
SETTINGS storage_policy = '{{storage_policy}}', non_replicated_deduplication_window = 10000;
