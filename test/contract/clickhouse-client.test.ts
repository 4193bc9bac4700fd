/**
 * Goal: `@clickhouse/client` finds in the embedded engine what it finds in a ClickHouse server.
 * Method: the real client against the real child process; the same tests run against the server
 * that SPANLEDGER_TEST_CLICKHOUSE_URL names.
 */
import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { type ClickHouseClient, ClickHouseError, createClient } from "@clickhouse/client";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { QUIET, startTestServer, type TestServer, until } from "./server.ts";

let server: TestServer;
let client: ClickHouseClient;
let table: string;

beforeAll(async () => {
  server = await startTestServer();
  client = server.client();
});

afterAll(async () => {
  await client?.close();
  await server?.stop();
});

beforeEach(() => {
  table = `t_${randomUUID().replaceAll("-", "")}`;
});

async function createTable(columns: string, settings = ""): Promise<void> {
  await client.command({
    query: `CREATE TABLE ${table} (${columns}) ENGINE = MergeTree ORDER BY tuple() ${settings}`,
  });
}

async function select<Row>(query: string, query_params?: Record<string, unknown>): Promise<Row[]> {
  const result = await client.query({
    query,
    format: "JSONEachRow",
    ...(query_params === undefined ? {} : { query_params }),
  });
  return result.json<Row>();
}

async function codeOf(promise: Promise<unknown>): Promise<{ code: string; type: string }> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ClickHouseError);
  const { code, type } = error as ClickHouseError;
  return { code, type: type ?? "" };
}

describe("queries", () => {
  test("ping succeeds, with and without a query", async () => {
    expect(await client.ping()).toEqual({ success: true });
    expect(await client.ping({ select: true })).toEqual({ success: true });
  });

  test("JSON brings names, types, rows and statistics", async () => {
    const result = await client.query({ query: "SELECT 1 AS one, 'ü' AS text", format: "JSON" });
    const { meta, data, rows, statistics } = await result.json<{ one: number; text: string }>();
    expect(meta).toEqual([
      { name: "one", type: "UInt8" },
      { name: "text", type: "String" },
    ]);
    expect(data).toEqual([{ one: 1, text: "ü" }]);
    expect(rows).toBe(1);
    expect(statistics?.rows_read).toBe(1);
  });

  test("a stream of JSONEachRow brings every row once and in order", async () => {
    const result = await client.query({
      query: "SELECT number FROM system.numbers LIMIT 100000",
      format: "JSONEachRow",
      clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
    });
    let next = 0;
    for await (const rows of result.stream<{ number: number }>()) {
      for (const row of rows) {
        expect(row.json().number).toBe(next);
        next += 1;
      }
    }
    expect(next).toBe(100_000);
  });

  test("CSVWithNames comes as text", async () => {
    const query = "SELECT 1 AS a, 'x,\"y\"' AS b";
    const result = await client.query({ query, format: "CSVWithNames" });
    expect(await result.text()).toBe('"a","b"\n1,"x,""y"""\n');
  });

  test("a statement keeps its own FORMAT when exec sends it", async () => {
    const { stream } = await client.exec({ query: "SELECT 1, 2 FORMAT RowBinary" });
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks)).toEqual(Buffer.from([1, 2]));
  });

  test("the query id is the one that was given", async () => {
    const query_id = randomUUID();
    const result = await client.query({ query: "SELECT 1", query_id });
    expect(result.query_id).toBe(query_id);
    await result.text();
  });

  test("a compressed answer is the same", async () => {
    const compressed = createClient({
      url: server.url,
      username: server.username,
      password: server.password,
      log: QUIET,
      compression: { response: true, request: true },
    });
    const query = "SELECT groupArray(number) AS all FROM numbers(10000)";
    const result = await compressed.query({ query, format: "JSONEachRow" });
    expect(result.response_headers["content-encoding"]).toBe("gzip");
    const [row] = await result.json<{ all: unknown[] }>();
    expect(row?.all).toHaveLength(10_000);
    await compressed.close();
  });
});

