/**
 * Goal: an instrumented application, run as it is, can be answered for: every span of its tree is
 * stored, and no personal data of its inputs is anywhere on the disk.
 * Method: the demo's LangGraph application and the server as real processes, the OpenAI protocol
 * by a local stand-in; the tree is read back with SQL, the disk byte by byte.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClickHouseClient, createClient } from "@clickhouse/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunEvent, runApplication } from "../../demo/src/application.ts";
import { Children } from "../../demo/src/children.ts";
import { LEADS, type Lead } from "../../demo/src/leads.ts";
import { type StandIns, startStandIns } from "../../demo/src/stand-ins.ts";
import { select } from "../fixtures/engine.ts";
import { type ServerProcess, startServerProcess } from "../fixtures/server.ts";
import { findInBytes, findInFiles, findInTables } from "./clear-text.ts";

let server: ServerProcess;
let standIns: StandIns;
let client: ClickHouseClient;
let applicationDir: string;
const runs: RunEvent[] = [];

beforeAll(async () => {
  [server, standIns, applicationDir] = await Promise.all([
    startServerProcess({ SPANLEDGER_LOG_LEVEL: "debug" }),
    startStandIns(),
    // The application's own checkpoints hold its state; they are not the receiver's to redact.
    mkdtemp(join(tmpdir(), "spanledger-application-")),
  ]);
  client = createClient({ url: server.clickhouseUrl, database: "spanledger" });
  const children = new Children();
  const surroundings = {
    otlpUrl: server.otlpGrpcUrl,
    standIns,
    checkpointFile: join(applicationDir, "checkpoints.json"),
    // Long enough that a busy machine makes no time-out that the story does not tell.
    enrichmentTimeoutMs: 2_000,
  };
  await runApplication(children, "triage", surroundings, (run) => runs.push(run));
  await runApplication(children, "approve", surroundings, (run) => runs.push(run));
  // The application flushes as it ends; what is acknowledged then is on the disk, not yet in tables.
  await server.flush();
}, 180_000);

afterAll(async () => {
  await client.close();
  await Promise.all([server.remove(), standIns.close(), rm(applicationDir, { recursive: true })]);
});

function runOf(story: RunEvent["story"]): string {
  const run = runs.find((one) => one.story === story);
  if (run === undefined) throw new Error(`no run tells the story ${story}`);
  return run.runId;
}

interface TreeRow {
  readonly TraceId: string;
  readonly SpanId: string;
  readonly ParentSpanId: string;
  readonly SpanName: string;
  readonly Result: string;
  readonly StatusCode: string;
  readonly Attempt: number;
}

/** A run's spans as lines, indented by depth, one list per trace in order of time. */
async function treesOf(runId: string): Promise<string[][]> {
  const rows = await select<TreeRow>(
    client,
    `SELECT TraceId, SpanId, ParentSpanId, SpanName, Result, StatusCode, Attempt
     FROM audit_timeline WHERE RunId = '${runId}' ORDER BY Timestamp, SpanName`,
  );
  const lines = (trace: readonly TreeRow[], parent: string, depth: number): string[] =>
    trace
      .filter((row) => row.ParentSpanId === parent)
      .flatMap((row) => [
        `${"  ".repeat(depth)}${row.SpanName}${row.Attempt > 1 ? ` #${row.Attempt}` : ""}` +
          `${row.Result === "" ? "" : ` ${row.Result}`}${row.StatusCode === "Error" ? " ERROR" : ""}`,
        ...lines(trace, row.SpanId, depth + 1),
      ]);
  const traces = Map.groupBy(rows, (row) => row.TraceId);
  return [...traces.values()].map((trace) => lines(trace, "", 0));
}

