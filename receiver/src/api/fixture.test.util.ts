/**
 * A migrated engine with a few runs in it, for the tests of the read side.
 *
 * Rows are written by hand, not by the store: the reader is tested against the tables alone.
 * The runs: `PAUSED` pauses for an approval and is resumed in a second trace; `FAILED` ends in an
 * error; `HOSTILE` holds text that attacks terminals and spreadsheets; `ELSEWHERE` belongs to
 * another workspace; `UNFINISHED` has a step and no root span yet.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClickHouseClient } from "@clickhouse/client";
import { BATCH_TABLES } from "@spanledger/schema";
import { connect } from "../clickhouse/client.ts";
import { startEmbeddedClickHouse } from "../clickhouse/embedded/supervisor.ts";
import { migrate } from "../clickhouse/migrate.ts";

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
/** The present of the tests. */
export const NOW_MS: number = Date.parse("2026-11-20T12:30:00.000Z");

/** What the fixture's redactor makes of an e-mail address. */
export const tokenise = (text: string): string =>
  text.replaceAll(/[^\s@]+@[^\s@]+/g, (mail) => `[email:${mail.length}]`);

/** Text that would clear the screen, set a title, and turn a line round. */
export const HOSTILE_TEXT = "=1+1\u001b[2J\u001b]0;owned\u0007\u009b31m\u202egnp.exe";

type Row = Readonly<Record<string, unknown>>;
const HOUR_MS = 3_600_000;
const EXPIRES = "2099-01-01T00:00:00Z";

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

const iso = (ms: number): string => new Date(ms).toISOString();

