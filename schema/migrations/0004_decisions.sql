-- One row per branch decision: what could have been taken, what was, and why.
CREATE TABLE IF NOT EXISTS decisions
(
    Timestamp DateTime64(9) CODEC(Delta, ZSTD(1)),
    WorkspaceId LowCardinality(String),
    WorkflowId LowCardinality(String),
    RunId String CODEC(ZSTD(1)),
    TraceId String CODEC(ZSTD(1)),
    SpanId String CODEC(ZSTD(1)),
    DecisionId String CODEC(ZSTD(1)),
    Name LowCardinality(String),
    Type LowCardinality(String),
    SourceStep LowCardinality(String),
    Condition String CODEC(ZSTD(1)),
    Options Array(String) CODEC(ZSTD(1)),
    Selected Array(String) CODEC(ZSTD(1)),
    Skipped Array(String) CODEC(ZSTD(1)),
    DefaultTaken Bool,
    Reason String CODEC(ZSTD(1)),
    Confidence Nullable(Float64) CODEC(ZSTD(1)),
    BatchId String CODEC(ZSTD(1)),
    Segment UInt16 CODEC(ZSTD(1)),
    Row UInt32 CODEC(Delta, ZSTD(1)),
    RetentionClass LowCardinality(String),
    ExpiresAt DateTime CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY (RetentionClass, toYYYYMM(Timestamp))
ORDER BY (WorkspaceId, RunId, Timestamp)
TTL ExpiresAt
SETTINGS storage_policy = '{{storage_policy}}', non_replicated_deduplication_window = 10000;
