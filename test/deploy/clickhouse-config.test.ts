/**
 * Goal: the ClickHouse of the deployment has the storage policy that the tables name, a receiver's user
 * who may do all that the schema needs, and a dashboards' user who may do no more than dashboards need.
 * Method: the mounted files themselves, loaded by the real engine, one process per user.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DATABASE, readMigrations, TIER_VOLUMES, TIERED_POLICY, VIEWS } from "@spanledger/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RANGE, ROWS } from "./audit-data.ts";
import { expandQuery } from "./grafana-macros.ts";

type Answer = { readonly rows?: string; readonly error?: string };
type User = "spanledger" | "spanledger_dashboards";

const PROGRAM: string = fileURLToPath(new URL("as-user.ts", import.meta.url));

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "spanledger-deploy-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

function runAs(user: User, statements: readonly string[]): Promise<readonly Answer[]> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [PROGRAM, dir, user],
      { maxBuffer: 64 << 20 },
      (error, stdout) => (error === null ? resolve(JSON.parse(stdout) as Answer[]) : reject(error)),
    );
    child.stdin?.end(JSON.stringify(statements));
  });
}

const errorsOf = (answers: readonly Answer[]): readonly string[] =>
  answers.flatMap(({ error }) => (error === undefined ? [] : [error]));

async function dashboardQueries(): Promise<readonly string[]> {
  const file = new URL("../../dashboards/grafana/dashboards/runs.json", import.meta.url);
  const { panels } = JSON.parse(await readFile(file, "utf8")) as {
    panels: { targets?: { rawSql: string }[] }[];
  };
  const box = { text: "" };
  const variables = { workspace: "all", workflow: "all", run: box, trace: box } as const;
  return panels.flatMap(({ targets = [] }) =>
    targets.map(({ rawSql }) => expandQuery(rawSql, { variables, intervalMs: 1_000, ...RANGE })),
  );
}

describe("the ClickHouse of the deployment", () => {
  test("has the tiered policy with the schema's volumes, hottest first", async () => {
    const [answer] = await runAs("spanledger", [
      `SELECT volume_name FROM system.storage_policies
       WHERE policy_name = '${TIERED_POLICY}' ORDER BY volume_priority`,
    ]);
    const rows = answer?.rows?.trim().split("\n") ?? [];
    expect(rows.map((row) => JSON.parse(row) as unknown)).toEqual(
      TIER_VOLUMES.map((volume) => ({ volume_name: volume })),
    );
  });

  test("lets the receiver's user create the schema, write and change retention", async () => {
    const answers = await runAs("spanledger", [
      `CREATE DATABASE IF NOT EXISTS ${DATABASE} ENGINE = Atomic`,
      `USE ${DATABASE}`,
      ...readMigrations().flatMap(({ statements }) =>
        statements.map((sql) => sql.replaceAll("{{storage_policy}}", TIERED_POLICY)),
      ),
      ...Object.entries(ROWS).map(
        ([table, rows]) =>
          `INSERT INTO ${table} FORMAT JSONEachRow ${rows.map((row) => JSON.stringify(row)).join("\n")}`,
      ),
      "ALTER TABLE spans MODIFY TTL toDateTime(Timestamp) + toIntervalDay(30) TO VOLUME 'warm', ExpiresAt",
      "OPTIMIZE TABLE runs FINAL",
    ]);
    expect(errorsOf(answers)).toEqual([]);
  });

  test("refuses the receiver's user what it has no need of", async () => {
    const answers = await runAs("spanledger", [
      "CREATE DATABASE elsewhere",
      "CREATE USER someone",
      "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
      "SYSTEM SHUTDOWN",
    ]);
    expect(errorsOf(answers)).toHaveLength(answers.length);
    for (const { error } of answers) expect(error).toMatch(/ACCESS_DENIED/);
  });

  test("lets the dashboards' user run every query of the dashboard", async () => {
    const queries = await dashboardQueries();
    const answers = await runAs("spanledger_dashboards", [`USE ${DATABASE}`, ...queries]);
    expect(errorsOf(answers)).toEqual([]);
    expect(answers[1]?.rows).toBe('{"Runs":7}\n');
  });

  test("shows the dashboards' user no content, and lets it change nothing", async () => {
    const answers = await runAs("spanledger_dashboards", [
      `SELECT * FROM ${DATABASE}.payloads`,
      `SELECT * FROM ${DATABASE}.${VIEWS.auditPayloads}`,
      `INSERT INTO ${DATABASE}.runs (RunId) VALUES ('x')`,
      `ALTER TABLE ${DATABASE}.runs DELETE WHERE 1`,
      `DROP TABLE ${DATABASE}.runs`,
      "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
      "SET max_memory_usage = 0",
    ]);
    expect(answers.filter(({ error }) => error === undefined)).toEqual([]);
    for (const { error } of answers) expect(error).toMatch(/ACCESS_DENIED|READONLY/);
  });
});
