/**
 * Goal: the checker finds what it is there for; a checker that finds nothing proves nothing.
 * Method: a real load through a real receiver, found in order; then one thing after another is
 * spoilt in the database by SQL, and each must be told.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClickHouseClient } from "@clickhouse/client";
import { BATCH_TABLES, LEDGER, RUN_STATISTICS, TRACE_ID_TS } from "@spanledger/schema";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { connect } from "../../receiver/src/clickhouse/client.ts";
import {
  type EmbeddedClickHouse,
  startEmbeddedClickHouse,
} from "../../receiver/src/clickhouse/embedded/supervisor.ts";
import { check, type Expectation, type Findings, type ProblemCode } from "./check.ts";
import { allClients } from "./clients.ts";
import { Load } from "./load.ts";
import { seeded } from "./random.ts";
import { ReceiverProcess } from "./receiver-process.ts";
import { spanOf } from "./spans.ts";
import { waitingBatchesLeave } from "./spool-files.ts";

const SEED = 20_261_121;
const REQUESTS = 30;
const WAIT_MAX_MS = 60_000;

/** Everything that a test may spoil. */
const TABLES = [
  ...BATCH_TABLES.map(({ name }) => name),
  RUN_STATISTICS,
  TRACE_ID_TS,
  LEDGER.name,
] as const;

let dataDir: string;
let engine: EmbeddedClickHouse;
let client: ClickHouseClient;
let load: Load;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "spanledger-check-"));
  const random = seeded(SEED);
  const receiver = await ReceiverProcess.create({ dataDir });
  load = new Load({ random, clients: allClients(receiver.ports), giveUp: 0 });
  try {
    await receiver.start();
    load.start();
    await load.tally.further("acknowledged", REQUESTS, WAIT_MAX_MS);
    // Two batches at least, or there would be no chain to break.
    const first = load.tally.acknowledgedSpans;
    await receiver.stop();
    await receiver.start();
    await load.tally.further("acknowledged", REQUESTS, WAIT_MAX_MS);
    expect(load.tally.acknowledgedSpans).toBeGreaterThan(first);
    expect(await load.finish(WAIT_MAX_MS)).toBe(true);
    await waitingBatchesLeave(dataDir);
    expect(await receiver.stop()).toBe(0);
  } finally {
    await load.finish(0);
    await load.close();
    await receiver.kill();
  }
  engine = await startEmbeddedClickHouse({ dataDir });
  client = connect({ url: engine.url, username: "default", password: "" });
  for (const table of TABLES) await copy(table, `kept_${table}`);
}, 3 * WAIT_MAX_MS);

afterEach(async () => {
  for (const table of TABLES) await copy(`kept_${table}`, table);
});

