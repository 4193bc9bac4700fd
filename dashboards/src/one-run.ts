/** Panels that answer: what did this one run do, which way did it take, and why? Pure. */
import { VIEWS } from "@spanledger/schema";
import { override, type PanelSpec, variable } from "./grafana.ts";
import { RESULT_FIELD, RUN_FIELD, TRACE_FIELD } from "./parts.ts";
import { WITH_SELECTED_RUN } from "./sql.ts";

const header: PanelSpec = {
  type: "table",
  title: "Run",
  description: "Who started this run, what allowed it, how did it end, what did it use?",
  format: "table",
  width: 24,
  height: 4,
  sql: `${WITH_SELECTED_RUN}
SELECT RunId AS Run, WorkflowId AS Workflow, WorkflowVersion AS Version, StartedAt AS Started,
  DurationMs AS Duration, Result, TriggerType AS Trigger, ActorId AS Actor,
  Authorization AS Authorised, Segments AS Parts, Steps, AiCalls, InputTokens + OutputTokens AS Tokens,
  Actions, Errors, StatusMessage AS Message
FROM ${VIEWS.auditRuns}
WHERE RunId = SelectedRun`,
  overrides: [
    RUN_FIELD,
    RESULT_FIELD,
    override("Duration", { unit: "ms" }),
    override("Authorised", { displayName: "Authorised by" }),
    override("AiCalls", { displayName: "AI calls" }),
  ],
};

const decisionPath: PanelSpec = {
  type: "table",
  title: "Decision path",
  description:
    "Which way did this run take: what could have been taken, what was, what was not, and why?",
  format: "table",
  width: 24,
  height: 8,
  sql: `${WITH_SELECTED_RUN}
SELECT Timestamp AS Time, Name AS Decision, Type, SourceStep AS After,
  arrayStringConcat(Selected, ', ') AS Selected, arrayStringConcat(Skipped, ', ') AS Skipped,
  if(DefaultTaken, 'yes', '') AS Default, Confidence, Condition, Reason
FROM ${VIEWS.auditDecisions}
WHERE RunId = SelectedRun
ORDER BY Timestamp, SpanId`,
  overrides: [override("Confidence", { decimals: 2 })],
};

const timeline: PanelSpec = {
  type: "table",
  title: "Timeline",
  description:
    "What happened, in order? A run that was paused and resumed has one trace for each part; click one to see it.",
  format: "table",
  width: 24,
  height: 11,
  sql: `${WITH_SELECTED_RUN}
SELECT Timestamp AS Time, SpanType AS Kind, SpanName AS What, if(Attempt = 0, NULL, Attempt) AS Try,
  Result, DurationMs AS Duration, StatusMessage AS Message, arrayStringConcat(EventNames, ', ') AS Events,
  TraceId AS Trace
FROM ${VIEWS.auditTimeline}
WHERE RunId = SelectedRun
ORDER BY Timestamp, DurationMs DESC
LIMIT 2000`,
  overrides: [RESULT_FIELD, TRACE_FIELD, override("Duration", { unit: "ms" })],
};

const TRACE = variable("trace", "singlequote");

/** The trace clicked in the timeline or, when none is, the run's latest. */
const SELECTED_TRACE = `,
if(${TRACE} != '', ${TRACE}, (
  SELECT any(TraceIds[-1])
  FROM ${VIEWS.auditRuns}
  WHERE RunId = SelectedRun
)) AS SelectedTrace`;

const KEY_VALUES = (map: string): string =>
  `arrayMap(key -> map('key', key, 'value', ${map}[key]), mapKeys(${map}))`;

const trace: PanelSpec = {
  type: "traces",
  title: "Trace",
  description: "Where did the time go? The latest part of the run, or the trace clicked above.",
  format: "trace",
  width: 24,
  height: 14,
  sql: `${WITH_SELECTED_RUN}${SELECTED_TRACE}
SELECT TraceId AS traceID, SpanId AS spanID, ParentSpanId AS parentSpanID,
  ServiceName AS serviceName, SpanName AS operationName,
  toUnixTimestamp64Nano(Timestamp) / 1000000 AS startTime, Duration / 1000000 AS duration,
  ${KEY_VALUES("SpanAttributes")} AS tags,
  ${KEY_VALUES("ResourceAttributes")} AS serviceTags,
  if(StatusCode = 'Error', 2, 0) AS statusCode, StatusMessage AS statusMessage, SpanKind AS kind,
  arrayMap((name, at, attributes) -> tuple(name, toString(toUnixTimestamp64Milli(at)),
    ${KEY_VALUES("attributes")})::Tuple(name String, timestamp String, fields Array(Map(String, String))),
    \`Events.Name\`, \`Events.Timestamp\`, \`Events.Attributes\`) AS logs
FROM ${VIEWS.otelTraces}
WHERE TraceId = SelectedTrace
ORDER BY Timestamp`,
};

export const ONE_RUN: readonly PanelSpec[] = [header, decisionPath, timeline, trace];
