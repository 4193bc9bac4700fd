/**
 * Queries about runs as a whole: which, who, and one of them.
 */
import { VIEWS } from "@spanledger/schema";
import { type AuditQuery, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX, type QueryColumn } from "../types.ts";
import { ACTOR, RUN, SINCE, STATUS, UNTIL, WHERE, WORKFLOW } from "./parameters.ts";

const WORKFLOW_OF_RUN =
  "({workflow:String} = '' OR WorkflowId = {workflow:String} OR WorkflowName = {workflow:String})";

const STARTED = `StartedAt >= fromUnixTimestamp64Milli({since:Int64})
    AND StartedAt < fromUnixTimestamp64Milli({until:Int64})`;

const RUN_COLUMNS: readonly QueryColumn[] = [
  { name: "RunId", kind: "id", label: "Run" },
  { name: "StartedAt", kind: "time", label: "Started" },
  { name: "WorkflowId", kind: "text", label: "Workflow" },
  { name: "Result", kind: "result" },
  { name: "DurationMs", kind: "duration", label: "Took" },
  { name: "ActorId", kind: "text", label: "Started by" },
  { name: "StatusMessage", kind: "text", label: "Message" },
  { name: "Steps", kind: "count" },
  { name: "Errors", kind: "count" },
  { name: "AiCalls", kind: "count", label: "AI calls" },
  { name: "InputTokens", kind: "count", label: "Tokens in" },
  { name: "OutputTokens", kind: "count", label: "Tokens out" },
  { name: "TriggerType", kind: "text", tableHidden: true },
  { name: "EndedAt", kind: "time", tableHidden: true },
  { name: "WorkflowName", kind: "text", tableHidden: true },
  { name: "WorkflowVersion", kind: "text", tableHidden: true },
  { name: "Segments", kind: "count", tableHidden: true },
  { name: "TriggerSource", kind: "text", tableHidden: true },
  { name: "TriggerId", kind: "id", tableHidden: true },
  { name: "ActorType", kind: "text", tableHidden: true },
  { name: "Authorization", kind: "text", tableHidden: true },
  { name: "RequestId", kind: "id", tableHidden: true },
  { name: "ConversationId", kind: "id", tableHidden: true },
  { name: "Engine", kind: "text", tableHidden: true },
  { name: "ServiceName", kind: "text", tableHidden: true },
  { name: "Tags", kind: "list", tableHidden: true },
  { name: "DefinitionSha256", kind: "id", tableHidden: true },
  { name: "TraceIds", kind: "list", tableHidden: true },
  { name: "FailedSteps", kind: "count", tableHidden: true },
  { name: "Tools", kind: "count", tableHidden: true },
  { name: "Actions", kind: "count", tableHidden: true },
  { name: "Decisions", kind: "count", tableHidden: true },
  { name: "Approvals", kind: "count", tableHidden: true },
];

const RUN_SELECT = RUN_COLUMNS.map((column) => column.name).join(", ");

const RUNS: AuditQuery = {
  name: "runs",
  title: "Runs",
  description: "Runs, newest first, with who started them, the result and what they used.",
  question: "Which runs of this workflow failed in the last hour?",
  parameters: [WORKFLOW, STATUS, SINCE, UNTIL, ACTOR],
  columns: RUN_COLUMNS,
  defaultLimit: PAGE_ROWS_DEFAULT,
  sql: `SELECT ${RUN_SELECT} FROM ${VIEWS.auditRuns}
WHERE ${WHERE.workspace} AND ${WORKFLOW_OF_RUN}
    AND ({status:String} = '' OR Result = {status:String})
    AND ({actor:String} = '' OR ActorId = {actor:String})
    AND ${STARTED}
ORDER BY StartedAt DESC, RunId DESC
LIMIT {limit:UInt32}`,
};

