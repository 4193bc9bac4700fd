/**
 * A small record with known answers, for queries over the audit views.
 *
 * Out: rows by table, as JSON for `INSERT … FORMAT JSONEachRow`; columns left out take their defaults.
 * Time range of the record: 10:00 to 16:00; one run before it shows that ranges are kept.
 */

/** Midnight of the day of the record, in milliseconds. */
const DAY_MS = Date.UTC(2026, 10, 20);

/** A time of that day: hours, minutes, milliseconds. */
export function at(hours: number, minutes = 0, ms = 0): number {
  return DAY_MS + (hours * 60 + minutes) * 60_000 + ms;
}

export const RANGE: { readonly from: Date; readonly to: Date } = {
  from: new Date(at(10)),
  to: new Date(at(16)),
};

export const RUN = {
  fast: "01JD0000000000000000000001",
  slow: "01JD0000000000000000000002",
  failed: "01JD0000000000000000000003",
  timedOut: "01JD0000000000000000000004",
  waiting: "01JD0000000000000000000005",
  resumed: "01JD0000000000000000000006",
  other: "01JD0000000000000000000007",
  early: "01JD0000000000000000000008",
} as const;

export type Row = Readonly<Record<string, unknown>>;

const TRIAGE = { WorkspaceId: "acme", WorkflowId: "lead_triage" } as const;
const REFUND = { WorkspaceId: "acme", WorkflowId: "refund_flow" } as const;
const OTHER = { WorkspaceId: "globex", WorkflowId: "summarise" } as const;
const KEPT = { RetentionClass: "standard", ExpiresAt: Date.UTC(2099, 0) / 1000 } as const;

/** Seconds with nine digits after the point: how DateTime64(9) is read whatever the time zone. */
function seconds(ms: number): string {
  return `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, "0")}000000`;
}

function trace(run: string, part = 1): string {
  return run.slice(-1).repeat(31) + String(part);
}

let lastSpan = 0;
function spanId(): string {
  lastSpan += 1;
  return lastSpan.toString(16).padStart(16, "0");
}

function runRow(
  scope: Row,
  RunId: string,
  start: number,
  ms: number,
  Result: string,
  more: Row = {},
): Row {
  return {
    ...scope,
    ...KEPT,
    WorkflowName: scope.WorkflowId,
    WorkflowVersion: "1",
    RunId,
    TraceId: trace(RunId),
    SpanId: spanId(),
    StartedAt: seconds(start),
    EndedAt: seconds(start + ms),
    Result,
    TriggerType: "api",
    ActorId: "agent-7",
    ActorType: "agent",
    ...more,
  };
}

function span(
  scope: Row,
  RunId: string,
  start: number,
  ms: number,
  SpanType: string,
  more: Row = {},
): Row {
  return {
    ...scope,
    ...KEPT,
    RunId,
    TraceId: trace(RunId),
    SpanId: spanId(),
    Timestamp: seconds(start),
    Duration: ms * 1_000_000,
    SpanType,
    SpanName: `${SpanType} ${String(more.StepName ?? "")}`.trim(),
    SpanKind: "Internal",
    ServiceName: "triage-app",
    StatusCode: "Unset",
    ResourceAttributes: { "service.name": "triage-app" },
    ...more,
  };
}

function step(
  scope: Row,
  RunId: string,
  start: number,
  ms: number,
  StepName: string,
  attempt = 1,
  more: Row = {},
): Row {
  return span(scope, RunId, start, ms, "step", {
    StepName,
    Result: "success",
    SpanAttributes: { "workflow.step.type": "action", "workflow.step.attempt": String(attempt) },
    ...more,
  });
}

function aiCall(
  scope: Row,
  RunId: string,
  start: number,
  model: string,
  input: number,
  output: number,
  StatusCode = "Unset",
): Row {
  return span(scope, RunId, start, 40, "ai", {
    StatusCode,
    SpanKind: "Client",
    SpanAttributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.request.model": model,
      "gen_ai.usage.input_tokens": String(input),
      "gen_ai.usage.output_tokens": String(output),
    },
  });
}

function decision(scope: Row, RunId: string, start: number, Selected: string, more: Row = {}): Row {
  const Options = ["fast_track", "nurture", "reject"];
  return {
    ...scope,
    ...KEPT,
    Timestamp: seconds(start),
    RunId,
    TraceId: trace(RunId),
    SpanId: spanId(),
    DecisionId: `${RunId}-d`,
    Name: "route",
    Type: "conditional_edge",
    SourceStep: "classify",
    Condition: "score >= 0.8",
    Options,
    Selected: [Selected],
    Skipped: Options.filter((option) => option !== Selected),
    DefaultTaken: false,
    Reason: "score 0.91",
    Confidence: 0.9,
    ...more,
  };
}

