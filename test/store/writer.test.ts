/**
 * Goal: what the store acknowledges is in ClickHouse exactly once, in every table and aggregate.
 * Method: the server is the truth: rows are read back by ClickHouse itself, never by our encoder.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createStore } from "../../receiver/src/store/writer.ts";
import { select, startTestEngine, type TestEngine } from "../fixtures/engine.ts";
import { batchOf } from "../fixtures/rows.ts";

let engine: TestEngine;

beforeAll(async () => {
  engine = await startTestEngine({ migrated: true });
});
afterAll(() => engine.stop());
beforeEach(async () => {
  for (const table of ["spans", "payloads", "runs", "decisions", "errors", "run_statistics"]) {
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
    await createStore(engine.client).write(rows, "types");
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
    await createStore(engine.client).write(
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
    const store = createStore(engine.client);
    for (let attempt = 0; attempt < 3; attempt += 1) await store.write(rows, "same");
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
    const store = createStore(engine.client);
    await store.write({ ...rows, payloads: [], runs: [], decisions: [], errors: [] }, "half");
    await store.write(rows, "half");
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
    const store = createStore(engine.client);
    await store.write(rows, "first");
    await store.write(rows, "second");
    expect(await select(engine.client, "SELECT count() AS n FROM spans")).toEqual([{ n: 2 }]);
  });

  test("takes spans of many days in one batch", async () => {
    const day = 86_400_000_000_000n;
    const spans = Array.from({ length: 150 }, (_, index) => ({
      name: "day",
      startNs: 1_700_000_000_000_000_000n + BigInt(index) * day,
    }));
    await createStore(engine.client).write(batchOf(...spans), "days");
    expect(await select(engine.client, "SELECT count() AS n FROM spans")).toEqual([{ n: 150 }]);
  });

  test("says that it may succeed later when a table is gone", async () => {
    await engine.client.command({ query: "RENAME TABLE errors TO errors_away" });
    try {
      const rows = batchOf({ name: "fails", more: { statusCode: "Error" } });
      await expect(createStore(engine.client).write(rows, "gone")).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
        retryable: true,
      });
    } finally {
      await engine.client.command({ query: "RENAME TABLE errors_away TO errors" });
    }
  });
});
