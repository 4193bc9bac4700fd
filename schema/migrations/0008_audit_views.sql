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

CREATE VIEW IF NOT EXISTS audit_errors AS
SELECT
    WorkspaceId, RunId, WorkflowId, Timestamp, TraceId, SpanId, SpanType, SpanName, ServiceName, StepName,
    Attempt, Type, Message, Fallback
FROM errors;

CREATE VIEW IF NOT EXISTS audit_payloads AS
SELECT
    WorkspaceId, RunId, WorkflowId, Timestamp, TraceId, SpanId, SpanType, StepName, Name, Content, SizeBytes
FROM payloads;
