/**
 * Goal: the migrations build the schema that the code believes in, once, and refuse a changed past.
 * Method: the real files on the real engine; changed and missing files as lists made from them.
 */
import { BATCH_TABLES, LEDGER, readMigrations, VIEWS } from "@spanledger/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { migrate } from "../../receiver/src/clickhouse/migrate.ts";
import { BATCH_MAX_DAYS, REQUEST_MAX_DAYS } from "../../receiver/src/spool/limits.ts";
import { select, startTestEngine, type TestEngine } from "../fixtures/engine.ts";

/** Parts whose tokens a table remembers. */
const WINDOW_PARTS = 10_000;

let engine: TestEngine;
const migrations = readMigrations();

beforeAll(async () => {
  engine = await startTestEngine({ migrated: false });
});
afterAll(() => engine.stop());

describe("migrate", () => {
  test("applies every file in order, then nothing on a second run", async () => {
    expect((await migrate(engine.target)).applied).toEqual(migrations.map(({ name }) => name));
    expect((await migrate(engine.target)).applied).toEqual([]);
  });

  test("uses the tiered storage policy of the embedded engine", async () => {
    expect((await migrate(engine.target)).storagePolicy).toBe("spanledger_tiered");
  });

  test("applies a file again whose journal entry was lost in a crash", async () => {
    const last = migrations.length;
    await engine.client.command({
      query: `ALTER TABLE schema_migrations DELETE WHERE Number = ${last}`,
      clickhouse_settings: { mutations_sync: "1" },
    });
    expect((await migrate(engine.target)).applied).toEqual([migrations.at(-1)?.name]);
  });

  test.each([...BATCH_TABLES, LEDGER])(
    "creates table $name with exactly the columns of the schema",
    async (table) => {
      const columns = await select<{ name: string; type: string }>(
        engine.client,
        `SELECT name, type FROM system.columns
       WHERE database = 'spanledger' AND table = '${table.name}' ORDER BY position`,
      );
      expect(columns.map(({ name, type }) => [name, type])).toEqual(Object.entries(table.columns));
    },
  );

  test("gives every table a window of tokens, the targets of views too, and syncs every insert", async () => {
    const tables = await select<{ name: string; create: string }>(
      engine.client,
      `SELECT name, create_table_query AS create FROM system.tables
       WHERE database = 'spanledger' AND engine LIKE '%MergeTree' AND name != 'schema_migrations'`,
    );
    expect(tables.map(({ name }) => name)).toEqual(
      expect.arrayContaining([...BATCH_TABLES.map(({ name }) => name), "ledger", "run_statistics"]),
    );
    for (const { name, create } of tables) {
      expect(create, name).toContain(`non_replicated_deduplication_window = ${WINDOW_PARTS}`);
      expect(create, name).toContain("fsync_after_insert = 1");
    }
  });

  test("has windows that hold what a receiver inserts between the first try of a batch and its last", () => {
    // Itself: one batch is under way at a time. It closes after the request that reaches its most days; a
    // part is inserted for each.
    expect(BATCH_MAX_DAYS + REQUEST_MAX_DAYS).toBeLessThan(WINDOW_PARTS);
  });

  test("creates every named view", async () => {
    const names = await select<{ name: string }>(
      engine.client,
      "SELECT name FROM system.tables WHERE database = 'spanledger' AND engine = 'View'",
    );
    expect(names.map(({ name }) => name).toSorted()).toEqual(Object.values(VIEWS).toSorted());
  });

  test("gives otel_traces the columns and types of the Collector's ClickHouse exporter", async () => {
    const columns = await select<{ name: string; type: string }>(
      engine.client,
      `SELECT name, type FROM system.columns
       WHERE database = 'spanledger' AND table = 'otel_traces' ORDER BY position`,
    );
    // Source: opentelemetry-collector-contrib 0.149, exporter/clickhouseexporter, traces table.
    expect(columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      "Timestamp DateTime64(9)",
      "TraceId String",
      "SpanId String",
      "ParentSpanId String",
      "TraceState String",
      "SpanName LowCardinality(String)",
      "SpanKind LowCardinality(String)",
      "ServiceName LowCardinality(String)",
      "ResourceAttributes Map(LowCardinality(String), String)",
      "ScopeName String",
      "ScopeVersion String",
      "SpanAttributes Map(LowCardinality(String), String)",
      "Duration UInt64",
      "StatusCode LowCardinality(String)",
      "StatusMessage String",
      "Events.Timestamp Array(DateTime64(9))",
      "Events.Name Array(LowCardinality(String))",
      "Events.Attributes Array(Map(LowCardinality(String), String))",
      "Links.TraceId Array(String)",
      "Links.SpanId Array(String)",
      "Links.TraceState Array(String)",
      "Links.Attributes Array(Map(LowCardinality(String), String))",
    ]);
  });

  test("refuses a file that was changed after it had been applied", async () => {
    const changed = migrations.map((one) => (one.number === 2 ? { ...one, sha256: "0" } : one));
    await expect(migrate(engine.target, changed)).rejects.toMatchObject({
      code: "MIGRATION_CHANGED",
      message: expect.stringContaining("0002_payloads"),
    });
  });

  test("refuses files that are older than the database", async () => {
    await expect(migrate(engine.target, migrations.slice(0, -1))).rejects.toMatchObject({
      code: "MIGRATION_MISSING",
    });
  });

  test("names the statement that ClickHouse refuses, and starts there again next time", async () => {
    const number = migrations.length + 1;
    const bad = {
      number,
      name: `${number}_bad`,
      sha256: "b",
      statements: ["SELECT 1", "CREATE X"],
    };
    await expect(migrate(engine.target, [...migrations, bad])).rejects.toMatchObject({
      code: "MIGRATION_FAILED",
      message: expect.stringContaining("statement 2"),
    });
    const good = { ...bad, statements: ["SELECT 1"] };
    expect((await migrate(engine.target, [...migrations, good])).applied).toEqual([good.name]);
  });
});