const RUN_HEADER: AuditQuery = {
  name: "run",
  title: "One run",
  description: "The header of one run: workflow, who started it, what allowed it, result, use.",
  question: "Who started this run, by what right, and how did it end?",
  parameters: [RUN],
  columns: RUN_COLUMNS,
  defaultLimit: 1,
  sql: `SELECT ${RUN_SELECT} FROM ${VIEWS.auditRuns}
WHERE ${WHERE.workspace} AND ${WHERE.run}
LIMIT {limit:UInt32}`,
};

const TIMELINE: AuditQuery = {
  name: "timeline",
  title: "Timeline of a run",
  description:
    "Every span of one run in order of time: steps, decisions, AI calls, tools, approvals.",
  question: "What happened in this run, and when?",
  parameters: [RUN],
  columns: [
    { name: "Timestamp", kind: "instant", label: "Time" },
    { name: "DurationMs", kind: "duration", label: "Took" },
    { name: "SpanType", kind: "text", label: "Type" },
    { name: "SpanName", kind: "text", label: "Span" },
    { name: "StepName", kind: "text", label: "Step" },
    { name: "Attempt", kind: "count" },
    { name: "Result", kind: "result" },
    { name: "StatusCode", kind: "text", label: "Status" },
    { name: "StatusMessage", kind: "text", label: "Message" },
    { name: "EventNames", kind: "list", label: "Events" },
    { name: "TraceId", kind: "id", tableHidden: true },
    { name: "SpanId", kind: "id", tableHidden: true },
    { name: "ParentSpanId", kind: "id", tableHidden: true },
    { name: "SpanAttributes", kind: "object", tableHidden: true },
  ],
  // A part of a timeline misleads, so the whole of it is the default.
  defaultLimit: PAGE_ROWS_MAX,
  sql: `SELECT Timestamp, DurationMs, SpanType, SpanName, StepName, Attempt, Result, StatusCode,
    StatusMessage, EventNames, TraceId, SpanId, ParentSpanId, SpanAttributes
FROM ${VIEWS.auditTimeline}
WHERE ${WHERE.workspace} AND ${WHERE.run}
ORDER BY Timestamp, SpanType != 'run', SpanId
LIMIT {limit:UInt32}`,
};

const WHO_STARTED: AuditQuery = {
  name: "who-started",
  title: "Who started what",
  description: "People, services and systems that started runs, with what authorised them.",
  question: "Who started this workflow, by what right, how often, and how did it end?",
  parameters: [WORKFLOW, ACTOR, SINCE, UNTIL],
  columns: [
    { name: "ActorId", kind: "text", label: "Started by" },
    { name: "ActorType", kind: "text", label: "Who is" },
    { name: "WorkflowId", kind: "text", label: "Workflow" },
    { name: "Authorization", kind: "text", label: "Authorised by" },
    { name: "Runs", kind: "count" },
    { name: "NotSuccessful", kind: "count", label: "Failed" },
    { name: "LastAt", kind: "time", label: "Last" },
    { name: "LastRunId", kind: "id", label: "Last run" },
    { name: "TriggerType", kind: "text", label: "Trigger" },
    { name: "FirstAt", kind: "time", label: "First" },
  ],
  defaultLimit: PAGE_ROWS_DEFAULT,
  sql: `SELECT ActorId, ActorType, WorkflowId, TriggerType, Authorization,
    count() AS Runs, countIf(Result NOT IN ('success', 'paused')) AS NotSuccessful,
    min(StartedAt) AS FirstAt, max(StartedAt) AS LastAt, argMax(RunId, StartedAt) AS LastRunId
FROM ${VIEWS.auditRuns}
WHERE ${WHERE.workspace} AND ${WORKFLOW_OF_RUN}
    AND ({actor:String} = '' OR ActorId = {actor:String})
    AND ${STARTED}
GROUP BY ActorId, ActorType, WorkflowId, TriggerType, Authorization
ORDER BY Runs DESC, LastAt DESC, ActorId, WorkflowId, TriggerType, Authorization
LIMIT {limit:UInt32}`,
};

/** Queries about runs as a whole. */
export const RUN_QUERIES: readonly AuditQuery[] = [RUNS, RUN_HEADER, TIMELINE, WHO_STARTED];
