/**
 * Goal: what the store acknowledges is in ClickHouse exactly once, in every table and aggregate.
 * Method: the server is the truth: rows are read back by ClickHouse itself, never by our encoder.
 */
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { NEVER_CODES } from "../../receiver/src/store/errors.ts";
import type { Inserter } from "../../receiver/src/store/inserter.ts";
import { BatchWriter } from "../../receiver/src/store/writer.ts";
import { QUIET_LOG, sourceOf, tablesOf, write } from "../fixtures/batches.ts";
import { select, startTestEngine, type TestEngine } from "../fixtures/engine.ts";
import { batchOf } from "../fixtures/rows.ts";

let engine: TestEngine;

beforeAll(async () => {
  engine = await startTestEngine({ migrated: true });
});
afterAll(() => engine.stop());
beforeEach(async () => {
  for (const table of [
    "spans",
    "payloads",
    "runs",
    "decisions",
    "errors",
    "run_statistics",
    "otel_traces_trace_id_ts",
  ]) {
    await engine.client.command({ query: `TRUNCATE TABLE ${table}` });
  }
});

const RUN = {
  "gen_ai.operation.name": "invoke_workflow",
  "workflow.run.id": "01RUN0000000000000000000000",
  "workflow.id": "triage",
};
const CALL = {
  "gen_ai.operation.name": "chat",
  "workflow.run.id": "01RUN0000000000000000000000",
  "gen_ai.usage.input_tokens": 120n,
  "gen_ai.usage.output_tokens": 30n,
  "gen_ai.input.messages": '[{"role":"user","parts":[]}]',
};

