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
import {
  EXPIRES,
  failedSpans,
  HOSTILE_TEXT,
  HOUR_MS,
  iso,
  pausedSpans,
  type Row,
  RUN,
  START_MS,
  span,
} from "./fixture-spans.test.helper.ts";

/** The present of the tests. */
export const NOW_MS: number = Date.parse("2026-11-20T12:30:00.000Z");

/** What the fixture's redactor makes of an e-mail address. */
export const tokenise = (text: string): string =>
  text.replaceAll(/[^\s@]+@[^\s@]+/g, (mail) => `[email:${mail.length}]`);

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
      run(RUN.paused, hour(0), 4_000, {
        Result: "paused",
        TraceId: "trace-a",
        DefinitionSha256: "d1".repeat(32),
      }),
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
