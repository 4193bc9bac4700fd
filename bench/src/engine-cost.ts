/**
 * What an INSERT costs the engine: our tables as they are, in variants, and the Collector's table.
 *
 * In: the command line. Out: a table, or JSON with `--json`. Side effects: an engine in a temporary
 * folder; a Collector fills its table once. CPU is counted until merges have settled.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DATABASE, readMigrations, SPANS } from "@spanledger/schema";
import { connect } from "../../receiver/src/clickhouse/client.ts";
import {
  type EmbeddedClickHouse,
  startEmbeddedClickHouse,
} from "../../receiver/src/clickhouse/embedded/supervisor.ts";
import { migrate } from "../../receiver/src/clickhouse/migrate.ts";
import { applyRetention } from "../../receiver/src/clickhouse/retention.ts";
import { buildCollector } from "../../test/collector/build.ts";
import { COLLECTOR_DATABASE, COLLECTOR_SPANS } from "./collector.ts";
import { ask, engineBatches, SPANS_PER_REQUEST, toNative } from "./engine-batches.ts";
import { changed, REQUESTS_PER_BATCH, VARIANTS, type Variant } from "./engine-variants.ts";
import { machine, machineLine } from "./machine.ts";
import { cpuSeconds } from "./process-usage.ts";
import { Stage } from "./stage.ts";
import { Store } from "./store.ts";
import { collectors } from "./subjects.ts";
import { median, short, table } from "./table.ts";

const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "3" },
    /** Requests of 512 spans per variant and round. */
    requests: { type: "string", default: "504" },
    /** Only variants whose name contains this; what ships is always there. */
    only: { type: "string", default: "" },
  },
});

/** Longest wait for merges, in milliseconds. */
const SETTLE_MAX_MS = 30_000;

/** The settings of the receiver's INSERTs that matter for their cost. */
const INSERT_SETTINGS = {
  max_insert_block_size: "4194304",
  min_insert_block_size_rows: "4194304",
  min_insert_block_size_bytes: "1073741824",
} as const;

/** One block of a result, however large. */
const WIDE_BLOCKS = {
  max_block_size: "1000000",
  preferred_block_size_bytes: "0",
  max_threads: "1",
};

/** As many as the Collector's batch processor collects in `collector.ts`. */
const COLLECTOR_BATCH_SPANS = 100_000;

const THEIRS = "the Collector's table, Native, 100,000 spans an INSERT";

/** CPU seconds of the engine per million spans, and what is left on the disk. */
interface Cost {
  readonly name: string;
  readonly insert: number;
  readonly withMerges: number;
  readonly diskBytesPerSpan: number;
}

const requests = Number(flags.requests);

process.exitCode = await main();

