/** Panels that answer: which way do runs go, how long do steps take, what do models use? Pure. */
import { VIEWS } from "@spanledger/schema";
import { fixedColor, override, type PanelSpec, variable } from "./grafana.ts";
import { STACKED_BARS } from "./overview.ts";
import { inScope } from "./sql.ts";

const branchShares: PanelSpec = {
  type: "bargauge",
  title: "Branch shares",
  description:
    "Of all evaluations of a decision, which share selected each option? Options that were never taken show 0. " +
    "A decision may select several options, so shares may add up to more than 100 %.",
  format: "table",
  width: 12,
  height: 10,
  sql: `SELECT concat(WorkflowId, ' · ', Name, ' → ', Option) AS Branch,
  countIf(has(Selected, Option)) / count() AS Share
FROM ${VIEWS.auditDecisions}
ARRAY JOIN arrayDistinct(arrayConcat(Options, Selected)) AS Option
WHERE ${inScope("Timestamp")}
GROUP BY WorkflowId, Name, Option
ORDER BY WorkflowId, Name, Share DESC, Option
LIMIT 60`,
  defaults: { unit: "percentunit", decimals: 1, min: 0, max: 1, color: fixedColor("blue") },
  options: {
    orientation: "horizontal",
    displayMode: "basic",
    valueMode: "color",
    reduceOptions: { calcs: [], fields: "/^Share$/", values: true, limit: 60 },
  },
};

const decisions: PanelSpec = {
  type: "table",
  title: "Decisions",
  description:
    "How often was each decision evaluated, how often did it fall back to its default, and how sure was it?",
  format: "table",
  width: 12,
  height: 10,
  sql: `SELECT WorkflowId AS Workflow, Name AS Decision, count() AS Evaluated,
  countIf(DefaultTaken) AS Defaults, avg(Confidence) AS MeanConfidence,
  min(Confidence) AS LowestConfidence
FROM ${VIEWS.auditDecisions}
WHERE ${inScope("Timestamp")}
GROUP BY Workflow, Decision
ORDER BY Evaluated DESC, Workflow, Decision
LIMIT 200`,
  overrides: [
    override("MeanConfidence", { displayName: "Mean confidence", decimals: 2 }),
    override("LowestConfidence", { displayName: "Lowest confidence", decimals: 2 }),
  ],
};

const steps: PanelSpec = {
  type: "table",
  title: "Steps",
  description:
    "How long does each step take, how often does it fail, how often was it tried again?",
  format: "table",
  width: 12,
  height: 10,
  sql: `SELECT WorkflowId AS Workflow, StepName AS Step, count() AS Attempts,
  countIf(Attempt > 1) AS Retries, countIf(Result = 'failure') / count() AS Failed,
  quantile(0.5)(DurationMs) AS p50, quantile(0.95)(DurationMs) AS p95
FROM ${VIEWS.auditSteps}
WHERE ${inScope("Timestamp")}
GROUP BY Workflow, Step
ORDER BY p95 DESC
LIMIT 200`,
  overrides: [
    override("Failed", { unit: "percentunit", decimals: 1 }),
    override("p50", { unit: "ms" }),
    override("p95", { unit: "ms" }),
  ],
};

const stepDurations: PanelSpec = {
  type: "timeseries",
  title: "Step duration, p95",
  description: "Does a step become slower?",
  format: "timeseries",
  width: 12,
  height: 10,
  sql: `SELECT $__timeInterval(Timestamp) AS time, concat(WorkflowId, ' · ', StepName) AS step,
  quantile(0.95)(DurationMs) AS p95
FROM ${VIEWS.auditSteps}
WHERE ${inScope("Timestamp")}
GROUP BY time, step
ORDER BY time, step`,
  defaults: {
    unit: "ms",
    min: 0,
    displayName: variable("__field.labels.step"),
    custom: { drawStyle: "line", showPoints: "auto", spanNulls: true },
  },
  options: {
    legend: { displayMode: "list", placement: "bottom", calcs: [], showLegend: true },
    tooltip: { mode: "multi", sort: "desc" },
  },
};

const tokensOverTime: PanelSpec = {
  type: "timeseries",
  title: "Tokens by model",
  description: "How many tokens go into each model and come out of it?",
  format: "timeseries",
  width: 12,
  height: 9,
  sql: `SELECT $__timeInterval(Timestamp) AS time,
  concat(if(ResponseModel != '', ResponseModel, RequestModel), ' ', Part.1) AS series,
  sum(Part.2) AS tokens
FROM ${VIEWS.auditAiCalls}
ARRAY JOIN [('input', InputTokens), ('output', OutputTokens)] AS Part
WHERE ${inScope("Timestamp")}
GROUP BY time, series
ORDER BY time, series`,
  defaults: {
    unit: "short",
    min: 0,
    displayName: variable("__field.labels.series"),
    custom: STACKED_BARS,
  },
  options: {
    legend: { displayMode: "table", placement: "right", calcs: ["sum"], showLegend: true },
    tooltip: { mode: "multi", sort: "none" },
  },
};

const errors: PanelSpec = {
  type: "table",
  title: "Errors by step",
  description: "Which errors occur where, how often, and when last?",
  format: "table",
  width: 12,
  height: 9,
  sql: `SELECT WorkflowId AS Workflow, StepName AS Step, Type AS Error, count() AS Times,
  uniqExact(RunId) AS Runs, max(Timestamp) AS Last
FROM ${VIEWS.auditErrors}
WHERE ${inScope("Timestamp")}
  AND SpanType != 'run'
GROUP BY Workflow, Step, Error
ORDER BY Times DESC, Last DESC
LIMIT 200`,
};

export const BRANCHES: readonly PanelSpec[] = [branchShares, decisions];
export const STEPS_AND_MODELS: readonly PanelSpec[] = [
  steps,
  stepDurations,
  tokensOverTime,
  errors,
];
