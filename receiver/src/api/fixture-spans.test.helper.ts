/**
 * The spans of the read side's fixture, and the ids and times that its rows share.
 */

/** The runs of the fixture. */
export const RUN = {
  paused: "01K9XA00000000000000PAVSED",
  failed: "01K9XB0000000000000FA11ED1",
  failedToo: "01K9XB0000000000000FA11ED2",
  hostile: "01K9XC0000000000000H0ST11E",
  elsewhere: "01K9XD0000000000000E15EWHE",
  unfinished: "01K9XE0000000000000VNF1N15",
} as const;

/** When the first run starts; one starts every hour. */
export const START_MS: number = Date.parse("2026-11-20T08:00:00.000Z");
/** Text that would clear the screen, set a title, and turn a line round. */
export const HOSTILE_TEXT = "=1+1\u001b[2J\u001b]0;owned\u0007\u009b31m\u202egnp.exe";

export type Row = Readonly<Record<string, unknown>>;
export const HOUR_MS = 3_600_000;
export const EXPIRES = "2099-01-01T00:00:00Z";

interface SpanFacts {
  readonly run: string;
  readonly trace?: string;
  readonly id: string;
  readonly parent?: string;
  readonly type: string;
  readonly name: string;
  readonly atMs: number;
  readonly tookMs?: number;
  readonly step?: string;
  readonly result?: string;
  readonly error?: readonly [type: string, message: string];
  readonly attributes?: Readonly<Record<string, string>>;
  readonly events?: readonly string[];
  readonly workspace?: string;
}

export const iso = (ms: number): string => new Date(ms).toISOString();

export function span(facts: SpanFacts): Row {
  const { error, events = [] } = facts;
  const type = error === undefined ? {} : { "error.type": error[0] };
  return {
    Timestamp: iso(facts.atMs),
    TraceId: facts.trace ?? `trace-${facts.run}`,
    SpanId: facts.id,
    ParentSpanId: facts.parent ?? "",
    SpanName: facts.name,
    SpanAttributes: { ...facts.attributes, ...type },
    Duration: (facts.tookMs ?? 10) * 1e6,
    StatusCode: error === undefined ? "Unset" : "Error",
    StatusMessage: error?.[1] ?? "",
    "Events.Timestamp": events.map(() => iso(facts.atMs)),
    "Events.Name": events,
    "Events.Attributes": events.map(() => ({})),
    WorkspaceId: facts.workspace ?? "default",
    RunId: facts.run,
    WorkflowId: "refunds",
    StepName: facts.step ?? "",
    SpanType: facts.type,
    Result: facts.result ?? "",
    RetentionClass: "standard",
    ExpiresAt: EXPIRES,
  };
}

