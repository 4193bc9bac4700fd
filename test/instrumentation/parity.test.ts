/**
 * Goal: an auditor cannot tell whether a workflow ran in Mastra or as plain code.
 * Method: both as real processes with the one import, exporting to a real server; the rows of the
 * audit views are compared, apart from ids, times and the engine's name.
 */
import { type ClickHouseClient, createClient } from "@clickhouse/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { select } from "../fixtures/engine.ts";
import { type ServerProcess, startServerProcess } from "../fixtures/server.ts";
import { type Ended, runApp } from "./child.ts";
import { type OpenAIServer, startOpenAIServer } from "./openai-server.ts";

/** What differs between any two runs, and the only thing that names the library. */
const APART = [
  "RunId",
  "TraceId",
  "TraceIds",
  "SpanId",
  "RequestId",
  "ApprovalId",
  "Timestamp",
  "StartedAt",
  "EndedAt",
  "DurationMs",
  "RequestedAt",
  "WaitMs",
  "TriggerId",
  "Engine",
];

let server: ServerProcess;
let openai: OpenAIServer;
let client: ClickHouseClient;
const ended: Record<string, Ended> = {};

beforeAll(async () => {
  [server, openai] = await Promise.all([startServerProcess(), startOpenAIServer()]);
  client = createClient({ url: server.clickhouseUrl, database: "spanledger" });
  for (const name of ["mastra", "plain"]) {
    ended[name] = await runApp(`parity-${name}.mjs`, [], {
      environment: {
        OTEL_EXPORTER_OTLP_ENDPOINT: server.otlpGrpcUrl,
        OTEL_SERVICE_NAME: "refunds",
        OPENAI_BASE_URL: openai.baseUrl,
        SPANLEDGER_WORKFLOW_VERSION: "7",
        SPANLEDGER_TRIGGER_TYPE: "webhook",
        SPANLEDGER_TRIGGER_SOURCE: "shop",
        SPANLEDGER_TRIGGER_ID: name,
        SPANLEDGER_ACTOR_ID: "svc-shop",
        SPANLEDGER_ACTOR_TYPE: "service",
        SPANLEDGER_AUTHORIZATION: "role:support",
      },
    });
  }
  await server.flush();
}, 120_000);

afterAll(async () => {
  await client.close();
  await Promise.all([server.remove(), openai.close()]);
});

type Row = Readonly<Record<string, unknown>>;

async function rowsOf(view: string, application: string, order: string): Promise<readonly Row[]> {
  const runs = `SELECT RunId FROM audit_runs WHERE TriggerId = '${application}'`;
  const existing = await select<{ name: string }>(
    client,
    `SELECT name FROM system.columns WHERE database = 'spanledger' AND table = '${view}'`,
  );
  const apart = APART.filter((name) => existing.some((column) => column.name === name));
  return select<Row>(
    client,
    `SELECT * EXCEPT (${apart.join(", ")}) FROM ${view}
     WHERE RunId IN (${runs}) ORDER BY ${order}`,
  );
}

test("both applications do the same", () => {
  const { mastra, plain } = ended;
  expect(mastra?.stderr).toMatch(/@mastra\/core 1\.\S+: patched/);
  expect(mastra?.stdout.split("\n").slice(0, 3)).toEqual([
    "suspended",
    'success {"order":7,"refunded":true}',
    "failed",
  ]);
  expect(plain?.stdout).toBe(`${mastra?.stdout.trimEnd()} RangeError\n`);
});

describe.each([
  ["audit_runs", "StartedAt", 2],
  ["audit_steps", "Timestamp", 9],
  ["audit_decisions", "Timestamp", 2],
  ["audit_ai_calls", "Timestamp", 2],
  ["audit_approvals", "Timestamp", 1],
  ["audit_errors", "Timestamp", 4],
])("the rows of %s", (view, order, count) => {
  test("are the same for Mastra and for plain code", async () => {
    const mastra = await rowsOf(view, "mastra", order);
    expect(mastra).toEqual(await rowsOf(view, "plain", order));
    expect(mastra).toHaveLength(count);
  });
});
