/**
 * Goal: however often a batch is replayed, every row is stored once, every aggregate equals a recount,
 * and the ledger has no hole.
 * Method: the real pipeline on the real engine. A crash is a copy of the spool folder as it was at
 * that moment, from which another pipeline starts: a batch inserted and not yet removed, or half way.
 */
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_RETENTION_CLASS } from "@spanledger/schema";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { connect } from "../../receiver/src/clickhouse/client.ts";
import { createEncoding } from "../../receiver/src/encode-request.ts";
import type { ExportRequest } from "../../receiver/src/otlp/types.ts";
import { type Pipeline, startPipeline } from "../../receiver/src/pipeline.ts";
import { createRedactor } from "../../receiver/src/redact/index.ts";
import { LocalRecorder } from "../../receiver/src/spool/recorder.ts";
import { QUIET_LOG } from "../fixtures/batches.ts";
import { select, startTestEngine, type TestEngine } from "../fixtures/engine.ts";

const redactor = createRedactor({ key: new Uint8Array(32).fill(7) });
const FLUSH_MS = 30_000;

let engine: TestEngine;
let dir: string;

beforeAll(async () => {
  engine = await startTestEngine({ migrated: true });
});
afterAll(() => engine.stop());
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "spanledger-restart-"));
  for (const table of [...TABLES, "ledger", "run_statistics", "otel_traces_trace_id_ts"]) {
    await engine.client.command({ query: `TRUNCATE TABLE ${table}` });
  }
  return () => rm(dir, { recursive: true, force: true });
});

const TABLES = ["spans", "payloads", "runs", "decisions", "errors"];

/** A client of which every call fails: ClickHouse is down. */
const DOWN = connect({ url: "http://127.0.0.1:1", username: "default", password: "" });

function start(spoolDir: string, client = engine.client): Promise<Pipeline> {
  return startPipeline({
    spoolDir,
    spoolMaxBytes: 1e9,
    client,
    recorder: new LocalRecorder(createEncoding(redactor)),
    digestKey: new Uint8Array(32).fill(7),
    workspaceId: "default",
    retentionClass: DEFAULT_RETENTION_CLASS,
    policyDigest: "00".repeat(32),
    now: Date.now,
    log: QUIET_LOG,
    limits: { rows: 40 },
  });
}

/** A run of five spans, one of them failed, one with content. */
function request(run: number): ExportRequest {
  // From one: a trace id of zeros is none.
  const id = (run + 1).toString(16).padStart(4, "0");
  const start = 1_795_219_200_000_000_000n + BigInt(run) * 1_000_000_000n;
  const spans = ["invoke_workflow w", "chat m", "chat m", "run_step s", "evaluate_branch b"].map(
    (name, index) => ({
      traceId: id.repeat(8),
      spanId: `${id}${index}`.padEnd(16, "a"),
      name,
      startTimeUnixNano: `${start}`,
      endTimeUnixNano: `${start + 1_000n}`,
      status: index === 3 ? { code: 2 } : {},
      attributes: [
        { key: "workflow.run.id", value: { stringValue: `run-${id}` } },
        ...(index === 0
          ? [{ key: "gen_ai.operation.name", value: { stringValue: "invoke_workflow" } }]
          : []),
        ...(index === 1 || index === 2
          ? [
              { key: "gen_ai.operation.name", value: { stringValue: "chat" } },
              { key: "gen_ai.usage.input_tokens", value: { intValue: "7" } },
              { key: "gen_ai.input.messages", value: { stringValue: `question ${id}` } },
            ]
          : []),
      ],
    }),
  );
  const body = Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }));
  return {
    body,
    signal: "traces",
    transport: "http",
    format: "json",
    sizeBytes: body.length,
    freeBody: () => undefined,
  };
}

async function sendRuns(pipeline: Pipeline, from: number, to: number): Promise<void> {
  const runs = Array.from({ length: to - from }, (_, index) => request(from + index));
  await Promise.all(runs.map((one) => pipeline.handler(one)));
}

