/**
 * Goal: the facts of ClickHouse's HTTP interface that clients rely on and no client library shows.
 * Method: exact bytes over `node:http` and `node:net`, against the embedded engine and its limits.
 */
import { randomUUID } from "node:crypto";
import { readdir } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type HttpQuery,
  type HttpReply,
  http,
  startTestServer,
  type TestServer,
  until,
} from "./server.ts";

const PASSWORD = "pass:word ü";
const AS_DEFAULT = { "X-ClickHouse-User": "default", "X-ClickHouse-Key": encodeHeader(PASSWORD) };
const INSERT_MAX_BYTES = 1_000_000;
const RESULT_MAX_BYTES = 2_000_000;

let server: TestServer;
let table: string;

/** A header's value as the UTF-8 bytes that a server reads. */
function encodeHeader(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

beforeAll(async () => {
  server = await startTestServer({
    password: PASSWORD,
    insertBodyMaxBytes: INSERT_MAX_BYTES,
    resultMaxBytes: RESULT_MAX_BYTES,
    queriesMax: 4,
  });
  table = `${server.database}.rows`;
  const sql = `CREATE TABLE ${table} (id UInt32, name String) ENGINE = MergeTree ORDER BY id`;
  expect((await send(sql)).text).toBe("");
});

afterAll(async () => {
  await server?.stop();
});

function send(body: string | Uint8Array, query: HttpQuery = {}): Promise<HttpReply> {
  return http(server.url, { ...query, body, headers: { ...AS_DEFAULT, ...query.headers } });
}

async function rowCount(): Promise<number> {
  return Number((await send(`SELECT count() FROM ${table}`)).text);
}

async function spoolIsEmpty(): Promise<boolean> {
  const files = await readdir(join(server.dataDir ?? "", "clickhouse", "spool"));
  return files.length === 0;
}

describe("paths", () => {
  test.each(["/ping", "/replicas_status"])("%s answers Ok without credentials", async (path) => {
    const reply = await http(server.url, { method: "GET", path });
    expect([reply.status, reply.text]).toEqual([200, "Ok.\n"]);
    const head = await http(server.url, { method: "HEAD", path });
    expect([head.status, head.text, head.headers.connection]).toEqual([200, "", "keep-alive"]);
  });

  test("an unknown path is 404, an unknown method 501", async () => {
    expect((await http(server.url, { method: "GET", path: "/nope" })).status).toBe(404);
    expect((await http(server.url, { method: "DELETE" })).status).toBe(501);
  });

  test("GET without a query answers Ok, GET with one may read and not write", async () => {
    const get = (query?: string): Promise<HttpReply> =>
      http(server.url, {
        method: "GET",
        headers: AS_DEFAULT,
        ...(query === undefined ? {} : { parameters: { query } }),
      });
    expect((await get()).text).toBe("Ok.\n");
    expect((await get("SELECT 1")).text).toBe("1\n");
    const refused = await get(`DROP TABLE ${table}`);
    expect(refused.headers["x-clickhouse-exception-code"]).toBe("164");
    expect((await get(`INSERT INTO ${table} VALUES (1, 'x')`)).text).toContain("READONLY");
  });
});

describe("answers", () => {
  test("headers say which query, format, zone and how much", async () => {
    const query_id = randomUUID();
    const parameters = { query_id, default_format: "JSONEachRow" };
    const { headers, text } = await send("SELECT 1 AS a", { parameters });
    expect(text).toBe('{"a":1}\n');
    expect(headers).toMatchObject({
      "x-clickhouse-query-id": query_id,
      "x-clickhouse-format": "JSONEachRow",
      "x-clickhouse-timezone": "UTC",
      "x-clickhouse-server-display-name": "spanledger",
      "content-type": "application/x-ndjson; charset=UTF-8",
    });
    expect(JSON.parse(String(headers["x-clickhouse-summary"]))).toMatchObject({
      read_rows: "1",
      result_rows: "1",
      written_rows: "0",
    });
  });

  test("the statement's FORMAT goes before default_format", async () => {
    const parameters = { default_format: "JSON" };
    const reply = await send("SELECT 1 FORMAT CSV", { parameters });
    expect([reply.text, reply.headers["x-clickhouse-format"]]).toEqual(["1\n", "CSV"]);
  });

  test("a query may be split over URL and body", async () => {
    const reply = await send(" + 1, currentDatabase()", {
      parameters: { query: "SELECT 41", database: server.database },
    });
    expect(reply.text).toBe(`42\t${server.database}\n`);
  });

  test("gzip is sent when it is accepted and enabled, and only then", async () => {
    const headers = { "Accept-Encoding": "gzip, deflate" };
    const plain = await send("SELECT 1", { headers });
    expect([plain.headers["content-encoding"], plain.text]).toEqual([undefined, "1\n"]);
    const parameters = { enable_http_compression: "1" };
    const packed = await send("SELECT 1", { headers, parameters });
    expect(packed.headers["content-encoding"]).toBe("gzip");
    expect(gunzipSync(packed.body).toString()).toBe("1\n");
  });

  test.each([
    ["SELECT * FROM nope", 404, 60],
    ["SELECT 1 FROM nope.nope", 404, 81],
    ["SELECT nope", 404, 47],
    ["SELECT 1 +", 400, 62],
    ["", 400, 62],
    ["SELECT toUInt8('x')", 400, 6],
    ["SELECT throwIf(1)", 500, 395],
    ["SELECT 1; SELECT 2", 400, 62],
    ["SELECT 1 FORMAT Nope", 404, 73],
  ])("%j is status %d with code %d", async (sql, status, code) => {
    const reply = await send(sql);
    expect(reply.status).toBe(status);
    expect(reply.headers["x-clickhouse-exception-code"]).toBe(String(code));
    expect(reply.text).toMatch(new RegExp(`^Code: ${code}\\. DB::Exception: [^]*\\([A-Z_]+\\) `));
    expect(reply.text).toMatch(/ \(version 26\.7\.2\.1\)\n$/);
  });

  test.each(["compress", "decompress"])("%s=1 is refused and the fix is named", async (name) => {
    const reply = await send("SELECT 1", { parameters: { [name]: "1" } });
    expect([reply.status, reply.text]).toEqual([501, expect.stringContaining("gzip or none")]);
  });
});

describe("bodies", () => {
  const insertInto = (): string => `INSERT INTO ${table} FORMAT TSV`;

  test.each<[string, (bytes: Buffer) => Uint8Array]>([
    ["gzip", gzipSync],
    ["zstd", zstdCompressSync],
  ])("%s bodies are unpacked, with the statement in front of its rows", async (name, pack) => {
    const before = await rowCount();
    const bytes = Buffer.from(`${insertInto()}\n1\ta\n2\tb\n`);
    const headers = { "Content-Encoding": name };
    expect((await send(pack(bytes), { headers })).status).toBe(200);
    expect(await rowCount()).toBe(before + 2);
  });

  test("rows that begin with blanks are kept as they are", async () => {
    const sql = `INSERT INTO ${table} FORMAT RowBinary`;
    const rows = Buffer.from([0x20, 0x0a, 0x0d, 0x20, 1, 0x41]);
    expect((await send(rows, { parameters: { query: sql } })).status).toBe(200);
    const found = await send(`SELECT name FROM ${table} WHERE id = ${0x200d0a20}`);
    expect(found.text).toBe("A\n");
  });

  test("a gzip body that is cut off stores nothing", async () => {
    const before = await rowCount();
    const rows = "7\tcut\n".repeat(1000);
    const whole = gzipSync(rows);
    const reply = await send(whole.subarray(0, whole.length - 9), {
      headers: { "Content-Encoding": "gzip" },
      parameters: { query: insertInto() },
    });
    expect(reply.headers["x-clickhouse-exception-code"]).toBe("354");
    expect(await rowCount()).toBe(before);
    await until("the spool is empty", spoolIsEmpty);
  });

  // More than the largest statement, so that rows are on disk already when the client goes.
  const rows = "8\tshort\n".repeat(50_000);

  test.each<[string, string, string]>([
    ["a Content-Length that is not reached", "Content-Length: 900000", rows],
    [
      "chunks without an end",
      "Transfer-Encoding: chunked",
      `${rows.length.toString(16)}\r\n${rows}\r\n`,
    ],
  ])("%s stores nothing", async (_name, header, sent) => {
    const before = await rowCount();
    const { hostname, port } = new URL(server.url);
    const query = encodeURIComponent(insertInto());
    const key = encodeURIComponent(PASSWORD);
    const socket = connect(Number(port), hostname);
    socket.write(`POST /?query=${query}&password=${key} HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n`);
    socket.write(sent);
    await until("rows are being spooled", async () => !(await spoolIsEmpty()));
    socket.destroy();
    await until("the spool is empty", spoolIsEmpty);
    expect(await rowCount()).toBe(before);
  });

  test("a body above the limit is 413 and stores nothing, one at the limit is stored", async () => {
    const before = await rowCount();
    const row = (bytes: number): Buffer =>
      Buffer.concat([Buffer.from("9\t"), Buffer.alloc(bytes - 3, "x"), Buffer.from("\n")]);
    const parameters = { query: insertInto() };
    const above = await send(row(INSERT_MAX_BYTES + 1), { parameters });
    expect(above.status).toBe(413);
    expect(await rowCount()).toBe(before);
    expect((await send(row(INSERT_MAX_BYTES), { parameters })).status).toBe(200);
    expect(await rowCount()).toBe(before + 1);
    await until("the spool is empty", spoolIsEmpty);
  });
});

describe("limits", () => {
  test("a result above the limit is error 396, and no setting raises it", async () => {
    const sql = `SELECT number FROM numbers(${RESULT_MAX_BYTES / 8 + 1000})`;
    expect((await send(sql)).headers["x-clickhouse-exception-code"]).toBe("396");
    const parameters = { max_result_bytes: String(RESULT_MAX_BYTES * 2) };
    expect((await send(sql, { parameters })).headers["x-clickhouse-exception-code"]).toBe("452");
    expect((await send(`${sql} SETTINGS max_result_bytes = 0`)).status).not.toBe(200);
  });

  test("a statement above max_query_size is refused, and accepted when that is raised", async () => {
    const sql = `SELECT length('${"x".repeat(300_000)}')`;
    expect((await send(sql)).text).toContain("Max query size exceeded");
    expect((await send(sql, { parameters: { max_query_size: "400000" } })).text).toBe("300000\n");
  });

  test("more queries than places wait for one, and all are answered", async () => {
    const all = Array.from({ length: 12 }, (_, index) => send(`SELECT ${index}, sleep(0.05)`));
    const texts = (await Promise.all(all)).map((reply) => reply.text);
    expect(texts).toEqual(Array.from({ length: 12 }, (_, index) => `${index}\t0\n`));
  });
});

test("a client that leaves frees its place and ends its query", async () => {
  const places = 4;
  const running = async (): Promise<number> => {
    const sql = "SELECT count() - 1 FROM system.processes WHERE query LIKE '%sipHash64%'";
    return Number((await send(sql)).text);
  };
  const controllers = Array.from({ length: places - 1 }, () => new AbortController());
  const gone = controllers.map((controller) =>
    fetch(`${server.url}/?password=${encodeURIComponent(PASSWORD)}`, {
      method: "POST",
      body: "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1",
      signal: controller.signal,
    }).catch(() => "gone"),
  );
  await until("all but one place are taken", async () => (await running()) === places - 1);
  for (const controller of controllers) controller.abort();
  expect(await Promise.all(gone)).toEqual(["gone", "gone", "gone"]);
  await until("none of them runs", async () => (await running()) === 0);
  // Each of these waits for the others: they need all places at once.
  const start = performance.now();
  await Promise.all(Array.from({ length: places }, () => send("SELECT sleep(2)")));
  expect(performance.now() - start).toBeLessThan(3800);
});
