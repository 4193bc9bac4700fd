/**
 * Goal: rows arrive in ClickHouse byte by byte as they lie in the spool, though they are sent as Native.
 * Method: seeded rows of every table, which repeat, alternate and differ, are turned into blocks and
 * inserted into the shipped tables on the real engine; ClickHouse gives them back as RowBinary.
 */
import { BATCH_TABLES, LEDGER, type Table } from "@spanledger/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask } from "../../bench/src/engine-batches.ts";
import { testSeed } from "../../receiver/src/base/seed.test.helper.ts";
import { NativeBlockPool } from "../../receiver/src/store/native/pool.ts";
import { encodeRows } from "../../receiver/src/store/row-binary.ts";
import { startTestEngine, type TestEngine } from "../fixtures/engine.ts";
import { type Random, randomOf } from "../fuzz/random.ts";

let on: TestEngine;
beforeAll(async () => {
  on = await startTestEngine({ migrated: true });
});
afterAll(() => on?.stop());

const seed = testSeed();
const TABLES: readonly (readonly [string, Table])[] = [...BATCH_TABLES, LEDGER].map((table) => [
  table.name,
  table,
]);
const START_NS = BigInt(Date.now()) * 1_000_000n;
const LATER_S = Math.floor(Date.now() / 1_000) + 86_400 * 300;

const LETTERS = "ab\0é☂'".repeat(60);

type Row = Record<string, unknown>;

function text(random: Random): string {
  const size = random.pick([0, 1, 7, 8, 9, 40, 127, 128, 300]);
  const start = random.int(3);
  return LETTERS.slice(start, start + size);
}

function value(type: string, random: Random): unknown {
  const [, outer = "", inner = ""] = /^(Array|Map|Nullable)\((.*)\)$/.exec(type) ?? [];
  const count = random.pick([0, 0, 1, 2, 5, 70]);
  if (outer === "Array") return Array.from({ length: count }, () => value(inner, random));
  if (outer === "Nullable") return random.oneIn(2) ? null : random.int(1_000) / 8;
  if (outer === "Map") {
    const [, values = ""] = inner.split(", ");
    const keys = Array.from({ length: count }, (_, at) => `key ${at} ${random.int(3)}`);
    return new Map(keys.map((key) => [key, value(values, random)]));
  }
  if (type === "Bool") return random.oneIn(2);
  if (type === "DateTime") return LATER_S + random.int(1_000);
  if (type === "DateTime64(9)") return START_NS + BigInt(random.int(1_000_000));
  if (type === "UInt64") return BigInt(random.int(2 ** 31)) ** 2n;
  if (type === "UInt16") return random.int(65_536);
  return type === "UInt32" ? random.int(2 ** 32) : text(random);
}

/** Columns of a Nested have as many values as each other. */
function alike(row: Row, random: Random, table: Table): Row {
  for (const nested of ["Events", "Links"]) {
    const names = Object.keys(table.columns).filter((name) => name.startsWith(`${nested}.`));
    const count = random.pick([0, 0, 0, 1, 3]);
    for (const name of names) {
      const inner = /^Array\((.*)\)$/.exec(table.columns[name] ?? "")?.[1] ?? "";
      row[name] = Array.from({ length: count }, () => value(inner, random));
    }
  }
  return row;
}

/** Rows of which most values stood in the row before, or in the one before that. */
function rowsOf(table: Table, count: number, random: Random): Row[] {
  const rows: Row[] = [];
  for (let index = 0; index < count; index += 1) {
    const earlier = rows[index - random.pick([1, 1, 1, 2])];
    const fresh: Row = {};
    for (const [name, type] of Object.entries(table.columns)) fresh[name] = value(type, random);
    alike(fresh, random, table);
    const keeps = earlier !== undefined && !random.oneIn(8);
    const row: Row = keeps ? { ...earlier } : fresh;
    for (const name of Object.keys(table.columns)) {
      if (!name.includes(".") && random.oneIn(12)) row[name] = fresh[name];
    }
    // What orders the rows, and what would spread them over many partitions.
    if ("Row" in table.columns) row.Row = index;
    if ("Sequence" in table.columns) row.Sequence = BigInt(index);
    if ("RetentionClass" in table.columns) row.RetentionClass = "standard";
    rows.push(row);
  }
  return rows;
}

