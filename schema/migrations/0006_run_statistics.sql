-- Sums per run, kept as spans arrive. The target has a deduplication window of its own:
-- without it a retried insert would be counted again here.
CREATE TABLE IF NOT EXISTS run_statistics
(
    WorkspaceId LowCardinality(String),
    RunId String,
    Spans SimpleAggregateFunction(sum, UInt64),
    Steps SimpleAggregateFunction(sum, UInt64),
    FailedSteps SimpleAggregateFunction(sum, UInt64),
    AiCalls SimpleAggregateFunction(sum, UInt64),
    InputTokens SimpleAggregateFunction(sum, UInt64),
    OutputTokens SimpleAggregateFunction(sum, UInt64),
    Tools SimpleAggregateFunction(sum, UInt64),
    Actions SimpleAggregateFunction(sum, UInt64),
    Decisions SimpleAggregateFunction(sum, UInt64),
    Approvals SimpleAggregateFunction(sum, UInt64),
    Errors SimpleAggregateFunction(sum, UInt64),
    ExpiresAt SimpleAggregateFunction(max, DateTime)
)
ENGINE = AggregatingMergeTree
ORDER BY (WorkspaceId, RunId)
TTL ExpiresAt
SETTINGS
    -- Between two tries of a batch ClickHouse sees at most three batches of a receiver (IN_FLIGHT_MAX), each on at
    -- most 1,152 days (BATCH_MAX_DAYS + REQUEST_MAX_DAYS), thus 3,456 parts: three receivers fit the window.
    non_replicated_deduplication_window = 10000,
    -- A batch leaves the spool when its INSERTs are answered: they must be on the disk by then.
    fsync_after_insert = 1, fsync_part_directory = 1,
    -- Merging small parts by twos and threes cost as much as inserting them: twenty at a time instead.
    min_parts_to_merge_at_once = 20;

CREATE MATERIALIZED VIEW IF NOT EXISTS run_statistics_mv TO run_statistics AS
SELECT
    WorkspaceId,
    RunId,
    count() AS Spans,
    countIf(SpanType = 'step') AS Steps,
    countIf(SpanType = 'step' AND StatusCode = 'Error') AS FailedSteps,
    countIf(SpanType = 'ai') AS AiCalls,
    sumIf(toUInt64OrZero(SpanAttributes['gen_ai.usage.input_tokens']), SpanType = 'ai') AS InputTokens,
    sumIf(toUInt64OrZero(SpanAttributes['gen_ai.usage.output_tokens']), SpanType = 'ai') AS OutputTokens,
    countIf(SpanType = 'tool') AS Tools,
    countIf(SpanType = 'action') AS Actions,
    countIf(SpanType = 'decision') AS Decisions,
    countIf(SpanType = 'approval') AS Approvals,
    countIf(StatusCode = 'Error') AS Errors,
    max(ExpiresAt) AS ExpiresAt
FROM spans
WHERE RunId != ''
GROUP BY WorkspaceId, RunId;
