/** Panels that answer: how are the runs going, which failed, and who is being waited for? Pure. */
import { APPROVAL_REQUESTED_EVENT, RUN_RESULTS, VIEWS } from "@spanledger/schema";
import { fixedColor, type JsonObject, override, type PanelSpec } from "./grafana.ts";
import { RESULT_FIELD, RUN_FIELD, stat } from "./parts.ts";
import { FAILED_RESULTS, IN_CHOSEN, inScope, literals, RESULT_COLORS } from "./sql.ts";

const runs: PanelSpec = stat({
  title: "Runs",
  description: "How many runs started in this time?",
  sql: `SELECT count() AS Runs
FROM ${VIEWS.auditRuns}
WHERE ${inScope("StartedAt")}`,
});

const failureRate: PanelSpec = stat({
  title: "Failure rate",
  description:
    "Which share of the runs failed or timed out? A run that waits for a person has not ended and does not count.",
  sql: `SELECT if(countIf(Result != 'paused') = 0, NULL,
  countIf(Result IN (${literals(FAILED_RESULTS)})) / countIf(Result != 'paused')) AS FailureRate
FROM ${VIEWS.auditRuns}
WHERE ${inScope("StartedAt")}`,
  defaults: {
    unit: "percentunit",
    decimals: 1,
    color: { mode: "thresholds" },
    thresholds: {
      mode: "absolute",
      steps: [
        { color: "green", value: null },
        { color: "orange", value: 0.05 },
        { color: "red", value: 0.2 },
      ],
    },
  },
});

const waiting: PanelSpec = stat({
  title: "Waiting for a person",
  description: "How many runs are paused now, whenever they started? The time range is ignored.",
  sql: `SELECT count() AS Waiting
FROM ${VIEWS.auditRuns}
WHERE Result = 'paused'
  AND ${IN_CHOSEN}`,
  defaults: { color: fixedColor(RESULT_COLORS.paused) },
});

const approvalWait: PanelSpec = stat({
  title: "Approval wait, p95",
  description: "How long did people take to answer the approvals that were answered in this time?",
  sql: `SELECT if(count() = 0, NULL, quantile(0.95)(WaitMs)) AS WaitMs
FROM ${VIEWS.auditApprovals}
WHERE ${inScope("Timestamp")}`,
  defaults: { unit: "ms", color: fixedColor("text") },
});

const tokens: PanelSpec = stat({
  title: "Tokens",
  description: "How many tokens, input and output, did the AI calls of this time use?",
  sql: `SELECT sum(InputTokens) + sum(OutputTokens) AS Tokens
FROM ${VIEWS.auditAiCalls}
WHERE ${inScope("Timestamp")}`,
});

const failedAiCalls: PanelSpec = stat({
  title: "Failed AI calls",
  description: "How many calls to a model ended in an error, retried or not?",
  sql: `SELECT countIf(StatusCode = 'Error') AS FailedAiCalls
FROM ${VIEWS.auditAiCalls}
WHERE ${inScope("Timestamp")}`,
  defaults: { color: fixedColor(RESULT_COLORS.failure) },
});

/** Stacked bars, one unit of the interval wide. */
export const STACKED_BARS: JsonObject = {
  drawStyle: "bars",
  fillOpacity: 80,
  lineWidth: 0,
  barWidthFactor: 0.8,
  stacking: { mode: "normal", group: "A" },
};

const runsOverTime: PanelSpec = {
  type: "timeseries",
  title: "Runs by result",
  description: "When did runs start, and how did they end?",
  format: "timeseries",
  width: 12,
  height: 9,
  sql: `SELECT $__timeInterval(StartedAt) AS time,
${RUN_RESULTS.map((result) => `  countIf(Result = '${result}') AS ${result}`).join(",\n")}
FROM ${VIEWS.auditRuns}
WHERE ${inScope("StartedAt")}
GROUP BY time
ORDER BY time`,
  defaults: { unit: "short", decimals: 0, min: 0, custom: STACKED_BARS },
  overrides: RUN_RESULTS.map((result) =>
    override(result, { color: fixedColor(RESULT_COLORS[result]) }),
  ),
  options: {
    legend: { displayMode: "table", placement: "right", calcs: ["sum"], showLegend: true },
    tooltip: { mode: "multi", sort: "none" },
  },
};

