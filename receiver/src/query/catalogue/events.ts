/**
 * Queries about what happened inside runs: steps, decisions, AI calls, actions, approvals, errors.
 */
import { VIEWS } from "@spanledger/schema";
import { type AuditQuery, PAGE_ROWS_DEFAULT, type QueryColumn } from "../types.ts";
import { ORDER, RUN_OPTIONAL, SINCE, STEP, UNTIL, WHERE, WORKFLOW_ID } from "./parameters.ts";

const RUN_ID: QueryColumn = { name: "RunId", kind: "id", label: "Run" };
const TIMESTAMP: QueryColumn = { name: "Timestamp", kind: "instant", label: "Time" };
const STEP_NAME: QueryColumn = { name: "StepName", kind: "text", label: "Step" };
const DURATION: QueryColumn = { name: "DurationMs", kind: "duration", label: "Took" };
const IDS: readonly QueryColumn[] = [
  { name: "WorkflowId", kind: "text", tableHidden: true },
  { name: "TraceId", kind: "id", tableHidden: true },
  { name: "SpanId", kind: "id", tableHidden: true },
];

const FILTERS = [RUN_OPTIONAL, WORKFLOW_ID, SINCE, UNTIL] as const;

/** A list of one kind of event, of one run or of all. */
function eventQuery(
  view: string,
  query: Omit<AuditQuery, "sql" | "defaultLimit" | "parameters">,
  step: "with step" | "without step" = "with step",
): AuditQuery {
  const names = query.columns.map((column) => column.name).join(", ");
  const byStep = step === "with step" ? ` AND ${WHERE.step}` : "";
  return {
    ...query,
    parameters: step === "with step" ? [...FILTERS, STEP] : FILTERS,
    defaultLimit: PAGE_ROWS_DEFAULT,
    sql: `SELECT ${names}
FROM ${view}
WHERE ${WHERE.workspace} AND ${WHERE.runOptional} AND ${WHERE.workflowId}${byStep}
    AND ${WHERE.time}
ORDER BY ${ORDER}
LIMIT {limit:UInt32}`,
  };
}

const STEPS = eventQuery(VIEWS.auditSteps, {
  name: "steps",
  title: "Steps",
  description: "Executions of steps with attempt, result and error.",
  question: "Which steps ran, how often were they tried, and which failed?",
  columns: [
    TIMESTAMP,
    RUN_ID,
    STEP_NAME,
    { name: "Attempt", kind: "count" },
    { name: "Result", kind: "result" },
    DURATION,
    { name: "ErrorType", kind: "text", label: "Error" },
    { name: "ErrorMessage", kind: "text", label: "Message" },
    { name: "Fallback", kind: "text" },
    { name: "StepType", kind: "text", label: "Type" },
    ...IDS,
  ],
});

const DECISIONS = eventQuery(
  VIEWS.auditDecisions,
  {
    name: "decisions",
    title: "Decisions",
    description: "Branch decisions: options, what was selected and skipped, and why.",
    question: "Which way did the run go at each branch, and why?",
    columns: [
      TIMESTAMP,
      RUN_ID,
      { name: "Name", kind: "text", label: "Decision" },
      { name: "Selected", kind: "list" },
      { name: "Options", kind: "list" },
      { name: "Reason", kind: "text" },
      { name: "DefaultTaken", kind: "flag", label: "Default" },
      { name: "Confidence", kind: "number" },
      { name: "Skipped", kind: "list" },
      { name: "Condition", kind: "text" },
      { name: "SourceStep", kind: "text", label: "After" },
      { name: "Type", kind: "text" },
      { name: "DecisionId", kind: "id", tableHidden: true },
      ...IDS,
    ],
  },
  "without step",
);

const AI_CALLS = eventQuery(VIEWS.auditAiCalls, {
  name: "ai-calls",
  title: "AI calls",
  description: "Calls to models with provider, model, tokens, finish reason, resends and error.",
  question: "Which models were called, by which step, and what did they use?",
  columns: [
    TIMESTAMP,
    RUN_ID,
    STEP_NAME,
    { name: "RequestModel", kind: "text", label: "Model" },
    { name: "InputTokens", kind: "count", label: "In" },
    { name: "OutputTokens", kind: "count", label: "Out" },
    DURATION,
    { name: "ErrorType", kind: "text", label: "Error" },
    { name: "ErrorMessage", kind: "text", label: "Message" },
    { name: "FinishReasons", kind: "text", label: "Finish" },
    { name: "Provider", kind: "text" },
    { name: "Resends", kind: "count" },
    { name: "Operation", kind: "text" },
    { name: "StatusCode", kind: "text", label: "Status" },
    { name: "ResponseModel", kind: "text", tableHidden: true },
    ...IDS,
  ],
});

const ACTIONS = eventQuery(VIEWS.auditActions, {
  name: "actions",
  title: "Actions",
  description: "Side effects on other systems, with target and the id that they gave.",
  question: "What did the runs change in the world outside?",
  columns: [
    TIMESTAMP,
    RUN_ID,
    { name: "Action", kind: "text" },
    { name: "Target", kind: "text" },
    { name: "ExternalId", kind: "id", label: "External id" },
    { name: "Result", kind: "result" },
    { name: "ErrorMessage", kind: "text", label: "Message" },
    STEP_NAME,
    DURATION,
    { name: "StatusCode", kind: "text", label: "Status" },
    ...IDS,
  ],
});

const APPROVALS = eventQuery(VIEWS.auditApprovals, {
  name: "approvals",
  title: "Approvals",
  description: "What people were asked to approve, who decided, how, and how long it waited.",
  question: "Who approved this, and how long did it wait?",
  columns: [
    TIMESTAMP,
    RUN_ID,
    STEP_NAME,
    { name: "Outcome", kind: "result" },
    { name: "DecidedBy", kind: "text", label: "Decided by" },
    { name: "WaitMs", kind: "duration", label: "Waited" },
    { name: "Comment", kind: "text" },
    { name: "RequestedAt", kind: "text", label: "Requested" },
    { name: "ApprovalId", kind: "id", tableHidden: true },
    ...IDS,
  ],
});

const ERRORS = eventQuery(VIEWS.auditErrors, {
  name: "errors",
  title: "Errors",
  description: "Spans that ended in an error, with type, message, attempt and fallback.",
  question: "What went wrong, where, and what was done instead?",
  columns: [
    TIMESTAMP,
    RUN_ID,
    STEP_NAME,
    { name: "Type", kind: "text", label: "Error" },
    { name: "Message", kind: "text" },
    { name: "Attempt", kind: "count" },
    { name: "Fallback", kind: "text" },
    { name: "SpanType", kind: "text", label: "Of" },
    { name: "SpanName", kind: "text", label: "Span" },
    { name: "ServiceName", kind: "text", tableHidden: true },
    ...IDS,
  ],
});

/** Queries about what happened inside runs. */
export const EVENT_QUERIES: readonly AuditQuery[] = [
  STEPS,
  DECISIONS,
  AI_CALLS,
  ACTIONS,
  APPROVALS,
  ERRORS,
];