async function insert(table: Table, block: Uint8Array, token: string): Promise<void> {
  const query = `INSERT INTO spanledger.${table.name} (${names(table)}) FORMAT Native`;
  const settings = { insert_deduplication_token: token };
  await ask(on.engine.url, query, settings, Buffer.from(block));
}

const names = (table: Table): string =>
  Object.keys(table.columns)
    .map((name) => `\`${name}\``)
    .join(", ");

function stored(table: Table): Promise<Buffer> {
  const order = "Row" in table.columns ? "Row" : "Sequence";
  const from = `spanledger.${table.name} ORDER BY ${order}`;
  return ask(on.engine.url, `SELECT ${names(table)} FROM ${from} FORMAT RowBinary`);
}

const encoded = (table: Table, rows: readonly Row[]): Buffer =>
  Buffer.from(encodeRows(table, rows as never).bytes);

describe(`rows as a Native block (seed ${seed})`, () => {
  const pool = new NativeBlockPool();

  test.each(TABLES)(
    "of %s come back byte by byte, in a block that was used before",
    async (name, table) => {
      const random = randomOf(seed);
      const columns = Object.keys(table.columns);
      for (const round of [1, 2]) {
        await ask(on.engine.url, `TRUNCATE TABLE spanledger.${name}`);
        const rows = rowsOf(table, 600 / round, random);
        // As the spool has them: one piece for each request.
        const chunks = [rows.slice(0, 200), rows.slice(200, 201), rows.slice(201)].map((some) =>
          encoded(table, some),
        );
        const block = pool.take(name, columns);
        for (const chunk of chunks) block.add(chunk);
        await insert(table, Buffer.concat(block.pieces()), `${name} ${round}`);
        pool.give(name, columns, block);
        const [sent, back] = [Buffer.concat(chunks), await stored(table)];
        expect(back.length).toBe(sent.length);
        expect(back.equals(sent)).toBe(true);
      }
    },
  );

  test.each([
    ["256", 256],
    ["257", 257],
    ["65,536", 65_536],
    ["65,537", 65_537],
  ])("with %s different texts of a repeating column come back", async (_, different) => {
    const [payloads] = BATCH_TABLES.filter(({ name }) => name === "payloads");
    if (payloads === undefined) throw new Error("no table of payloads");
    const [row] = rowsOf(payloads, 1, randomOf(seed));
    const rows = Array.from({ length: different + 1 }, (__, index) => ({
      ...row,
      Content: "",
      Row: index,
      RunId: `run ${index % different}`,
    }));
    const sent = encoded(payloads, rows);
    const block = pool.take(payloads.name, Object.keys(payloads.columns));
    block.add(sent);
    await ask(on.engine.url, "TRUNCATE TABLE spanledger.payloads");
    await insert(payloads, Buffer.concat(block.pieces()), `different ${different}`);
    expect((await stored(payloads)).equals(sent)).toBe(true);
  });

  test("are refused where they end within a value, wherever that is", () => {
    const [, spans] = TABLES.find(([name]) => name === "spans") ?? [];
    if (spans === undefined) throw new Error("no table of spans");
    const [row = {}] = rowsOf(spans, 1, randomOf(seed));
    row.SpanAttributes = new Map([["key", "x".repeat(200)]]);
    const whole = encoded(spans, [row]);
    for (let size = 1; size < whole.length; size += 1) {
      const block = pool.take(spans.name, Object.keys(spans.columns));
      // A copy of that size: beyond it there is nothing to be read by mistake.
      expect(() => block.add(Uint8Array.from(whole.subarray(0, size)))).toThrow(RangeError);
      pool.give(spans.name, Object.keys(spans.columns), block);
    }
  });

  test("of unknown tables and columns are not sent", () => {
    expect(() => pool.take("passwords", ["Row"])).toThrow(RangeError);
    expect(() => pool.take("spans", ["Password"])).toThrow(RangeError);
  });
});