function error(
  scope: Row,
  RunId: string,
  start: number,
  SpanType: string,
  StepName: string,
  Attempt: number,
): Row {
  return {
    ...scope,
    ...KEPT,
    Timestamp: seconds(start),
    RunId,
    TraceId: trace(RunId),
    SpanId: spanId(),
    SpanType,
    SpanName: `${SpanType} ${StepName}`,
    StepName,
    Attempt,
    Type: SpanType === "run" ? "RunError" : "TimeoutError",
    Message: SpanType === "run" ? "the run failed" : "no answer within 2 s",
  };
}

const FAILED_STEP = {
  Result: "failure",
  StatusCode: "Error",
  StatusMessage: "no answer within 2 s",
};
const ASKS_FOR_APPROVAL = {
  Result: "paused",
  "Events.Timestamp": [seconds(at(13, 0, 500))],
  "Events.Name": ["workflow.approval.requested"],
  "Events.Attributes": [{ "workflow.approval.id": "a1" }],
};

/** Rows of every table, by its name. */
export const ROWS: Readonly<Record<string, readonly Row[]>> = {
  runs: [
    runRow(TRIAGE, RUN.fast, at(10, 5), 1_000, "success"),
    runRow(TRIAGE, RUN.slow, at(10, 10), 3_000, "success"),
    runRow(TRIAGE, RUN.failed, at(11), 5_000, "failure", { StatusMessage: "enrich failed" }),
    runRow(TRIAGE, RUN.timedOut, at(12), 60_000, "timeout", { StatusMessage: "over 60 s" }),
    runRow(TRIAGE, RUN.waiting, at(13), 1_000, "paused"),
    runRow(REFUND, RUN.resumed, at(13, 30), 1_000, "paused"),
    runRow(REFUND, RUN.resumed, at(14, 30), 2_000, "success", {
      TraceId: trace(RUN.resumed, 2),
      ResumesTraceId: trace(RUN.resumed),
    }),
    runRow(OTHER, RUN.other, at(15), 500, "success"),
    runRow(TRIAGE, RUN.early, at(9), 1_000, "failure"),
  ],
  spans: [
    step(TRIAGE, RUN.fast, at(10, 5, 100), 100, "classify"),
    aiCall(TRIAGE, RUN.fast, at(10, 5, 120), "model-a", 100, 10),
    step(TRIAGE, RUN.slow, at(10, 10, 100), 300, "classify"),
    aiCall(TRIAGE, RUN.slow, at(10, 10, 120), "model-b", 200, 20),
    span(TRIAGE, RUN.failed, at(11), 5_000, "run", { Result: "failure", StatusCode: "Error" }),
    step(TRIAGE, RUN.failed, at(11, 0, 100), 200, "classify"),
    aiCall(TRIAGE, RUN.failed, at(11, 0, 120), "model-a", 300, 0, "Error"),
    step(TRIAGE, RUN.failed, at(11, 0, 400), 2_000, "enrich", 1, FAILED_STEP),
    step(TRIAGE, RUN.failed, at(11, 0, 2_500), 2_000, "enrich", 2, FAILED_STEP),
    step(TRIAGE, RUN.waiting, at(13, 0, 400), 100, "approve", 1, ASKS_FOR_APPROVAL),
    step(REFUND, RUN.resumed, at(13, 30, 100), 50, "approve", 1, { Result: "paused" }),
    span(REFUND, RUN.resumed, at(14, 30, 100), 50, "approval", {
      StepName: "approve",
      TraceId: trace(RUN.resumed, 2),
      SpanAttributes: {
        "workflow.approval.id": "a2",
        "workflow.approval.outcome": "approved",
        "workflow.approval.wait_ms": "3600000",
        "user.id": "u-1",
      },
    }),
    aiCall(OTHER, RUN.other, at(15, 0, 100), "model-a", 1_000, 500),
    aiCall(TRIAGE, RUN.early, at(9, 0, 100), "model-a", 7_777, 7_777),
  ],
  decisions: [
    decision(TRIAGE, RUN.fast, at(10, 5, 300), "fast_track"),
    decision(TRIAGE, RUN.slow, at(10, 10, 500), "fast_track"),
    decision(TRIAGE, RUN.failed, at(11, 0, 350), "fast_track"),
    decision(TRIAGE, RUN.waiting, at(13, 0, 350), "nurture", {
      DefaultTaken: true,
      Confidence: 0.3,
    }),
    decision(TRIAGE, RUN.early, at(9, 0, 350), "reject"),
  ],
  errors: [
    error(TRIAGE, RUN.failed, at(11, 0, 2_400), "step", "enrich", 1),
    error(TRIAGE, RUN.failed, at(11, 0, 4_500), "step", "enrich", 2),
    error(TRIAGE, RUN.failed, at(11, 0, 5_000), "run", "", 0),
  ],
};