async function main(): Promise<number> {
  const on = machine();
  const dir = await mkdtemp(join(tmpdir(), "spanledger-bench-engines-"));
  const costs: Cost[] = [];
  const variants = VARIANTS.filter(({ name }, at) => at === 0 || name.includes(flags.only));
  try {
    const theirs = await onEngine(dir, collectorInserts);
    for (let round = 0; round < Number(flags.rounds); round += 1) {
      for (const variant of variants) {
        costs.push(await onEngine(dir, (engine) => costOf(engine, variant)));
      }
      if (theirs !== undefined) {
        costs.push(await onEngine(dir, (engine) => costOfTheirs(engine, theirs)));
      }
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  const rows = [...new Set(costs.map(({ name }) => name))].map((name) => {
    const of = costs.filter((cost) => cost.name === name);
    const middle = (key: "insert" | "withMerges" | "diskBytesPerSpan"): number =>
      median(of.map((cost) => cost[key]));
    return {
      "engine CPU-s per million spans": name,
      insert: short(middle("insert")),
      "with merges": short(middle("withMerges")),
      "bytes/span": short(middle("diskBytesPerSpan")),
    };
  });
  const text = flags.json
    ? JSON.stringify({ machine: on, costs }, null, 2)
    : `${machineLine(on)}\n${flags.rounds} rounds of ${requests} × ${SPANS_PER_REQUEST} spans\n\n${table(rows)}`;
  process.stdout.write(`${text}\n`);
  return 0;
}

/**
 * An engine for one measurement. Its files stay until the end of all: ext4 looks long for free inodes
 * while many were freed lately, and the next to make files would pay for it.
 */
async function onEngine<T>(
  parent: string,
  work: (engine: EmbeddedClickHouse) => Promise<T>,
): Promise<T> {
  const engine = await startEmbeddedClickHouse({ dataDir: await mkdtemp(join(parent, "engine-")) });
  try {
    return await work(engine);
  } finally {
    await engine.stop();
  }
}

/** Make the tables, insert, and wait for merges. */
async function costOf(engine: EmbeddedClickHouse, variant: Variant): Promise<Cost> {
  const target = { url: engine.url, username: "default", password: "" };
  await migrate(target, changed(readMigrations(), variant));
  await using client = connect(target);
  if (variant.movesRows !== false) await applyRetention(client);
  const made = [...engineBatches(requests, variant.requestsPerInsert ?? REQUESTS_PER_BATCH)];
  const format = variant.format ?? "Native";
  const batches = format === "Native" ? toNative(made) : made;
  return measure(
    engine,
    { name: variant.name, database: DATABASE, spans: SPANS.name },
    async () => {
      for (const batch of batches) {
        for (const { name, columns, bytes } of batch.tables) {
          const query = `INSERT INTO ${DATABASE}.${name} (${columns}) FORMAT ${format}`;
          const token = { insert_deduplication_token: batch.token };
          await ask(
            engine.url,
            query,
            { ...INSERT_SETTINGS, ...variant.settings, ...token },
            bytes,
          );
        }
      }
    },
  );
}

async function measure(
  engine: EmbeddedClickHouse,
  of: { name: string; database: string; spans: string },
  insert: () => Promise<void>,
): Promise<Cost> {
  const store = new Store({ url: engine.url, ...of });
  try {
    const cpu = (): number => cpuSeconds(engine.pid ?? 0);
    await store.settle(SETTLE_MAX_MS);
    const before = cpu();
    await insert();
    const inserted = cpu();
    const { diskBytes } = await store.settle(SETTLE_MAX_MS);
    const settled = cpu();
    const millions = (await store.count()) / 1e6;
    return {
      name: of.name,
      insert: (inserted - before) / millions,
      withMerges: (settled - before) / millions,
      diskBytesPerSpan: diskBytes / millions / 1e6,
    };
  } finally {
    await store.close();
  }
}

/** What a Collector did to an empty ClickHouse: statements that make its tables, and its inserts. */
interface CollectorInserts {
  readonly tables: readonly string[];
  readonly blocks: readonly Buffer[];
}

/** Let a real one fill its table; undefined when none can be built here. */
async function collectorInserts(engine: EmbeddedClickHouse): Promise<CollectorInserts | undefined> {
  const build = await buildCollector();
  if ("missing" in build) return undefined;
  const collector = collectors(build.collector).find(({ name }) => name === "Collector");
  if (collector === undefined) return undefined;
  const { database, spans } = collector;
  await using stage = await Stage.open(collector, {
    engine,
    transport: "http",
    spansPerRequest: SPANS_PER_REQUEST,
  });
  const result = await stage.load.run({ connections: 4, requestsMax: requests });
  await stage.store.holds(result.acknowledgedSpans, SETTLE_MAX_MS);
  const tables: string[] = [];
  for (const name of [spans, `${spans}_trace_id_ts`, `${spans}_trace_id_ts_mv`]) {
    const made = await ask(engine.url, `SHOW CREATE TABLE ${database}.${name} FORMAT TSVRaw`);
    tables.push(made.toString());
  }
  const blocks: Buffer[] = [];
  for (let from = 0; from < result.acknowledgedSpans; from += COLLECTOR_BATCH_SPANS) {
    const query =
      `SELECT * FROM ${database}.${spans} ORDER BY Timestamp, SpanId ` +
      `LIMIT ${COLLECTOR_BATCH_SPANS} OFFSET ${from} FORMAT Native`;
    blocks.push(await ask(engine.url, query, WIDE_BLOCKS));
  }
  return { tables, blocks };
}

async function costOfTheirs(
  engine: EmbeddedClickHouse,
  { tables, blocks }: CollectorInserts,
): Promise<Cost> {
  const place = { database: COLLECTOR_DATABASE, spans: COLLECTOR_SPANS };
  await ask(engine.url, `CREATE DATABASE ${COLLECTOR_DATABASE} ENGINE = Atomic`);
  for (const statement of tables) await ask(engine.url, statement);
  return measure(engine, { name: THEIRS, ...place }, async () => {
    for (const block of blocks) {
      const target = `${COLLECTOR_DATABASE}.${COLLECTOR_SPANS}`;
      await ask(engine.url, `INSERT INTO ${target} FORMAT Native`, {}, block);
    }
  });
}
