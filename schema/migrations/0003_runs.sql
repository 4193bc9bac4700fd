-- One row per run segment: the root span of a run, or of the part that a person's answer resumed.
CREATE TABLE IF NOT EXISTS runs
(
    StartedAt DateTime64(9) CODEC(Delta, ZSTD(1)),
    EndedAt DateTime64(9) CODEC(Delta, ZSTD(1)),
    WorkspaceId LowCardinality(String),
    WorkflowId LowCardinality(String),
    WorkflowName LowCardinality(String),
    WorkflowVersion LowCardinality(String),
    RunId String CODEC(ZSTD(1)),
    TraceId String CODEC(ZSTD(1)),
    SpanId String CODEC(ZSTD(1)),
    Result LowCardinality(String),
    StatusMessage String CODEC(ZSTD(1)),
    TriggerType LowCardinality(String),
    TriggerSource String CODEC(ZSTD(1)),
    TriggerId String CODEC(ZSTD(1)),
    ActorId String CODEC(ZSTD(1)),
    ActorType LowCardinality(String),
    Authorization String CODEC(ZSTD(1)),
    RequestId String CODEC(ZSTD(1)),
    ConversationId String CODEC(ZSTD(1)),
    Engine LowCardinality(String),
    ServiceName LowCardinality(String),
    Tags Array(String) CODEC(ZSTD(1)),
    DefinitionSha256 String CODEC(ZSTD(1)),
    ResumesTraceId String CODEC(ZSTD(1)),
    BatchId String CODEC(ZSTD(1)),
    Segment UInt16 CODEC(ZSTD(1)),
    Row UInt32 CODEC(Delta, ZSTD(1)),
    RetentionClass LowCardinality(String),
    ExpiresAt DateTime CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY (RetentionClass, toYYYYMM(StartedAt))
ORDER BY (WorkspaceId, WorkflowId, StartedAt, RunId)
TTL ExpiresAt
SETTINGS storage_policy = '{{storage_policy}}', non_replicated_deduplication_window = 10000;