const waitingRuns: PanelSpec = {
  type: "table",
  title: "Approvals waiting",
  description:
    "Which runs wait for a person, at which step, since when? Oldest first; the time range is ignored.",
  format: "table",
  width: 12,
  height: 9,
  sql: `SELECT Since, RunId AS Run, WorkflowId AS Workflow, Step,
  dateDiff('second', Since, now64(9)) AS Waited
FROM
(
  SELECT r.RunId AS RunId, r.WorkflowId AS WorkflowId, p.Step AS Step,
    if(p.Asked > 0, p.At, r.EndedAt) AS Since
  FROM (
    SELECT WorkspaceId, RunId, WorkflowId, EndedAt FROM ${VIEWS.auditRuns}
    WHERE Result = 'paused'
      AND ${IN_CHOSEN}
  ) AS r
  LEFT JOIN (
    SELECT WorkspaceId, RunId, argMax(StepName, Timestamp) AS Step, max(Timestamp) AS At,
      count() AS Asked
    FROM ${VIEWS.auditTimeline}
    WHERE RunId IN (SELECT RunId FROM ${VIEWS.auditRuns} WHERE Result = 'paused' AND ${IN_CHOSEN})
      AND SpanType = 'step'
      AND (has(EventNames, '${APPROVAL_REQUESTED_EVENT}') OR Result = 'paused')
    GROUP BY WorkspaceId, RunId
  ) AS p ON r.WorkspaceId = p.WorkspaceId AND r.RunId = p.RunId
)
ORDER BY Since
LIMIT 100`,
  overrides: [RUN_FIELD, override("Waited", { unit: "s" })],
};

const failedRuns: PanelSpec = {
  type: "table",
  title: "Failed runs",
  description:
    "Which runs failed or timed out, at which step, why, and on whose behalf? Click a run to see it below.",
  format: "table",
  width: 24,
  height: 9,
  sql: `SELECT r.StartedAt AS Started, r.RunId AS Run, r.WorkflowId AS Workflow, r.Result AS Result,
  e.Step AS Step, e.Type AS Error, if(e.Message = '', r.StatusMessage, e.Message) AS Message,
  r.ActorId AS Actor, r.DurationMs AS Duration
FROM (
  SELECT WorkspaceId, RunId, WorkflowId, StartedAt, Result, StatusMessage, ActorId, DurationMs
  FROM ${VIEWS.auditRuns}
  WHERE Result IN (${literals(FAILED_RESULTS)})
    AND ${inScope("StartedAt")}
  ORDER BY StartedAt DESC
  LIMIT 500
) AS r
LEFT JOIN (
  SELECT WorkspaceId, RunId, argMaxIf(StepName, Timestamp, SpanType = 'step') AS Step,
    argMaxIf(Type, Timestamp, SpanType = 'step') AS Type,
    argMaxIf(Message, Timestamp, SpanType = 'step') AS Message
  FROM ${VIEWS.auditErrors}
  WHERE Timestamp >= $__fromTime
    AND ${IN_CHOSEN}
  GROUP BY WorkspaceId, RunId
) AS e ON r.WorkspaceId = e.WorkspaceId AND r.RunId = e.RunId
ORDER BY Started DESC`,
  overrides: [RUN_FIELD, RESULT_FIELD, override("Duration", { unit: "ms" })],
};

export const OVERVIEW: readonly PanelSpec[] = [
  runs,
  failureRate,
  waiting,
  approvalWait,
  tokens,
  failedAiCalls,
  runsOverTime,
  waitingRuns,
  failedRuns,
];
