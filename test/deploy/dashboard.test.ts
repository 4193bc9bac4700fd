/**
 * Goal: every query of the Grafana dashboard answers its panel's question.
 * Method: the generated JSON as Grafana reads it; the data source's macros expanded by an expansion
 * of our own; the real engine over ClickHouse's HTTP interface as a read-only user, gzip and all; a
 * small record whose answers were worked out by hand.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VIEWS } from "@spanledger/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { connect } from "../../receiver/src/clickhouse/client.ts";
import {
  type EmbeddedClickHouse,
  startEmbeddedClickHouse,
} from "../../receiver/src/clickhouse/embedded/supervisor.ts";
import { migrate } from "../../receiver/src/clickhouse/migrate.ts";
import { at, RANGE, ROWS, type Row, RUN } from "./audit-data.ts";
import { expandQuery, type QueryContext, type Variables } from "./grafana-macros.ts";

const HOUR_MS = 3_600_000;
const READER = { username: "dashboards", password: "only-in-this-test" };

const targetShape = z.object({
  rawSql: z.string(),
  format: z.number(),
  datasource: z.object({ type: z.string(), uid: z.string() }),
});
const panelShape = z.object({
  id: z.number(),
  type: z.string(),
  title: z.string(),
  description: z.string().min(1).optional(),
  targets: z.array(targetShape).default([]),
});
const variableShape = z.object({
  name: z.string(),
  query: z.union([z.string(), z.object({ rawSql: z.string() })]),
});
const dashboard = z
  .object({
    panels: z.array(panelShape),
    templating: z.object({ list: z.array(variableShape) }),
  })
  .parse(
    JSON.parse(
      await readFile(
        new URL("../../dashboards/grafana/dashboards/runs.json", import.meta.url),
        "utf8",
      ),
    ),
  );
const queried = dashboard.panels.filter(({ targets }) => targets.length > 0);

let dataDir: string;
let engine: EmbeddedClickHouse;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "spanledger-dashboard-"));
  engine = await startEmbeddedClickHouse({ dataDir, readonlyUser: READER });
  const target = { url: engine.url, username: "default", password: "" };
  await migrate(target);
  await using client = connect(target);
  for (const [table, values] of Object.entries(ROWS)) {
    await client.insert({ table, values, format: "JSONEachRow" });
  }
});
afterAll(async () => {
  await engine.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const EVERYTHING: Variables = {
  workspace: "all",
  workflow: "all",
  run: { text: "" },
  trace: { text: "" },
};

/** Ask as the data source does: read-only, with the one setting that it may change. */
async function ask(query: string, context: Partial<QueryContext> = {}): Promise<Row[]> {
  const url = new URL(engine.url);
  url.search = new URLSearchParams({
    database: "spanledger",
    default_format: "JSONEachRow",
    max_execution_time: "30",
  }).toString();
  const answer = await fetch(url, {
    method: "POST",
    headers: {
      authorization: `Basic ${btoa(`${READER.username}:${READER.password}`)}`,
      "accept-encoding": "gzip",
    },
    body: expandQuery(query, { variables: EVERYTHING, intervalMs: HOUR_MS, ...RANGE, ...context }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Row);
}

function sqlOf(title: string): string {
  const sql = queried.find((panel) => panel.title === title)?.targets[0]?.rawSql;
  if (sql === undefined) throw new Error(`no panel is titled ${title}`);
  return sql;
}

const time = (ms: number, digits = 0): string =>
  new Date(ms).toISOString().replace("T", " ").slice(0, 19) +
  (digits === 0
    ? ""
    : `.${String(ms % 1000)
        .padStart(3, "0")
        .padEnd(digits, "0")}`);

const bar = (hour: number, results: Row): Row => ({
  time: time(at(hour)),
  ...{ success: 0, failure: 0, partial: 0, timeout: 0, cancellation: 0, paused: 0 },
  ...results,
});

const step = (Workflow: string, Step: string, numbers: readonly number[]): Row => {
  const [Attempts, Retries, Failed, p50, p95] = numbers;
  return { Workflow, Step, Attempts, Retries, Failed, p50, p95 };
};

const tokens = (hour: number, series: string, count: number): Row => ({
  time: time(at(hour)),
  series,
  tokens: count,
});

/** What each panel shows of the whole record, by its title. */
const EXPECTED: Readonly<Record<string, readonly object[]>> = {
  Runs: [{ Runs: 7 }],
  "Failure rate": [{ FailureRate: 2 / 6 }],
  "Waiting for a person": [{ Waiting: 1 }],
  "Approval wait, p95": [{ WaitMs: HOUR_MS }],
  Tokens: [{ Tokens: 110 + 220 + 300 + 1_500 }],
  "Failed AI calls": [{ FailedAiCalls: 1 }],
  "Runs by result": [
    bar(10, { success: 2 }),
    bar(11, { failure: 1 }),
    bar(12, { timeout: 1 }),
    bar(13, { success: 1, paused: 1 }),
    bar(15, { success: 1 }),
  ],
  "Approvals waiting": [
    {
      Since: time(at(13, 0, 400), 9),
      Run: RUN.waiting,
      Workflow: "lead_triage",
      Step: "approve",
      Waited: expect.any(Number),
    },
  ],
  "Failed runs": [
    {
      Started: time(at(12), 9),
      Run: RUN.timedOut,
      Workflow: "lead_triage",
      Result: "timeout",
      Step: "",
      Error: "",
      Message: "over 60 s",
      Actor: "agent-7",
      Duration: 60_000,
    },
    {
      Started: time(at(11), 9),
      Run: RUN.failed,
      Workflow: "lead_triage",
      Result: "failure",
      Step: "enrich",
      Error: "TimeoutError",
      Message: "no answer within 2 s",
      Actor: "agent-7",
      Duration: 5_000,
    },
  ],
  "Branch shares": [
    { Branch: "lead_triage · route → fast_track", Share: 0.75 },
    { Branch: "lead_triage · route → nurture", Share: 0.25 },
    { Branch: "lead_triage · route → reject", Share: 0 },
  ],
  Decisions: [
    {
      Workflow: "lead_triage",
      Decision: "route",
      Evaluated: 4,
      Defaults: 1,
      MeanConfidence: expect.closeTo(0.75),
      LowestConfidence: 0.3,
    },
  ],
  Steps: [
    step("lead_triage", "enrich", [2, 1, 1, 2_000, 2_000]),
    step("lead_triage", "classify", [3, 0, 0, 200, 290]),
    step("lead_triage", "approve", [1, 0, 0, 100, 100]),
    step("refund_flow", "approve", [1, 0, 0, 50, 50]),
  ],
  "Step duration, p95": [
    { time: time(at(10)), step: "lead_triage · classify", p95: 290 },
    { time: time(at(11)), step: "lead_triage · classify", p95: 200 },
    { time: time(at(11)), step: "lead_triage · enrich", p95: 2_000 },
    { time: time(at(13)), step: "lead_triage · approve", p95: 100 },
    { time: time(at(13)), step: "refund_flow · approve", p95: 50 },
  ],
  "Tokens by model": [
    tokens(10, "model-a input", 100),
    tokens(10, "model-a output", 10),
    tokens(10, "model-b input", 200),
    tokens(10, "model-b output", 20),
    tokens(11, "model-a input", 300),
    tokens(11, "model-a output", 0),
    tokens(15, "model-a input", 1_000),
    tokens(15, "model-a output", 500),
  ],
  "Errors by step": [
    {
      Workflow: "lead_triage",
      Step: "enrich",
      Error: "TimeoutError",
      Times: 2,
      Runs: 1,
      Last: time(at(11, 0, 4_500), 9),
    },
  ],
  // With an empty text box the lower part shows the latest run.
  Run: [expect.objectContaining({ Run: RUN.other, Result: "success", Tokens: 1_500, Parts: 1 })],
  "Decision path": [],
  Timeline: [expect.objectContaining({ Kind: "ai", Duration: 40, Try: null })],
  Trace: [expect.objectContaining({ operationName: "ai", duration: 40, kind: "Client" })],
};

describe("every panel", () => {
  test("has an expectation, a description and reads nothing but views", () => {
    const views: readonly string[] = Object.values(VIEWS);
    expect(queried.map(({ title }) => title)).toEqual(Object.keys(EXPECTED));
    for (const { title, description, targets } of queried) {
      expect(description, title).toBeDefined();
      const sources = [
        ...(targets[0]?.rawSql ?? "").matchAll(/(?:\bFROM|(?<!\bARRAY )\bJOIN) (\w+)/g),
      ];
      expect(sources.length, title).toBeGreaterThan(0);
      for (const [, name] of sources) expect(views, title).toContain(name);
    }
  });

  test.each(Object.keys(EXPECTED))("%s: shows what the record holds", async (title) => {
    expect(await ask(sqlOf(title))).toEqual(EXPECTED[title]);
  });

  test.each(queried.map(({ title }) => title))(
    "%s: has an answer on an empty range",
    async (title) => {
      const range = { from: new Date(at(0)), to: new Date(at(1)) };
      const rows = await ask(sqlOf(title), range);
      // What waits now waits whatever the range; everything else must keep to it.
      if (!/waiting/i.test(title)) {
        for (const value of rows.flatMap((row) => Object.values(row))) {
          expect([0, null]).toContain(value);
        }
      }
    },
  );

  test.each(queried.map(({ title }) => title))("%s: takes chosen names as text", async (title) => {
    const odd = ["o'clock", "x') OR 1=1 --"];
    const rows = await ask(sqlOf(title), {
      variables: {
        workspace: odd,
        workflow: odd,
        run: { text: "it's none" },
        trace: { text: "'" },
      },
    });
    for (const value of rows.flatMap((row) => Object.values(row))) {
      expect([0, null]).toContain(value);
    }
  });
});

describe("the choices above the panels", () => {
  test("offer the workspaces and workflows of the chosen time", async () => {
    const asked = dashboard.templating.list.flatMap(({ name, query }) =>
      typeof query === "string" ? [] : [[name, query.rawSql] as const],
    );
    const answers = await Promise.all(
      asked.map(async ([name, sql]) => [name, (await ask(sql)).flatMap(Object.values)] as const),
    );
    expect(Object.fromEntries(answers)).toEqual({
      workspace: ["acme", "globex"],
      workflow: ["lead_triage", "refund_flow", "summarise"],
    });
  });

  test("keep other workspaces and workflows out", async () => {
    const variables = { ...EVERYTHING, workspace: ["acme"], workflow: ["refund_flow"] };
    expect(await ask(sqlOf("Runs"), { variables })).toEqual([{ Runs: 1 }]);
    expect(await ask(sqlOf("Tokens"), { variables })).toEqual([{ Tokens: 0 }]);
    expect(await ask(sqlOf("Failed runs"), { variables })).toEqual([]);
    expect(await ask(sqlOf("Run"), { variables })).toMatchObject([{ Run: RUN.resumed }]);
  });
});

describe("one run", () => {
  test("is shown by its id, whenever it was", async () => {
    const variables = { ...EVERYTHING, run: { text: RUN.early } };
    expect(await ask(sqlOf("Run"), { variables })).toMatchObject([
      { Run: RUN.early, Result: "failure", Tokens: 15_554 },
    ]);
  });

  test("shows which way it took and what it left aside", async () => {
    const variables = { ...EVERYTHING, run: { text: RUN.waiting } };
    expect(await ask(sqlOf("Decision path"), { variables })).toEqual([
      {
        Time: time(at(13, 0, 350), 9),
        Decision: "route",
        Type: "conditional_edge",
        After: "classify",
        Selected: "nurture",
        Skipped: "fast_track, reject",
        Default: "yes",
        Confidence: 0.3,
        Condition: "score >= 0.8",
        Reason: "score 0.91",
      },
    ]);
  });

  test("lists attempts, errors and events in order", async () => {
    const variables = { ...EVERYTHING, run: { text: RUN.failed } };
    const rows = await ask(sqlOf("Timeline"), { variables });
    expect(rows.map(({ Kind, What, Try }) => [Kind, What, Try])).toEqual([
      ["run", "run", null],
      ["step", "step classify", 1],
      ["ai", "ai", null],
      ["step", "step enrich", 1],
      ["step", "step enrich", 2],
    ]);
    expect(rows.at(-1)).toMatchObject({ Result: "failure", Message: "no answer within 2 s" });
  });

  test("that was resumed shows its latest trace, or the one that was clicked", async () => {
    const variables = { ...EVERYTHING, run: { text: RUN.resumed } };
    const [latest] = await ask(sqlOf("Trace"), { variables });
    expect(latest).toMatchObject({ operationName: "approval approve" });
    const [first] = await ask(sqlOf("Trace"), {
      variables: { ...variables, trace: { text: `${"6".repeat(31)}1` } },
    });
    expect(first).toMatchObject({ operationName: "step approve" });
  });

  test("has the columns and key-value pairs of Grafana's trace view", async () => {
    const [span] = await ask(sqlOf("Trace"), {
      variables: { ...EVERYTHING, run: { text: RUN.waiting } },
    });
    expect(span).toEqual({
      traceID: `${"5".repeat(31)}1`,
      spanID: expect.stringMatching(/^[0-9a-f]{16}$/),
      parentSpanID: "",
      serviceName: "triage-app",
      operationName: "step approve",
      startTime: at(13, 0, 400),
      duration: 100,
      tags: expect.arrayContaining([{ key: "workflow.step.type", value: "action" }]),
      serviceTags: [{ key: "service.name", value: "triage-app" }],
      statusCode: 0,
      statusMessage: "",
      kind: "Internal",
      logs: [
        {
          name: "workflow.approval.requested",
          timestamp: String(at(13, 0, 500)),
          fields: [{ key: "workflow.approval.id", value: "a1" }],
        },
      ],
    });
  });
});

test("the dashboards' user can't write", async () => {
  await expect(ask("INSERT INTO audit_runs SELECT * FROM audit_runs")).rejects.toThrow(/readonly/i);
});
