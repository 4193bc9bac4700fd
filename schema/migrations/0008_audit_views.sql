-- The first named audit views: the surface for compliance, the CLI and the dashboards.

-- One row per run; its segments (before and after a pause) are folded into one.
CREATE VIEW IF NOT EXISTS audit_runs AS
SELECT
    r.WorkspaceId AS WorkspaceId, r.RunId AS RunId, WorkflowId, WorkflowName, WorkflowVersion,
    StartedAt, EndedAt, DurationMs, Result, StatusMessage, Segments,
    TriggerType, TriggerSource, TriggerId, ActorId, ActorType, Authorization,
    RequestId, ConversationId, Engine, ServiceName, Tags, DefinitionSha256, TraceIds,
    s.Steps AS Steps, s.FailedSteps AS FailedSteps, s.AiCalls AS AiCalls,
    s.InputTokens AS InputTokens, s.OutputTokens AS OutputTokens, s.Tools AS Tools,
    s.Actions AS Actions, s.Decisions AS Decisions, s.Approvals AS Approvals, s.Errors AS Errors
FROM
(
    SELECT
        WorkspaceId, RunId,
        argMin(g.WorkflowId, g.StartedAt) AS WorkflowId,
        argMin(g.WorkflowName, g.StartedAt) AS WorkflowName,
        argMin(g.WorkflowVersion, g.StartedAt) AS WorkflowVersion,
        min(g.StartedAt) AS StartedAt,
        max(g.EndedAt) AS EndedAt,
        (toUnixTimestamp64Nano(max(g.EndedAt)) - toUnixTimestamp64Nano(min(g.StartedAt))) / 1000000 AS DurationMs,
        argMax(g.Result, g.EndedAt) AS Result,
        argMax(g.StatusMessage, g.EndedAt) AS StatusMessage,
        count() AS Segments,
        argMin(g.TriggerType, g.StartedAt) AS TriggerType,
        argMin(g.TriggerSource, g.StartedAt) AS TriggerSource,
        argMin(g.TriggerId, g.StartedAt) AS TriggerId,
        argMin(g.ActorId, g.StartedAt) AS ActorId,
        argMin(g.ActorType, g.StartedAt) AS ActorType,
        argMin(g.Authorization, g.StartedAt) AS Authorization,
        argMin(g.RequestId, g.StartedAt) AS RequestId,
        argMin(g.ConversationId, g.StartedAt) AS ConversationId,
        argMin(g.Engine, g.StartedAt) AS Engine,
        argMin(g.ServiceName, g.StartedAt) AS ServiceName,
        argMin(g.Tags, g.StartedAt) AS Tags,
        argMin(g.DefinitionSha256, g.StartedAt) AS DefinitionSha256,
        arrayDistinct(arrayMap(x -> x.2, arraySort(groupArray((g.StartedAt, g.TraceId))))) AS TraceIds
    FROM runs AS g
    GROUP BY WorkspaceId, RunId
) AS r
LEFT JOIN
(
    SELECT
        WorkspaceId, RunId, sum(Steps) AS Steps, sum(FailedSteps) AS FailedSteps, sum(AiCalls) AS AiCalls,
        sum(InputTokens) AS InputTokens, sum(OutputTokens) AS OutputTokens, sum(Tools) AS Tools,
        sum(Actions) AS Actions, sum(Decisions) AS Decisions, sum(Approvals) AS Approvals, sum(Errors) AS Errors
    FROM run_statistics
    GROUP BY WorkspaceId, RunId
) AS s ON r.WorkspaceId = s.WorkspaceId AND r.RunId = s.RunId;

-- Every span of every run, in the terms of an audit.
CREATE VIEW IF NOT EXISTS audit_timeline AS
SELECT
    WorkspaceId, RunId, WorkflowId, Timestamp, Duration / 1000000 AS DurationMs, TraceId, SpanId, ParentSpanId,
    SpanType, SpanName, StepName, Result, StatusCode, StatusMessage,
    toUInt16OrZero(SpanAttributes['workflow.step.attempt']) AS Attempt,
    `Events.Name` AS EventNames, SpanAttributes, RetentionClass, ExpiresAt
FROM spans
WHERE RunId != '';

CREATE VIEW IF NOT EXISTS audit_steps AS
SELECT
    WorkspaceId, RunId, WorkflowId, Timestamp, Duration / 1000000 AS DurationMs, TraceId, SpanId, StepName,
    SpanAttributes['workflow.step.type'] AS StepType,
    toUInt16OrZero(SpanAttributes['workflow.step.attempt']) AS Attempt,
    Result, SpanAttributes['error.type'] AS ErrorType, StatusMessage AS ErrorMessage,
    SpanAttributes['workflow.step.fallback'] AS Fallback
FROM spans
WHERE SpanType = 'step';

CREATE VIEW IF NOT EXISTS audit_decisions AS
SELECT
    WorkspaceId, RunId, WorkflowId, Timestamp, TraceId, SpanId, DecisionId, Name, Type, SourceStep, Condition,
    Options, Selected, Skipped, DefaultTaken, Reason, Confidence
FROM decisions;

