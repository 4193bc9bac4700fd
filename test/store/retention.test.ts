/**
 * Goal: rows move hot → warm → cold and are deleted, by class and age, on the embedded engine.
 * Method: back-dated rows through the store, then what `system.parts` says about their disks.
 */
import { BATCH_TABLES } from "@spanledger/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { applyRetention } from "../../receiver/src/clickhouse/retention.ts";
import { write } from "../fixtures/batches.ts";
import { select, startTestEngine, type TestEngine } from "../fixtures/engine.ts";
import { batchOf } from "../fixtures/rows.ts";

const MS_PER_DAY = 86_400_000;

let engine: TestEngine;

beforeAll(async () => {
  engine = await startTestEngine({ migrated: true });
});
afterAll(() => engine.stop());

describe("retention", () => {
  test("changes every table once, then none", async () => {
    expect(await applyRetention(engine.client)).toEqual(BATCH_TABLES.map(({ name }) => name));
    expect(await applyRetention(engine.client)).toEqual([]);
  });

  test("keeps young spans hot, moves older ones to warm and cold, deletes expired ones", async () => {
    const now = Date.now();
    for (const [name, days] of [
      ["young", 1],
      ["month", 45],
      ["quarter", 120],
      ["expired", 800],
    ] as const) {
      const at = now - days * MS_PER_DAY;
      await write(
        engine.client,
        batchOf({ name, startNs: BigInt(at) * 1_000_000n, receivedAtMs: at }),
        name,
      );
    }
    await engine.client.command({ query: "OPTIMIZE TABLE spans FINAL" });
    const parts = await select<{ disk: string; name: string }>(
      engine.client,
      `SELECT p.disk_name AS disk, s.SpanName AS name
       FROM (SELECT *, _part FROM spans) AS s JOIN system.parts AS p ON p.name = s._part
       WHERE p.table = 'spans' AND p.active ORDER BY name`,
    );
    expect(Object.fromEntries(parts.map(({ name, disk }) => [name, disk]))).toEqual({
      month: "warm",
      quarter: "cold",
      young: "default",
    });
  });

  test("keeps a late span that says it is old until its class's age after arrival", async () => {
    const row = batchOf({
      name: "late",
      startNs: 1_544_712_660_000_000_000n,
      receivedAtMs: Date.now(),
    });
    await write(engine.client, row, "late");
    await engine.client.command({ query: "OPTIMIZE TABLE spans FINAL" });
    expect(
      await select(engine.client, "SELECT SpanName FROM spans WHERE SpanName = 'late'"),
    ).toEqual([{ SpanName: "late" }]);
  });
});