describe("the application's runs", () => {
  test("are all stored, with the result that the application saw last", async () => {
    const stored = await select<{ RunId: string; Result: string }>(
      client,
      "SELECT RunId, Result FROM audit_runs",
    );
    const expected = new Map(runs.map((run) => [run.runId, run.result]));
    expect(expected.size).toBe(LEADS.length);
    expect(new Map(stored.map((run) => [run.RunId, run.Result]))).toEqual(expected);
  });

  test("say who started them, by what and with which authority", async () => {
    const rows = await select<Record<string, unknown>>(
      client,
      `SELECT WorkflowId, WorkflowVersion, TriggerType, ActorId, ActorType, Authorization, Engine
       FROM audit_runs WHERE RunId = '${runOf("fast_track")}'`,
    );
    expect(rows).toEqual([
      {
        WorkflowId: "lead-triage",
        WorkflowVersion: "1.4.0",
        TriggerType: "webhook",
        ActorId: "svc-lead-intake",
        ActorType: "service",
        Authorization: "webhook signature verified, policy lead-intake v3",
        Engine: "langgraph",
      },
    ]);
  });

  test("on the fast track have exactly the tree of the conventions", async () => {
    expect(await treesOf(runOf("fast_track"))).toEqual([
      [
        "invoke_workflow lead-triage success",
        "  run_step classify success",
        "    chat gpt-5-mini",
        "  evaluate_branch routeByScore",
        "  run_step fast_track success",
        "  run_step enrich success",
        "  evaluate_branch routeByDealValue",
        "  run_step create_lead success",
        "    perform_action salesforce.create_lead success",
      ],
    ]);
  });

  test("with a time-out show each attempt as a sibling", async () => {
    const [tree] = await treesOf(runOf("enrichment_timeout"));
    expect(tree?.filter((line) => line.includes("run_step enrich"))).toEqual([
      "  run_step enrich retried ERROR",
      "  run_step enrich #2 retried ERROR",
      "  run_step enrich #3 success",
    ]);
  });

  test("that a person approved are two traces of one run, linked, and no error", async () => {
    const runId = runOf("approved");
    const [before, after] = await treesOf(runId);
    expect(before?.at(0)).toBe("invoke_workflow lead-triage paused");
    expect(before?.at(-1)).toBe("  run_step approve paused");
    expect(after).toEqual([
      "invoke_workflow lead-triage success",
      "  run_step approve success",
      "    resolve_approval approve approved",
      "  evaluate_branch approve",
      "  run_step create_lead success",
      "    perform_action salesforce.create_lead success",
    ]);
    const roots = await select<{ TraceId: string; Resumes: string }>(
      client,
      `SELECT TraceId, ResumesTraceId AS Resumes FROM runs WHERE RunId = '${runId}' ORDER BY StartedAt`,
    );
    expect(roots[1]?.Resumes).toBe(roots[0]?.TraceId);
    expect(
      await select(
        client,
        `SELECT Outcome, DecidedBy, WaitMs > 0 AS Waited, ApprovalId != '' AS HasId
         FROM audit_approvals WHERE RunId = '${runId}'`,
      ),
    ).toEqual([{ Outcome: "approved", DecidedBy: "dana.whitfield", Waited: 1, HasId: 1 }]);
  });

  test("record which branch was taken, which not, why and how sure", async () => {
    const [decision] = await select<Record<string, unknown>>(
      client,
      `SELECT Type, SourceStep, Options, Selected, Skipped, DefaultTaken, Confidence < 0.6 AS Unsure,
         Reason != '' AS HasReason
       FROM audit_decisions WHERE RunId = '${runOf("low_confidence")}' AND Name = 'routeByScore'`,
    );
    expect(decision).toEqual({
      Type: "conditional_edge",
      SourceStep: "classify",
      Options: ["fast_track", "standard_nurture", "manual_review"],
      Selected: ["manual_review"],
      Skipped: ["fast_track", "standard_nurture"],
      DefaultTaken: true,
      Unsure: 1,
      HasReason: 1,
    });
  });

  test("that failed for good have an error that names the step and the type", async () => {
    const errors = await select<{ StepName: string; SpanType: string }>(
      client,
      `SELECT DISTINCT StepName, SpanType FROM audit_errors
       WHERE RunId = '${runOf("crm_rejects")}' AND SpanType = 'step'`,
    );
    expect(errors).toEqual([{ StepName: "create_lead", SpanType: "step" }]);
  });
});

/** What must not be found: every address, number and key in the leads. */
function secretsOf(leads: readonly Lead[]): string[] {
  const words = leads.flatMap(({ body }) => {
    const { contact } = JSON.parse(body) as { contact: { email: string; phone: string } };
    return [
      contact.email,
      contact.phone,
      ...(body.match(/[\w.+-]+@[\w-]+\.[\w.-]+\w/g) ?? []),
      ...(body.match(/\b(?:sk|AKIA|ghp|EXAMPLE)[-_\w]{12,}/g) ?? []),
      ...(body.match(/\b\d{4} \d{4} \d{4} \d{4}\b/g) ?? []),
      ...(body.match(/\b[A-Z]{2}\d{2}(?: \d{4}){4,}/g) ?? []),
    ];
  });
  return [...new Set(words)];
}

describe("personal data of the inputs", () => {
  const secrets = secretsOf(LEADS);

  test("is in the leads, so that there is something to find", () => {
    expect(secrets.length).toBeGreaterThan(2 * LEADS.length);
    expect(
      findInBytes("leads", Buffer.from(LEADS.map(({ body }) => body).join()), secrets),
    ).toHaveLength(secrets.length);
  });

  test("is in no column of any table, though the inputs around it are", async () => {
    expect(await findInTables(client, ["contact-sales"])).not.toEqual([]);
    expect(await findInTables(client, secrets)).toEqual([]);
  });

  test("is in no log line", () => {
    expect(findInBytes("log", Buffer.from(server.log()), ["ready"])).not.toEqual([]);
    expect(findInBytes("log", Buffer.from(server.log()), secrets)).toEqual([]);
  });

  test("is in no byte of the data folder, though the run ids are", async () => {
    expect(await server.stop()).toBe(0);
    expect(await findInFiles(server.dataDir, [runOf("fast_track")])).not.toEqual([]);
    expect(await findInFiles(server.dataDir, secrets)).toEqual([]);
  });
});