CREATE VIEW IF NOT EXISTS audit_ai_calls AS
SELECT
    WorkspaceId, RunId, WorkflowId, Timestamp, Duration / 1000000 AS DurationMs, TraceId, SpanId, StepName,
    SpanAttributes['gen_ai.operation.name'] AS Operation,
    SpanAttributes['gen_ai.provider.name'] AS Provider,
    SpanAttributes['gen_ai.request.model'] AS RequestModel,
    SpanAttributes['gen_ai.response.model'] AS ResponseModel,
    toUInt64OrZero(SpanAttributes['gen_ai.usage.input_tokens']) AS InputTokens,
    toUInt64OrZero(SpanAttributes['gen_ai.usage.output_tokens']) AS OutputTokens,
    SpanAttributes['gen_ai.response.finish_reasons'] AS FinishReasons,
    toUInt16OrZero(SpanAttributes['http.request.resend_count']) AS Resends,
    StatusCode, SpanAttributes['error.type'] AS ErrorType, StatusMessage AS ErrorMessage
FROM spans
WHERE SpanType = 'ai';

CREATE VIEW IF NOT EXISTS audit_actions AS
SELECT
    WorkspaceId, RunId, WorkflowId, Timestamp, Duration / 1000000 AS DurationMs, TraceId, SpanId, StepName,
    SpanAttributes['workflow.action.name'] AS Action,
    SpanAttributes['workflow.action.target'] AS Target,
    SpanAttributes['workflow.action.external_id'] AS ExternalId,
    Result, StatusCode, StatusMessage AS ErrorMessage
FROM spans
WHERE SpanType = 'action';

CREATE VIEW IF NOT EXISTS audit_approvals AS
SELECT
    WorkspaceId, RunId, WorkflowId, Timestamp, TraceId, SpanId, StepName,
    SpanAttributes['workflow.approval.id'] AS ApprovalId,
    SpanAttributes['workflow.approval.outcome'] AS Outcome,
    SpanAttributes['user.id'] AS DecidedBy,
    SpanAttributes['workflow.approval.requested_at'] AS RequestedAt,
    toUInt64OrZero(SpanAttributes['workflow.approval.wait_ms']) AS WaitMs,
    SpanAttributes['workflow.approval.comment'] AS Comment
FROM spans
WHERE SpanType = 'approval';

-- Rows made of log records know their trace and span, and seldom more (SpanType is empty): what they lack is looked up
-- in the span when they are read, because it may come later. Two branches, so that a filter by run reaches the key of
-- the first, and the key of the spans in the second. Without one, only spans of traces with such rows are read, by the
-- index of trace ids. Spans are grouped: one that was sent twice must not double a row.
CREATE VIEW IF NOT EXISTS audit_errors AS
SELECT
    WorkspaceId, RunId, WorkflowId, Timestamp, TraceId, SpanId, SpanType, SpanName, ServiceName, StepName,
    Attempt, Type, Message, Fallback
FROM errors
WHERE SpanType != '' OR RunId != ''
UNION ALL
SELECT
    e.WorkspaceId AS WorkspaceId, s.RunId AS RunId, if(e.WorkflowId != '', e.WorkflowId, s.WorkflowId) AS WorkflowId,
    e.Timestamp AS Timestamp, e.TraceId AS TraceId, e.SpanId AS SpanId, s.SpanType AS SpanType,
    s.SpanName AS SpanName, e.ServiceName AS ServiceName,
    if(e.StepName != '', e.StepName, s.StepName) AS StepName, if(e.Attempt != 0, e.Attempt, s.Attempt) AS Attempt,
    e.Type AS Type, e.Message AS Message, e.Fallback AS Fallback
FROM errors AS e
LEFT JOIN
(
    SELECT
        WorkspaceId, TraceId, SpanId, RunId, any(WorkflowId) AS WorkflowId, any(SpanType) AS SpanType,
        any(SpanName) AS SpanName, any(StepName) AS StepName,
        any(toUInt16OrZero(SpanAttributes['workflow.step.attempt'])) AS Attempt
    FROM spans
    WHERE TraceId IN (SELECT TraceId FROM errors WHERE SpanType = '' AND RunId = '')
    GROUP BY WorkspaceId, TraceId, SpanId, RunId
) AS s ON e.WorkspaceId = s.WorkspaceId AND e.TraceId = s.TraceId AND e.SpanId = s.SpanId
WHERE e.SpanType = '' AND e.RunId = '';

CREATE VIEW IF NOT EXISTS audit_payloads AS
SELECT
    WorkspaceId, RunId, WorkflowId, Timestamp, TraceId, SpanId, SpanType, StepName, Name, Content, SizeBytes
FROM payloads
WHERE SpanType != '' OR RunId != ''
UNION ALL
SELECT
    p.WorkspaceId AS WorkspaceId, s.RunId AS RunId, if(p.WorkflowId != '', p.WorkflowId, s.WorkflowId) AS WorkflowId,
    p.Timestamp AS Timestamp, p.TraceId AS TraceId, p.SpanId AS SpanId, s.SpanType AS SpanType,
    if(p.StepName != '', p.StepName, s.StepName) AS StepName, p.Name AS Name, p.Content AS Content,
    p.SizeBytes AS SizeBytes
FROM payloads AS p
LEFT JOIN
(
    SELECT
        WorkspaceId, TraceId, SpanId, RunId, any(WorkflowId) AS WorkflowId, any(SpanType) AS SpanType,
        any(StepName) AS StepName
    FROM spans
    WHERE TraceId IN (SELECT TraceId FROM payloads WHERE SpanType = '' AND RunId = '')
    GROUP BY WorkspaceId, TraceId, SpanId, RunId
) AS s ON p.WorkspaceId = s.WorkspaceId AND p.TraceId = s.TraceId AND p.SpanId = s.SpanId
WHERE p.SpanType = '' AND p.RunId = '';
