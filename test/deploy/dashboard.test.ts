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
import { EXPECTED, HOUR_MS, time } from "./dashboard-answers.ts";
import { expandQuery, type QueryContext, type Variables } from "./grafana-macros.ts";

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