afterAll(async () => {
  await client?.close();
  await engine?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** What the checker says; `changes` bends what it expects. */
function findings(changes: Partial<Expectation> = {}): Promise<Findings> {
  const { tally } = load;
  return check(client, {
    seed: SEED,
    spans: tally.spans,
    wasAcknowledged: (number) => tally.wasAcknowledged(number),
    ...changes,
  });
}

/** The text of each problem by its code. */
async function told(changes: Partial<Expectation> = {}): Promise<Map<ProblemCode, string>> {
  const { problems } = await findings(changes);
  return new Map(problems.map(({ code, text }) => [code, text]));
}

/** Copy parts as they are: an INSERT would pass the materialised views. */
async function copy(from: string, to: string): Promise<void> {
  await client.command({ query: `CREATE TABLE IF NOT EXISTS ${to} AS ${from}` });
  await client.command({ query: `TRUNCATE TABLE ${to}` });
  await client.command({ query: `ALTER TABLE ${to} ATTACH PARTITION ALL FROM ${from}` });
}

/** Spoil the database, and see what the checker says of it. */
async function spoil(query: string): Promise<Map<ProblemCode, string>> {
  await client.command({
    query,
    clickhouse_settings: { mutations_sync: "1", insert_deduplicate: 0 },
  });
  return told();
}

function codes(problems: ReadonlyMap<ProblemCode, string>): ProblemCode[] {
  return [...problems.keys()].toSorted();
}

/** Span number 7 is an approval: no other table holds anything of it. */
const SPAN = `SpanId = '${spanOf(SEED, 7, 0n).spanId}'`;

test("a load that went well has no problems, and all its spans", async () => {
  const found = await findings();
  expect(found).toEqual({
    acknowledged: load.tally.spans,
    stored: load.tally.spans,
    lost: 0,
    twice: 0,
    problems: [],
  });
  expect(found.stored).toBeGreaterThan(REQUESTS);
});

describe("the checker tells", () => {
  test("a lost span, by number", async () => {
    const problems = await spoil(`ALTER TABLE spans DELETE WHERE ${SPAN}`);
    expect(problems.get("SPAN_LOST")).toBe("1 acknowledged spans are not stored, numbers 7 to 7");
    expect(codes(problems)).toEqual([
      "LEDGER_WRONG",
      "PLACE_WRONG",
      "SPAN_LOST",
      "STATISTICS_WRONG",
    ]);
  });

  test("no loss of a span that was not acknowledged", async () => {
    await spoil(`ALTER TABLE spans DELETE WHERE ${SPAN}`);
    const wasAcknowledged = (number: number): boolean => number !== 7;
    expect(codes(await told({ wasAcknowledged }))).not.toContain("SPAN_LOST");
  });

  test("a doubled span, though every sum counts it twice as well", async () => {
    const problems = await spoil(`INSERT INTO spans SELECT * FROM spans WHERE ${SPAN}`);
    expect(problems.get("SPAN_TWICE")).toBe("1 spans are stored more than once, numbers 7 to 7");
    expect(codes(problems)).toEqual([
      "LEDGER_WRONG",
      "PLACE_WRONG",
      "SPAN_TWICE",
      "TRACE_TIMES_WRONG",
    ]);
  });

  test("a span that nobody sent", async () => {
    const spans = load.tally.spans - 1;
    expect(codes(await told({ spans }))).toEqual(["SPAN_FOREIGN"]);
  });

  test("a span with the attributes of another", async () => {
    const mark = `map('test.mark', 'g')`;
    const problems = await spoil(
      `ALTER TABLE spans UPDATE SpanAttributes = mapUpdate(SpanAttributes, ${mark}) WHERE ${SPAN}`,
    );
    expect(codes(problems)).toEqual(["LEDGER_WRONG", "SPAN_MIXED_UP"]);
  });

  test("a changed letter, by the root of its segment", async () => {
    const problems = await spoil(`ALTER TABLE spans UPDATE StatusMessage = 'x' WHERE ${SPAN}`);
    expect(codes(problems)).toEqual(["LEDGER_WRONG"]);
    expect(problems.get("LEDGER_WRONG")).toMatch(/^1 faults .*the rows have another root$/);
  });

  test("a sum that counted a run twice", async () => {
    const problems = await spoil(
      `INSERT INTO ${RUN_STATISTICS} SELECT * FROM ${RUN_STATISTICS} ORDER BY RunId LIMIT 1`,
    );
    expect(codes(problems)).toEqual(["STATISTICS_WRONG"]);
  });

  test("a trace with times that are not its spans'", async () => {
    const problems = await spoil(
      `ALTER TABLE ${TRACE_ID_TS} UPDATE End = End + 1
       WHERE TraceId = '${spanOf(SEED, 7, 0n).traceId}'`,
    );
    expect(codes(problems)).toEqual(["TRACE_TIMES_WRONG"]);
  });

  test.each(["payloads", "runs", "decisions", "errors"])(
    "a lost row of table %s",
    async (table) => {
      const problems = await spoil(
        `ALTER TABLE ${table} DELETE WHERE (BatchId, Row) IN
         (SELECT BatchId, Row FROM ${table} ORDER BY BatchId, Row LIMIT 1)`,
      );
      expect(codes(problems)).toEqual(["LEDGER_WRONG", "PLACE_WRONG", "ROWS_WRONG"]);
      expect(problems.get("ROWS_WRONG")).toContain(`in ${table}: `);
    },
  );

  test("rows that are not numbered from 0", async () => {
    const problems = await spoil("ALTER TABLE runs UPDATE Row = Row + 1 WHERE 1");
    expect(codes(problems)).toEqual(["LEDGER_WRONG", "PLACE_WRONG"]);
    expect(problems.get("PLACE_WRONG")).toContain("a row number missing");
  });

  test("a row number that two rows have", async () => {
    const problems = await spoil("ALTER TABLE spans UPDATE Row = 0 WHERE Row = 1");
    expect(problems.get("PLACE_WRONG")).toContain("a row number twice");
  });
});

describe("the checker tells of the ledger", () => {
  test("a hole", async () => {
    const problems = await spoil(`ALTER TABLE ${LEDGER.name} DELETE WHERE Sequence = 0`);
    expect(codes(problems)).toEqual(["LEDGER_WRONG"]);
    expect(problems.get("LEDGER_WRONG")).toContain("position 1 stands where 0 should");
  });

  test("a position that is there twice", async () => {
    const problems = await spoil(
      `INSERT INTO ${LEDGER.name} SELECT * FROM ${LEDGER.name} WHERE Sequence = 1`,
    );
    expect(codes(problems)).toEqual(["LEDGER_WRONG"]);
    expect(problems.get("LEDGER_WRONG")).toContain("position 1 stands where 2 should");
  });

  test("a header that does not name the one before", async () => {
    const problems = await spoil(
      `ALTER TABLE ${LEDGER.name} UPDATE PreviousHeader = repeat('0', 64) WHERE Sequence = 1`,
    );
    expect(problems.get("LEDGER_WRONG")).toBe(
      "1 faults in the ledger: position 1 does not name the header before it",
    );
  });

  test("a batch that it does not know", async () => {
    const problems = await spoil(
      `ALTER TABLE ${LEDGER.name} DELETE WHERE Sequence =
         (SELECT max(Sequence) FROM ${LEDGER.name})`,
    );
    expect(problems.get("LEDGER_WRONG")).toContain("the ledger does not know");
  });

  test("that there is none", async () => {
    const problems = await spoil(`DROP TABLE ${LEDGER.name}`);
    expect(codes(problems)).toEqual(["LEDGER_MISSING"]);
  });
});