describe("store", () => {
  test("writes every column type so that ClickHouse reads the same back", async () => {
    const rows = batchOf({
      name: "every type ☂",
      startNs: 1_544_712_660_123_456_789n,
      attributes: { "a.b": "x", n: 1n },
      more: {
        events: [
          { timeNs: 1_544_712_660_000_000_001n, name: "e", attributes: new Map([["k", "v"]]) },
        ],
        links: [
          {
            traceId: "a".repeat(32),
            spanId: "b".repeat(16),
            traceState: "t=1",
            attributes: new Map(),
          },
        ],
        droppedAttributes: 4_294_967_295,
        statusCode: "Error",
      },
    });
    await write(engine.client, rows, "types");
    expect(
      await select(
        engine.client,
        `SELECT SpanName, toString(toUnixTimestamp64Nano(Timestamp)) AS ns, Duration, SpanAttributes,
           arrayMap(t -> toString(toUnixTimestamp64Nano(t)), Events.Timestamp) AS eventNs, Events.Name AS eventName,
           Events.Attributes AS eventAttributes, Links.TraceId AS linkTrace, DroppedAttributes,
           StatusCode, ExpiresAt > now() AS keeps FROM spans`,
      ),
    ).toEqual([
      {
        SpanName: "every type ☂",
        ns: "1544712660123456789",
        Duration: 5_000_000,
        SpanAttributes: { "a.b": "x", n: "1" },
        eventNs: ["1544712660000000001"],
        eventName: ["e"],
        eventAttributes: [{ k: "v" }],
        linkTrace: ["a".repeat(32)],
        DroppedAttributes: 4_294_967_295,
        StatusCode: "Error",
        keeps: 1,
      },
    ]);
  });

  test("writes a decision with and without a confidence", async () => {
    const decision = {
      "workflow.decision.name": "route",
      "workflow.decision.options": ["a", "b"],
      "workflow.decision.selected": ["a"],
      "workflow.decision.default_taken": true,
    };
    await write(
      engine.client,
      batchOf(
        {
          name: "evaluate_branch route",
          attributes: { ...decision, "workflow.decision.confidence": 0.25 },
        },
        { name: "evaluate_branch route", attributes: decision },
      ),
      "decisions",
    );
    expect(
      await select(
        engine.client,
        "SELECT Options, Selected, Skipped, DefaultTaken, Confidence FROM decisions ORDER BY Row",
      ),
    ).toEqual([
      {
        Options: ["a", "b"],
        Selected: ["a"],
        Skipped: ["b"],
        DefaultTaken: true,
        Confidence: 0.25,
      },
      {
        Options: ["a", "b"],
        Selected: ["a"],
        Skipped: ["b"],
        DefaultTaken: true,
        Confidence: null,
      },
    ]);
  });

  test("stores a batch once however often it is written, aggregates included", async () => {
    const rows = batchOf(
      { name: "invoke_workflow triage", spanId: "1".repeat(16), attributes: RUN },
      { name: "chat m", spanId: "2".repeat(16), attributes: CALL },
    );
    for (let attempt = 0; attempt < 3; attempt += 1) await write(engine.client, rows, "same");
    expect(
      await select(
        engine.client,
        `SELECT (SELECT count() FROM spans) AS spans, (SELECT count() FROM payloads) AS payloads,
           (SELECT count() FROM runs) AS runs, AiCalls, InputTokens, OutputTokens FROM audit_runs`,
      ),
    ).toEqual([
      {
        spans: 2,
        payloads: 1,
        runs: 1,
        AiCalls: 1,
        InputTokens: 120,
        OutputTokens: 30,
      },
    ]);
  });

  test("completes a batch that had reached only some tables", async () => {
    const rows = batchOf({ name: "chat m", attributes: CALL });
    await write(
      engine.client,
      { ...rows, payloads: [], runs: [], decisions: [], errors: [] },
      "half",
    );
    await write(engine.client, rows, "half");
    expect(
      await select(
        engine.client,
        `SELECT (SELECT count() FROM spans) AS spans, (SELECT count() FROM payloads) AS payloads,
           (SELECT sum(Spans) FROM run_statistics) AS counted`,
      ),
    ).toEqual([{ spans: 1, payloads: 1, counted: 1 }]);
  });

  test("stores the same span again under another token", async () => {
    const rows = batchOf({ name: "one" });
    await write(engine.client, rows, "first");
    await write(engine.client, rows, "second");
    expect(await select(engine.client, "SELECT count() AS n FROM spans")).toEqual([{ n: 2 }]);
  });

  test("takes spans of many days in one batch", async () => {
    const day = 86_400_000_000_000n;
    const spans = Array.from({ length: 150 }, (_, index) => ({
      name: "day",
      startNs: 1_700_000_000_000_000_000n + BigInt(index) * day,
    }));
    await write(engine.client, batchOf(...spans), "days");
    expect(await select(engine.client, "SELECT count() AS n FROM spans")).toEqual([{ n: 150 }]);
  });

  test("counts what two batches have in common twice: only a token is dropped, not content", async () => {
    const rows = batchOf({ name: "chat m", attributes: CALL });
    for (const token of ["one", "two", "one", "two"]) await write(engine.client, rows, token);
    expect(
      await select(
        engine.client,
        `SELECT (SELECT count() FROM spans) AS spans, (SELECT sum(Spans) FROM run_statistics) AS counted,
           (SELECT count() FROM otel_traces_trace_id_ts) AS traces`,
      ),
    ).toEqual([{ spans: 2, counted: 2, traces: 2 }]);
  });

  test("knows the token of a batch of many parts and rows again", async () => {
    const day = 86_400_000_000_000n;
    const spans = Array.from({ length: 20_000 }, (_, index) => ({
      name: "day",
      startNs: 1_700_000_000_000_000_000n + BigInt(index % 100) * day,
      attributes: CALL,
    }));
    const rows = batchOf(...spans);
    for (let attempt = 0; attempt < 2; attempt += 1) await write(engine.client, rows, "large");
    expect(
      await select(
        engine.client,
        `SELECT (SELECT count() FROM spans) AS spans, (SELECT count() FROM payloads) AS payloads,
           (SELECT sum(Spans) FROM run_statistics) AS counted`,
      ),
    ).toEqual([{ spans: 20_000, payloads: 20_000, counted: 20_000 }]);
  });

  test("waits while a table is gone, and stores the batch when it is back", async () => {
    const writer = new BatchWriter({ client: engine.client, log: QUIET_LOG, backoffMs: 5 });
    await engine.client.command({ query: "RENAME TABLE errors TO errors_away" });
    const rows = batchOf({ name: "fails", more: { statusCode: "Error" } });
    const source = sourceOf(tablesOf(rows), "gone");
    const stored = writer.push(source);
    try {
      await vi.waitUntil(() => writer.state().failedTries > 2);
      expect(writer.state().lastFailure).toContain("(60)");
      expect(source.ends).toEqual([]);
    } finally {
      await engine.client.command({ query: "RENAME TABLE errors_away TO errors" });
    }
    await stored;
    expect(source.ends).toEqual(["done"]);
    expect(await select(engine.client, "SELECT count() AS n FROM errors")).toEqual([{ n: 1 }]);
  });

  test("refuses a batch whose rows ClickHouse cannot read, and stores its other tables", async () => {
    const writer = new BatchWriter({ client: engine.client, log: QUIET_LOG, backoffMs: 5 });
    const tables = tablesOf(batchOf({ name: "chat m", attributes: CALL })).map((table) =>
      table.name === "spans"
        ? { ...table, chunks: table.chunks.map((chunk) => chunk.subarray(0, chunk.length - 3)) }
        : table,
    );
    const [bad, good] = [sourceOf(tables, "bad"), sourceOf(tablesOf(batchOf({ name: "x" })), "x")];
    await Promise.all([writer.push(bad), writer.push(good)]);
    expect(bad.ends).toEqual(["refused"]);
    expect(bad.refusals).toMatchObject([{ table: "spans", rows: 1 }]);
    expect(NEVER_CODES.has(bad.refusals[0]?.code ?? "")).toBe(true);
    expect(bad.stored).toEqual(["payloads"]);
    expect(good.ends).toEqual(["done"]);
    expect(await select(engine.client, "SELECT SpanName FROM spans")).toEqual([{ SpanName: "x" }]);
  });

  test("begins no batch while the one before it has not ended", async () => {
    const writer = new BatchWriter({ client: engine.client, log: QUIET_LOG });
    const first = Promise.withResolvers<{ tables: [] }>();
    const begun: number[] = [];
    const pushed = Array.from({ length: 3 }, (_, index) => {
      const load = () => {
        begun.push(index);
        return index === 0 ? first.promise : Promise.resolve({ tables: [] });
      };
      return writer.push(sourceOf([], `batch ${index}`, { load }));
    });
    await setImmediate();
    expect(begun).toEqual([0]);
    first.resolve({ tables: [] });
    await Promise.all(pushed);
    expect(begun).toEqual([0, 1, 2]);
  });

  test("inserts the tables of a batch side by side, and its row in the ledger behind them", async () => {
    const held = Promise.withResolvers<void>();
    const [began, ended]: [string[], string[]] = [[], []];
    const inserter: Inserter = {
      prepare: async () => undefined,
      discard: () => undefined,
      insert: async ({ name }) => {
        began.push(name);
        if (name === "spans") await held.promise;
        ended.push(name);
      },
    };
    const writer = new BatchWriter({ client: engine.client, log: QUIET_LOG, inserter });
    const tables = tablesOf(batchOf({ name: "chat m", attributes: CALL }));
    const ledger = { name: "ledger", columns: [], rows: 1, chunks: [] };
    const stored = writer.push(sourceOf([...tables, ledger], "order"));
    await vi.waitUntil(() => ended.includes("payloads"));
    expect(began).toEqual(["spans", "payloads"]);
    held.resolve();
    await stored;
    expect(ended).toEqual(["payloads", "spans", "ledger"]);
  });

  test("says what fails as long as it does, though another table is stored meanwhile", async () => {
    const fails = Promise.withResolvers<void>();
    let isFailing = true;
    const inserter: Inserter = {
      prepare: async () => undefined,
      discard: () => undefined,
      insert: async ({ name }) => {
        if (name === "spans" && isFailing) throw Object.assign(new Error("x"), { code: "E1" });
        if (name === "payloads") await fails.promise;
      },
    };
    const writer = new BatchWriter({
      client: engine.client,
      log: QUIET_LOG,
      inserter,
      backoffMs: 5,
    });
    const stored = writer.push(sourceOf(tablesOf(batchOf({ name: "m", attributes: CALL })), "t"));
    await vi.waitUntil(() => writer.state().failedTries > 0);
    fails.resolve();
    await setImmediate();
    expect([writer.isStuck, writer.state().lastFailure]).toEqual([true, "Error (E1)"]);
    isFailing = false;
    await stored;
    expect([writer.isStuck, writer.state().lastFailure]).toEqual([false, undefined]);
  });

  test("leaves what is under way where it is when it stops", async () => {
    const writer = new BatchWriter({ client: engine.client, log: QUIET_LOG, backoffMs: 5 });
    const load = () => Promise.reject(new Error("no disk"));
    const source = sourceOf([], "stuck", { load });
    const ended = writer.push(source);
    await vi.waitUntil(() => writer.state().failedTries > 0);
    writer.stop();
    await ended;
    expect(source.ends).toEqual([]);
  });
});
