/**
 * Queries that add up over many runs: failures, branches, tokens.
 */
import { VIEWS } from "@spanledger/schema";
import { type AuditQuery, PAGE_ROWS_DEFAULT, type QueryParameter } from "../types.ts";
import { SINCE, UNTIL, WHERE, WORKFLOW_ID } from "./parameters.ts";

const DECISION: QueryParameter = {
  name: "decision",
  type: "text",
  required: false,
  default: "",
  description: "only this decision, by name",
};

const CONDITIONS = `${WHERE.workspace} AND ${WHERE.workflowId} AND ${WHERE.time}`;

const FAILURES_BY_STEP: AuditQuery = {
  name: "failures-by-step",
  title: "Failures by step",
  description: "Steps with failed attempts, their share of all attempts, and the usual error.",
  question: "Where do runs fail most, and with what?",
  parameters: [WORKFLOW_ID, SINCE, UNTIL],
  columns: [
    { name: "WorkflowId", kind: "text", label: "Workflow" },
    { name: "StepName", kind: "text", label: "Step" },
    { name: "Failures", kind: "count" },
    { name: "Attempts", kind: "count" },
    { name: "FailureShare", kind: "share", label: "Share" },
    { name: "UsualError", kind: "text", label: "Usual error" },
    { name: "LastRunId", kind: "id", label: "Last run" },
    { name: "LastFailure", kind: "time", label: "Last failure" },
    { name: "RunsAffected", kind: "count", label: "Runs hit" },
    { name: "Runs", kind: "count" },
    { name: "Retries", kind: "count" },
  ],
  defaultLimit: PAGE_ROWS_DEFAULT,
  sql: `SELECT WorkflowId, StepName, count() AS Attempts, countIf(Failed) AS Failures,
    round(Failures / Attempts, 4) AS FailureShare, countIf(Attempt > 1) AS Retries,
    uniqExact(RunId) AS Runs, uniqExactIf(RunId, Failed) AS RunsAffected,
    arrayElement(topKIf(1)(ErrorType, Failed AND ErrorType != ''), 1) AS UsualError,
    maxIf(Timestamp, Failed) AS LastFailure, argMaxIf(RunId, Timestamp, Failed) AS LastRunId
FROM
(
    SELECT *, Result = 'failure' OR ErrorType != '' AS Failed
    FROM ${VIEWS.auditSteps}
    WHERE ${CONDITIONS}
)
GROUP BY WorkflowId, StepName
HAVING Failures > 0
ORDER BY Failures DESC, WorkflowId, StepName
LIMIT {limit:UInt32}`,
};

const BRANCH_SHARES: AuditQuery = {
  name: "branch-shares",
  title: "Branch shares",
  description: "How often each branch of each decision was taken; also those never taken.",
  question: "Which way do runs go, and how often is it only the default?",
  parameters: [WORKFLOW_ID, DECISION, SINCE, UNTIL],
  columns: [
    { name: "WorkflowId", kind: "text", label: "Workflow" },
    { name: "Decision", kind: "text" },
    { name: "Branch", kind: "text" },
    { name: "Taken", kind: "count" },
    { name: "Decisions", kind: "count", label: "Of" },
    { name: "Share", kind: "share" },
    { name: "AsDefault", kind: "count", label: "As default" },
    { name: "MeanConfidence", kind: "number", label: "Confidence" },
    { name: "LastTaken", kind: "time", label: "Last taken" },
  ],
  defaultLimit: PAGE_ROWS_DEFAULT,
  sql: `SELECT b.WorkflowId AS WorkflowId, b.Decision AS Decision, b.Branch AS Branch, b.Taken AS Taken,
    t.Decisions AS Decisions, round(b.Taken / t.Decisions, 4) AS Share, b.AsDefault AS AsDefault,
    b.MeanConfidence AS MeanConfidence, b.LastTaken AS LastTaken
FROM
(
    SELECT WorkflowId, Name AS Decision, Branch, countIf(has(Selected, Branch)) AS Taken,
        countIf(has(Selected, Branch) AND DefaultTaken) AS AsDefault,
        round(avgIf(Confidence, has(Selected, Branch)), 4) AS MeanConfidence,
        maxOrNullIf(Timestamp, has(Selected, Branch)) AS LastTaken
    FROM ${VIEWS.auditDecisions}
    ARRAY JOIN arrayDistinct(arrayConcat(Options, Selected)) AS Branch
    WHERE ${CONDITIONS} AND ({decision:String} = '' OR Name = {decision:String})
    GROUP BY WorkflowId, Decision, Branch
) AS b
INNER JOIN
(
    SELECT WorkflowId, Name AS Decision, count() AS Decisions
    FROM ${VIEWS.auditDecisions}
    WHERE ${CONDITIONS} AND ({decision:String} = '' OR Name = {decision:String})
    GROUP BY WorkflowId, Decision
) AS t ON b.WorkflowId = t.WorkflowId AND b.Decision = t.Decision
ORDER BY WorkflowId, Decision, Taken DESC, Branch
LIMIT {limit:UInt32}`,
};

const TOKENS_BY_MODEL: AuditQuery = {
  name: "tokens-by-model",
  title: "Tokens by model",
  description: "Calls, tokens, errors and times of each model.",
  question: "What do the models cost in tokens and in time?",
  parameters: [WORKFLOW_ID, SINCE, UNTIL],
  columns: [
    { name: "Provider", kind: "text" },
    { name: "Model", kind: "text" },
    { name: "Calls", kind: "count" },
    { name: "InputTokens", kind: "count", label: "Tokens in" },
    { name: "OutputTokens", kind: "count", label: "Tokens out" },
    { name: "Runs", kind: "count" },
    { name: "Errors", kind: "count" },
    { name: "Resends", kind: "count" },
    { name: "MeanMs", kind: "duration", label: "Mean" },
    { name: "P95Ms", kind: "duration", label: "95 %" },
  ],
  defaultLimit: PAGE_ROWS_DEFAULT,
  sql: `SELECT Provider, Model, count() AS Calls, sum(c.InputTokens) AS InputTokens,
    sum(c.OutputTokens) AS OutputTokens, uniqExact(RunId) AS Runs,
    countIf(StatusCode = 'Error') AS Errors, sum(c.Resends) AS Resends,
    round(avg(DurationMs), 3) AS MeanMs, round(quantile(0.95)(DurationMs), 3) AS P95Ms
FROM
(
    SELECT *, if(ResponseModel = '', RequestModel, ResponseModel) AS Model
    FROM ${VIEWS.auditAiCalls}
    WHERE ${CONDITIONS}
) AS c
GROUP BY Provider, Model
ORDER BY InputTokens + OutputTokens DESC, Provider, Model
LIMIT {limit:UInt32}`,
};

/** Queries that add up over many runs. */
export const SUMMARY_QUERIES: readonly AuditQuery[] = [
  FAILURES_BY_STEP,
  BRANCH_SHARES,
  TOKENS_BY_MODEL,
];