/** Trace A to the pause, trace B two hours and four minutes later. */
export function pausedSpans(): readonly Row[] {
  const at = START_MS;
  const resumed = at + 2 * HOUR_MS + 244_000;
  const a = { run: RUN.paused, trace: "trace-a" };
  const b = { run: RUN.paused, trace: "trace-b" };
  return [
    span({
      ...a,
      id: "a0",
      type: "run",
      name: "invoke_workflow refund_flow",
      atMs: at,
      tookMs: 4_000,
      result: "paused",
      attributes: { "gen_ai.workflow.name": "refund_flow" },
    }),
    span({
      ...a,
      id: "a1",
      parent: "a0",
      type: "step",
      name: "run_step classify",
      atMs: at + 10,
      tookMs: 250,
      step: "classify",
      result: "success",
      attributes: { "workflow.step.attempt": "1", "workflow.step.type": "ai" },
    }),
    span({
      ...a,
      id: "a2",
      parent: "a1",
      type: "ai",
      name: "chat gpt-x",
      atMs: at + 12,
      tookMs: 200,
      step: "classify",
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-x",
        "gen_ai.response.model": "gpt-x-2026",
        "gen_ai.usage.input_tokens": "120",
        "gen_ai.usage.output_tokens": "30",
        "gen_ai.response.finish_reasons": '["stop"]',
        "http.request.resend_count": "1",
      },
    }),
    span({
      ...a,
      id: "a3",
      parent: "a0",
      type: "decision",
      name: "evaluate_branch routeByScore",
      atMs: at + 262,
      tookMs: 1,
      attributes: {
        "workflow.decision.name": "routeByScore",
        "workflow.decision.options": '["high","low"]',
        "workflow.decision.selected": '["low"]',
        "workflow.decision.skipped": '["high"]',
        "workflow.decision.reason": "score 0.31 is below 0.5",
        "workflow.decision.confidence": "0.93",
      },
    }),
    span({
      ...a,
      id: "a4",
      parent: "a0",
      type: "step",
      name: "run_step lookup",
      atMs: at + 270,
      tookMs: 500,
      step: "lookup",
      result: "failure",
      error: ["TimeoutError", "no answer in 500 ms"],
      attributes: { "workflow.step.attempt": "1" },
    }),
    span({
      ...a,
      id: "a5",
      parent: "a0",
      type: "step",
      name: "run_step lookup",
      atMs: at + 800,
      tookMs: 300,
      step: "lookup",
      result: "success",
      attributes: { "workflow.step.attempt": "2" },
    }),
    span({
      ...a,
      id: "a6",
      parent: "a5",
      type: "tool",
      name: "execute_tool get_order",
      atMs: at + 810,
      tookMs: 40,
      step: "lookup",
      attributes: { "gen_ai.tool.name": "get_order" },
    }),
    span({
      ...a,
      id: "a7",
      parent: "a0",
      type: "step",
      name: "run_step approve",
      atMs: at + 3_900,
      tookMs: 50,
      step: "approve",
      result: "paused",
      events: ["workflow.approval.requested"],
      attributes: { "workflow.step.attempt": "1" },
    }),
    span({
      ...b,
      id: "b0",
      type: "run",
      name: "invoke_workflow refund_flow",
      atMs: resumed,
      tookMs: 900,
      result: "success",
      attributes: { "gen_ai.workflow.name": "refund_flow" },
    }),
    span({
      ...b,
      id: "b1",
      parent: "b0",
      type: "step",
      name: "run_step approve",
      atMs: resumed + 5,
      tookMs: 20,
      step: "approve",
      result: "success",
      attributes: { "workflow.step.attempt": "1" },
    }),
    span({
      ...b,
      id: "b2",
      parent: "b1",
      type: "approval",
      name: "resolve_approval approve",
      atMs: resumed + 6,
      tookMs: 1,
      step: "approve",
      result: "approved",
      attributes: {
        "workflow.approval.id": "apr-1",
        "workflow.approval.outcome": "approved",
        "user.id": "[email:15]",
        "workflow.approval.wait_ms": "7440000",
        "workflow.approval.comment": "fine by me",
      },
    }),
    span({
      ...b,
      id: "b3",
      parent: "b0",
      type: "action",
      name: "perform_action shop.refund",
      atMs: resumed + 40,
      tookMs: 600,
      step: "refund",
      result: "success",
      attributes: {
        "workflow.action.name": "shop.refund",
        "workflow.action.target": "shop",
        "workflow.action.external_id": "rf_991",
      },
    }),
  ];
}

export function failedSpans(id: string, startMs: number): readonly Row[] {
  return [
    span({
      run: id,
      id: `${id}-0`,
      type: "run",
      name: "invoke_workflow refund_flow",
      atMs: startMs,
      tookMs: 900,
      result: "failure",
      error: ["HTTPError", "503 from shop"],
    }),
    span({
      run: id,
      id: `${id}-1`,
      parent: `${id}-0`,
      type: "step",
      name: "run_step lookup",
      atMs: startMs + 5,
      tookMs: 500,
      step: "lookup",
      result: "failure",
      error: ["HTTPError", "503 from shop"],
      attributes: { "workflow.step.attempt": "1" },
    }),
  ];
}