/** Every run once, every place in a batch once, every aggregate as a recount says, no hole. */
async function expectRuns(count: number): Promise<void> {
  const [facts] = await select<Record<string, unknown>>(
    engine.client,
    `SELECT (SELECT count() FROM spans) AS spans, (SELECT uniqExact(BatchId, Row) FROM spans) AS places,
       (SELECT count() FROM payloads) AS payloads, (SELECT count() FROM runs) AS runs,
       (SELECT count() FROM errors) AS errors, (SELECT sum(Spans) FROM run_statistics) AS counted,
       (SELECT sum(InputTokens) FROM run_statistics) AS tokens,
       (SELECT uniqExact(RunId) FROM run_statistics) AS countedRuns,
       (SELECT uniqExact(TraceId) FROM otel_traces_trace_id_ts) AS traces,
       (SELECT count() = uniqExact(BatchId) FROM ledger) AS entriesOnce,
       (SELECT count() = max(Sequence) + 1 AND min(Sequence) = 0 FROM ledger) AS noHole,
       (SELECT sum(Rows) FROM ledger) AS sealed`,
  );
  const rows = { spans: 5 * count, payloads: 2 * count, runs: count, errors: count };
  const decisions = await select<{ n: number }>(
    engine.client,
    "SELECT count() AS n FROM decisions",
  );
  const inAll = 9 * count + Number(decisions[0]?.n);
  expect(facts).toEqual({
    ...rows,
    places: 5 * count,
    counted: 5 * count,
    tokens: 14 * count,
    countedRuns: count,
    traces: count,
    entriesOnce: 1,
    noHole: 1,
    sealed: inAll,
  });
}

const batchFiles = async (spoolDir: string): Promise<string[]> =>
  (await readdir(spoolDir)).filter((name) => name.endsWith(".batch"));

describe("a batch", () => {
  test("that was stored, but not yet removed, is forgotten at the next start", async () => {
    const spool = join(dir, "a");
    const down = await start(spool, DOWN);
    await sendRuns(down, 0, 30);
    await down.flush(0);
    const copies = await Promise.all(
      [1, 2, 3].map(async (copy) => {
        const path = join(dir, `copy-${copy}`);
        await cp(spool, path, { recursive: true });
        return path;
      }),
    );
    await down.stop(0);
    expect((await batchFiles(spool)).length).toBeGreaterThan(2);
    for (const path of [spool, ...copies]) {
      const pipeline = await start(path);
      expect(await pipeline.flush(FLUSH_MS)).toBe(true);
      await pipeline.stop(FLUSH_MS);
      expect(await batchFiles(path)).toEqual([]);
      await expectRuns(30);
    }
  });

  test("of which some tables are stored and others not is completed", async () => {
    for (const lost of ["ledger", "runs, ledger", "payloads, ledger", "errors, runs, ledger"]) {
      const spool = join(dir, lost.replaceAll(/\W+/g, "-"));
      const down = await start(spool, DOWN);
      await sendRuns(down, 0, 5);
      await down.stop(0);
      await cp(spool, `${spool}-copy`, { recursive: true });
      const first = await start(spool);
      await first.stop(FLUSH_MS);
      for (const table of lost.split(", ")) {
        // Its rows and its memory of tokens go: as if that insert had never been.
        await engine.client.command({ query: `TRUNCATE TABLE ${table}` });
      }
      const second = await start(`${spool}-copy`);
      await second.stop(FLUSH_MS);
      await expectRuns(5);
      for (const table of [...TABLES, "ledger", "run_statistics", "otel_traces_trace_id_ts"]) {
        await engine.client.command({ query: `TRUNCATE TABLE ${table}` });
      }
    }
  });

  test("sent again after the restart is known", async () => {
    const spool = join(dir, "a");
    const down = await start(spool, DOWN);
    await sendRuns(down, 0, 10);
    await down.stop(0);
    const pipeline = await start(spool);
    await sendRuns(pipeline, 0, 12);
    await pipeline.stop(FLUSH_MS);
    const again = await start(spool);
    await sendRuns(again, 0, 12);
    await again.stop(FLUSH_MS);
    await expectRuns(12);
  });

  test("keeps its leaf: ClickHouse itself computes the root that the ledger has", async () => {
    const pipeline = await start(join(dir, "a"));
    await pipeline.handler(request(1));
    await pipeline.stop(FLUSH_MS);
    const [entry] = await select<{ hash: number; root: string; leaf: string }>(
      engine.client,
      `SELECT lower(hex(SHA256(concat(char(0), unhex(Header))))) = HeaderHash AS hash,
         JSONExtractString(Segments, 3, 'root') AS root,
         (SELECT lower(hex(SHA256(concat(char(0), formatRow('RowBinary', *))))) FROM runs) AS leaf
       FROM ledger`,
    );
    expect(entry?.hash).toBe(1);
    expect(entry?.leaf).toBe(entry?.root);
  });
});