function span(facts: SpanFacts): Row {
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

function run(id: string, startedMs: number, tookMs: number, more: Row): Row {
  return {
    StartedAt: iso(startedMs),
    EndedAt: iso(startedMs + tookMs),
    WorkspaceId: "default",
    WorkflowId: "refunds",
    WorkflowName: "refund_flow",
    WorkflowVersion: "3",
    RunId: id,
    TraceId: `trace-${id}`,
    SpanId: "root",
    Result: "success",
    TriggerType: "webhook",
    TriggerSource: "shop",
    ActorId: "[email:15]",
    ActorType: "user",
    Authorization: "role refunds",
    RetentionClass: "standard",
    ExpiresAt: EXPIRES,
    ...more,
  };
}

function payload(runId: string, atMs: number, step: string, name: string, content: string): Row {
  return {
    Timestamp: iso(atMs),
    WorkspaceId: "default",
    RunId: runId,
    WorkflowId: "refunds",
    TraceId: `trace-${runId}`,
    SpanId: `${step}-1`,
    SpanType: name.startsWith("gen_ai") ? "ai" : "step",
    StepName: step,
    Name: name,
    Content: content,
    SizeBytes: content.length,
    RetentionClass: "standard",
    ExpiresAt: EXPIRES,
  };
}

function decision(runId: string, atMs: number, more: Row): Row {
  return {
    Timestamp: iso(atMs),
    WorkspaceId: "default",
    WorkflowId: "refunds",
    RunId: runId,
    TraceId: `trace-${runId}`,
    SpanId: "branch-1",
    DecisionId: `decision-${runId}`,
    Name: "routeByScore",
    Type: "conditional_edge",
    SourceStep: "classify",
    Options: ["high", "low"],
    Selected: ["low"],
    Skipped: ["high"],
    DefaultTaken: false,
    Confidence: 0.93,
    RetentionClass: "standard",
    ExpiresAt: EXPIRES,
    ...more,
  };
}

/** Trace A to the pause, trace B two hours and four minutes later. */
function pausedSpans(): readonly Row[] {
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

function failedSpans(id: string, startMs: number): readonly Row[] {
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

function failedError(id: string, startMs: number): Row {
  return {
    Timestamp: iso(startMs + 5),
    WorkspaceId: "default",
    WorkflowId: "refunds",
    RunId: id,
    TraceId: `trace-${id}`,
    SpanId: `${id}-1`,
    SpanType: "step",
    SpanName: "run_step lookup",
    StepName: "lookup",
    Attempt: 1,
    Type: "HTTPError",
    Message: "503 from shop",
    RetentionClass: "standard",
    ExpiresAt: EXPIRES,
  };
}

function rows(): Readonly<Record<string, readonly Row[]>> {
  const hour = (count: number): number => START_MS + count * HOUR_MS;
  const failure = {
    Result: "failure",
    StatusMessage: "503 from shop",
    ActorId: "svc-crm",
    ActorType: "service",
  };
  return {
    spans: [
      ...pausedSpans(),
      ...failedSpans(RUN.failed, hour(1)),
      ...failedSpans(RUN.failedToo, hour(4)),
      span({
        run: RUN.hostile,
        id: "h0",
        type: "run",
        name: HOSTILE_TEXT,
        atMs: hour(3),
        error: ["E", HOSTILE_TEXT],
      }),
      // Two spans that claim to be each other's parent.
      span({
        run: RUN.hostile,
        id: "h1",
        parent: "h2",
        type: "step",
        name: "a",
        step: HOSTILE_TEXT,
        atMs: hour(3) + 1,
      }),
      span({
        run: RUN.hostile,
        id: "h2",
        parent: "h1",
        type: "step",
        name: "b",
        step: "b",
        atMs: hour(3) + 2,
      }),
      span({
        run: RUN.elsewhere,
        id: "e0",
        type: "run",
        name: "invoke_workflow x",
        atMs: hour(1),
        workspace: "other",
      }),
      span({
        run: RUN.unfinished,
        id: "u1",
        parent: "u0",
        type: "step",
        name: "run_step classify",
        step: "classify",
        atMs: hour(4),
      }),
    ],
    runs: [
      run(RUN.paused, hour(0), 4_000, { Result: "paused", TraceId: "trace-a" }),
      run(RUN.paused, hour(2) + 244_000, 900, {
        TraceId: "trace-b",
        ResumesTraceId: "trace-a",
        ActorId: "resumer",
      }),
      run(RUN.failed, hour(1), 900, failure),
      run(RUN.failedToo, hour(4), 900, failure),
      run(RUN.hostile, hour(3), 10, {
        Result: "failure",
        StatusMessage: HOSTILE_TEXT,
        WorkflowId: "hostile",
        WorkflowName: "hostile",
        ActorId: HOSTILE_TEXT,
      }),
      run(RUN.elsewhere, hour(1), 10, { WorkspaceId: "other" }),
    ],
    decisions: [
      decision(RUN.paused, hour(0) + 262, {
        Reason: "score 0.31 is below 0.5",
        Condition: "score >= 0.5",
      }),
      decision(RUN.paused, hour(2) + 244_100, {
        Name: "approve",
        Type: "command_goto",
        Options: [],
        Selected: ["refund"],
        Skipped: [],
        Confidence: null,
      }),
      decision(RUN.failed, hour(1) + 3, { DefaultTaken: true, Confidence: 0.41 }),
      decision(RUN.elsewhere, hour(1), { WorkspaceId: "other" }),
    ],
    payloads: [
      payload(
        RUN.paused,
        hour(0) + 10,
        "classify",
        "workflow.step.input",
        '{"order":"o-1","mail":"[email:15]"}',
      ),
      payload(
        RUN.paused,
        hour(0) + 12,
        "classify",
        "gen_ai.input.messages",
        '[{"role":"user","parts":[{"type":"text","content":"Where is my order?"}]}]',
      ),
      payload(
        RUN.paused,
        hour(0) + 12,
        "classify",
        "gen_ai.output.messages",
        '[{"role":"assistant"}]',
      ),
      payload(
        RUN.paused,
        hour(0) + 270,
        "lookup",
        "workflow.step.input",
        JSON.stringify({ ids: Array.from({ length: 100 }, (_, index) => index) }),
      ),
      payload(RUN.hostile, hour(3), "b", "workflow.step.input", HOSTILE_TEXT),
    ],
    errors: [failedError(RUN.failed, hour(1)), failedError(RUN.failedToo, hour(4))],
  };
}

/** An engine with the fixture in it. */
export interface ReadFixture {
  readonly client: ClickHouseClient;
  /** End the engine before the test does. */
  stopEngine(): Promise<void>;
  stop(): Promise<void>;
}

/** Start the engine and fill it. */
export async function startReadFixture(): Promise<ReadFixture> {
  const dataDir = await mkdtemp(join(tmpdir(), "spanledger-read-"));
  const engine = await startEmbeddedClickHouse({ dataDir });
  const target = { url: engine.url, username: "default", password: "" };
  await migrate(target);
  const client = connect(target);
  const all = rows();
  for (const { name } of BATCH_TABLES) {
    await client.insert({
      table: name,
      values: [...(all[name] ?? [])],
      format: "JSONEachRow",
      clickhouse_settings: { date_time_input_format: "best_effort" },
    });
  }
  return {
    client,
    stopEngine: () => engine.stop(),
    async stop() {
      await client.close();
      await engine.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