describe("inserts", () => {
  test("an array of objects is inserted and counted", async () => {
    await createTable("id UInt32, name String, tags Array(String), attrs Map(String, String)");
    const values = [
      { id: 1, name: "a\t\n'\\", tags: ["x"], attrs: { k: "v" } },
      { id: 2, name: "ü", tags: [], attrs: {} },
    ];
    const { summary, executed } = await client.insert({ table, values, format: "JSONEachRow" });
    expect(executed).toBe(true);
    expect(summary?.written_rows).toBe("2");
    expect(await select(`SELECT * FROM ${table} ORDER BY id`)).toEqual(values);
  });

  test("a stream of objects is inserted", async () => {
    await createTable("id UInt32");
    const values = Readable.from(
      (function* rows() {
        for (let id = 0; id < 50_000; id += 1) yield { id };
      })(),
    );
    await client.insert({ table, values, format: "JSONEachRow" });
    const [row] = await select(`SELECT count() AS rows, sum(id) AS sum FROM ${table}`);
    expect(row).toEqual({ rows: 50_000, sum: 1_249_975_000 });
  });

  test("CSV with a list of columns fills the others with their defaults", async () => {
    await createTable("id UInt32, name String DEFAULT 'none', at DateTime64(9, 'UTC')");
    const values = Readable.from(["2026-02-03 04:05:06.123456789,7\n"], { objectMode: false });
    await client.insert({ table, values, columns: ["at", "id"], format: "CSV" });
    expect(await select(`SELECT * FROM ${table}`)).toEqual([
      { id: 7, name: "none", at: "2026-02-03 04:05:06.123456789" },
    ]);
  });

  test("exec takes RowBinary from a stream", async () => {
    await createTable("id UInt32, name String");
    const row = Buffer.from([0x2a, 0, 0, 0, 3, 0x61, 0x0a, 0x62]);
    const { stream, summary } = await client.exec({
      query: `INSERT INTO ${table} (id, name) FORMAT RowBinary`,
      values: Readable.from([row.subarray(0, 2), row.subarray(2)], { objectMode: false }),
    });
    stream.destroy();
    expect(summary?.written_rows).toBe("1");
    expect(await select(`SELECT * FROM ${table}`)).toEqual([{ id: 42, name: "a\nb" }]);
  });

  test("rows that left as Native come back as Native, compressed too", async () => {
    await createTable("id UInt64, tags Array(LowCardinality(String)), note Nullable(String)");
    const source = "SELECT number AS id, ['a', toString(number)] AS tags, NULL AS note";
    const { stream } = await client.exec({
      query: `${source} FROM numbers(1000) FORMAT Native`,
    });
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    const packing = createClient({
      url: server.url,
      username: server.username,
      password: server.password,
      log: QUIET,
      database: server.database,
      compression: { request: true },
    });
    const sent = await packing.exec({
      query: `INSERT INTO ${table} FORMAT Native`,
      values: Readable.from(chunks, { objectMode: false }),
    });
    sent.stream.destroy();
    await packing.close();
    const query = `SELECT count() AS rows, uniqExact(tags) AS tags FROM ${table}`;
    expect(await select(query)).toEqual([{ rows: 1000, tags: 1000 }]);
  });

  test("inserts under one token are stored once, also with other settings beside it", async () => {
    await createTable("id UInt32", "SETTINGS non_replicated_deduplication_window = 10");
    const insert = (id: number, token: string): Promise<unknown> =>
      client.insert({
        table,
        values: [{ id }],
        format: "JSONEachRow",
        clickhouse_settings: { insert_deduplication_token: token },
      });
    await insert(1, "first");
    await insert(1, "first");
    await insert(2, "second");
    expect(await select(`SELECT id FROM ${table} ORDER BY id`)).toEqual([{ id: 1 }, { id: 2 }]);
  });

  test("VALUES in the statement may hold expressions and parameters", async () => {
    await createTable("id UInt32, name String");
    await client.command({
      query: `INSERT INTO ${table} (id, name) VALUES ({id: UInt32}, upper('x')), (2 + 3, 'y')`,
      query_params: { id: 9 },
    });
    const rows = await select(`SELECT * FROM ${table} ORDER BY id`);
    expect(rows).toEqual([
      { id: 5, name: "y" },
      { id: 9, name: "X" },
    ]);
  });

  test("INSERT … SELECT counts its rows", async () => {
    await createTable("id UInt32");
    const query = `INSERT INTO ${table} SELECT number FROM numbers(7)`;
    const { summary } = await client.command({ query });
    expect(summary?.written_rows).toBe("7");
  });
});

describe("parameters", () => {
  test("values of every kind arrive as they were", async () => {
    const [row] = await select(
      `SELECT {text: String} AS text, {number: Int64} AS number, {list: Array(String)} AS list,
        {map: Map(String, UInt8)} AS map, {nothing: Nullable(String)} AS nothing,
        {at: DateTime64(3, 'UTC')} AS at, {name: Identifier} AS named, {flag: Bool} AS flag
        FROM (SELECT 5 AS five)`,
      {
        text: "it's \\ \t \n ü {x: String} -- ;",
        number: -7,
        list: ["a'b", "c\\d", ""],
        map: new Map([["k", 3]]),
        nothing: null,
        at: new Date("2026-02-03T04:05:06.789Z"),
        name: "five",
        flag: true,
      },
    );
    expect(row).toEqual({
      text: "it's \\ \t \n ü {x: String} -- ;",
      number: -7,
      list: ["a'b", "c\\d", ""],
      map: { k: 3 },
      nothing: null,
      at: "2026-02-03 04:05:06.789",
      named: 5,
      flag: true,
    });
  });

  test("queries at the same time see their own parameters and settings", async () => {
    const asked = Array.from({ length: 60 }, (_, index) => index);
    const seen = await Promise.all(
      asked.map(async (index) => {
        const result = await client.query({
          query: "SELECT {v: UInt32} AS v, getSetting('max_block_size') AS size, sleep(0.01)",
          query_params: { v: index },
          clickhouse_settings: { max_block_size: String(1000 + index) },
          format: "JSONEachRow",
        });
        const [row] = await result.json<{ v: number; size: number | string }>();
        return [row?.v, Number(row?.size)];
      }),
    );
    expect(seen).toEqual(asked.map((index) => [index, 1000 + index]));
  });

  test("nothing of a query is left for the next one", async () => {
    const settings = { max_threads: 1, log_comment: "x" };
    await client.command({ query: "SELECT {p: String}", query_params: { p: "x" } });
    await client.command({ query: "SELECT 1", clickhouse_settings: settings });
    await client.command({ query: "SET max_block_size = 17" });
    await client.command({ query: "USE system" });
    expect(await codeOf(client.query({ query: "SELECT {p: String}" }))).toMatchObject({
      code: "456",
    });
    const [row] = await select<{ size: string; current: string }>(
      "SELECT toString(getSetting('max_block_size')) AS size, currentDatabase() AS current",
    );
    expect(row?.size).not.toBe("17");
    expect(row?.current).toBe(server.database);
  });
});

