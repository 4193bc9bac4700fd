/**
 * Goal: an application that Mastra's own observability exports is as auditable as one of ours: its
 * run, steps, decision, calls of a model and tools stand in the audit views.
 * Method: the real Mastra with `@mastra/observability` and `@mastra/otel-exporter` in a process of
 * its own, without us, sending OTLP to a real server.
 */
import { fileURLToPath } from "node:url";
import { type ClickHouseClient, createClient } from "@clickhouse/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { select } from "../fixtures/engine.ts";
import { type ServerProcess, startServerProcess } from "../fixtures/server.ts";
import { type Ended, runApp } from "./child.ts";
import { type OpenAIServer, startOpenAIServer } from "./openai-server.ts";

const APP = fileURLToPath(new URL("../mastra-export/app.mjs", import.meta.url));

type Row = Readonly<Record<string, unknown>>;

let server: ServerProcess;
let openai: OpenAIServer;
let client: ClickHouseClient;
let ended: Ended;

beforeAll(async () => {
  [server, openai] = await Promise.all([startServerProcess(), startOpenAIServer()]);
  client = createClient({ url: server.clickhouseUrl, database: "spanledger" });
  const environment = {
    OTEL_EXPORTER_OTLP_ENDPOINT: server.otlpHttpUrl,
    OPENAI_BASE_URL: openai.baseUrl,
  };
  ended = await runApp(APP, [], { environment });
  await server.flush();
}, 120_000);

afterAll(async () => {
  await client.close();
  await Promise.all([server.remove(), openai.close()]);
});

const rowsOf = (view: string, columns: string, order = "Timestamp, SpanId") =>
  select<Row>(client, `SELECT ${columns} FROM ${view} ORDER BY ${order}`);

test("the application does its work", () => {
  expect(ended).toMatchObject({ code: 0, stdout: "suspended success failed\n" });
});

test("a workflow is one run before and after its pause, and one that fails has failed", async () => {
  const columns =
    "WorkflowId, Result, Segments, Engine, Steps, FailedSteps, AiCalls, InputTokens, OutputTokens, " +
    "Tools, Decisions";
  expect(await rowsOf("audit_runs", columns, "StartedAt")).toEqual([
    {
      WorkflowId: "refund",
      Result: "success",
      Segments: 2,
      Engine: "mastra",
      Steps: 5,
      FailedSteps: 0,
      AiCalls: 2,
      InputTokens: 24,
      OutputTokens: 6,
      Tools: 1,
      Decisions: 1,
    },
    expect.objectContaining({ WorkflowId: "failing", Result: "failure", FailedSteps: 1 }),
  ]);
  const parts = "SELECT Result FROM spans WHERE SpanType = 'run' ORDER BY Timestamp";
  const results = await select<Row>(client, parts);
  expect(results.map(({ Result }) => Result)).toEqual(["paused", "success", "failure"]);
});

test("its steps say what became of them", async () => {
  expect(await rowsOf("audit_steps", "StepName, StepType, Result")).toEqual([
    { StepName: "classify", StepType: "action", Result: "success" },
    { StepName: "ask", StepType: "action", Result: "success" },
    { StepName: "helper", StepType: "ai", Result: "success" },
    { StepName: "approve", StepType: "action", Result: "paused" },
    { StepName: "approve", StepType: "action", Result: "success" },
    { StepName: "charge", StepType: "action", Result: "failure" },
  ]);
});

test("its branch is a decision", async () => {
  expect(await rowsOf("audit_decisions", "Name, Type, Options, Selected, Skipped")).toEqual([
    {
      Name: "by_score",
      Type: "conditional_edge",
      Options: ["ask", "condition 1"],
      Selected: ["ask"],
      Skipped: ["condition 1"],
    },
  ]);
});

test("its calls of a model have provider, models, usage and finish reasons", async () => {
  const columns =
    "Operation, Provider, RequestModel, ResponseModel, InputTokens, OutputTokens, FinishReasons";
  const call = {
    Operation: "chat",
    Provider: "openai",
    RequestModel: "gpt-x",
    ResponseModel: "gpt-x-2026",
    InputTokens: 12,
    OutputTokens: 3,
  };
  expect(await rowsOf("audit_ai_calls", columns)).toEqual([
    { ...call, FinishReasons: '["tool_call"]' },
    { ...call, FinishReasons: '["stop"]' },
  ]);
});

test("content stands under its names, redacted", async () => {
  const contents = (await rowsOf("audit_payloads", "SpanType, Name, Content")).map(
    ({ SpanType, Name, Content }) => [SpanType, Name, Content],
  );
  expect(contents).toEqual(
    expect.arrayContaining([
      ["run", "workflow.step.input", '{"score":0.9}'],
      ["decision", "workflow.decision.inputs", '{"score":0.9}'],
      ["step", "workflow.step.input", expect.stringMatching(/^Write to \[email:\w+\] about/)],
      ["ai", "gen_ai.output.messages", expect.stringContaining("high")],
      ["tool", "gen_ai.tool.call.arguments", '{"id":7}'],
      ["tool", "gen_ai.tool.call.result", '{"order":7}'],
    ]),
  );
  expect(JSON.stringify(contents)).not.toContain("anna@");
});