describe("errors", () => {
  test("they carry ClickHouse's codes and names", async () => {
    expect(await codeOf(client.query({ query: "SELECT * FROM nope" }))).toEqual({
      code: "60",
      type: "UNKNOWN_TABLE",
    });
    expect(await codeOf(client.query({ query: "SELECT nope()" }))).toEqual({
      code: "46",
      type: "UNKNOWN_FUNCTION",
    });
    expect(await codeOf(client.query({ query: "SELEC 1" }))).toEqual({
      code: "62",
      type: "SYNTAX_ERROR",
    });
    const clickhouse_settings = { no_such_setting: 1 } as Record<string, number>;
    expect(await codeOf(client.query({ query: "SELECT 1", clickhouse_settings }))).toEqual({
      code: "115",
      type: "UNKNOWN_SETTING",
    });
  });

  test("rows that do not fit are refused, and none of them is stored", async () => {
    await createTable("id UInt32");
    const values = Readable.from(["1\n2\nthree\n"], { objectMode: false });
    const { code } = await codeOf(client.insert({ table, values, format: "CSV" }));
    expect(["6", "27", "72", "117"]).toContain(code);
    expect(await select(`SELECT count() AS rows FROM ${table}`)).toEqual([{ rows: 0 }]);
  });

  test("a wrong password is error 516", async () => {
    const stranger = createClient({
      url: server.url,
      username: "nobody",
      password: "wrong",
      log: QUIET,
    });
    expect(await codeOf(stranger.query({ query: "SELECT 1" }))).toEqual({
      code: "516",
      type: "AUTHENTICATION_FAILED",
    });
    await stranger.close();
  });

  test("a query that takes longer than it may is error 159", async () => {
    const query = client.query({
      query: "SELECT sleepEachRow(0.5) FROM numbers(20)",
      clickhouse_settings: { max_execution_time: 1, max_block_size: "1" },
    });
    expect(await codeOf(query)).toEqual({ code: "159", type: "TIMEOUT_EXCEEDED" });
  });

  test("two statements at once are refused and neither runs", async () => {
    await createTable("id UInt32");
    const query = `SELECT 1; DROP TABLE ${table}`;
    expect(await codeOf(client.query({ query, format: "JSON" }))).toMatchObject({ code: "62" });
    expect(await select(`EXISTS ${table}`)).toEqual([{ result: 1 }]);
  });

  test("an aborted query rejects and stops in the engine", async () => {
    const mark = randomUUID();
    const controller = new AbortController();
    const running = `SELECT count() AS n FROM system.processes WHERE query LIKE '%${mark}%'
      AND query NOT LIKE '%system.processes%'`;
    const rejected = client
      .query({
        query: `SELECT '${mark}', count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1`,
        abort_signal: controller.signal,
        clickhouse_settings: { cancel_http_readonly_queries_on_client_close: 1 },
      })
      .then(
        () => "answered",
        () => "rejected",
      );
    const count = async (): Promise<number> =>
      Number((await select<{ n: number | string }>(running))[0]?.n);
    await until("the query runs", async () => (await count()) === 1);
    controller.abort();
    expect(await rejected).toBe("rejected");
    await until("the query is gone", async () => (await count()) === 0);
  });
});

test("a session keeps its settings and temporary tables, and only its own", async () => {
  const session = createClient({
    url: server.url,
    username: server.username,
    password: server.password,
    log: QUIET,
    session_id: randomUUID(),
  });
  await session.command({ query: "CREATE TEMPORARY TABLE kept (id UInt8)" });
  await session.insert({ table: "kept", values: [{ id: 3 }], format: "JSONEachRow" });
  await session.command({ query: "SET max_block_size = 77" });
  const one = await session.query({
    query: "SELECT getSetting('max_block_size') AS size",
    clickhouse_settings: { max_block_size: "88" },
    format: "JSONEachRow",
  });
  expect(await one.json()).toEqual([{ size: 88 }]);
  const two = await session.query({
    query: "SELECT id, getSetting('max_block_size') AS size FROM kept",
    format: "JSONEachRow",
  });
  expect(await two.json()).toEqual([{ id: 3, size: 77 }]);
  expect(await codeOf(client.query({ query: "SELECT * FROM kept" }))).toMatchObject({ code: "60" });
  await session.close();
});
