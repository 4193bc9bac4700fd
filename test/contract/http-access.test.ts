/**
 * Goal: nobody reads or writes more than they may: who is asking, the read-only user, and the
 * host's files and network, which nobody reaches.
 * Method: requests over `node:http` against the embedded engine.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type HttpQuery,
  type HttpReply,
  http,
  startTestServer,
  type TestServer,
} from "./server.ts";

const READER = { username: "dashboards", password: "read-only" };
const AS_READER = { "X-ClickHouse-User": READER.username, "X-ClickHouse-Key": READER.password };
const PASSWORD = "pass:word ü";
const AS_DEFAULT = { "X-ClickHouse-User": "default", "X-ClickHouse-Key": encodeHeader(PASSWORD) };

let server: TestServer;
let table: string;

/** A header's value as the UTF-8 bytes that a server reads. */
function encodeHeader(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

beforeAll(async () => {
  server = await startTestServer({
    password: PASSWORD,
    readonlyUser: READER,
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

function read(body: string, parameters: Record<string, string> = {}): Promise<HttpReply> {
  return http(server.url, { body, parameters, headers: AS_READER });
}

async function rowCount(): Promise<number> {
  return Number((await send(`SELECT count() FROM ${table}`)).text);
}

describe("credentials", () => {
  const basic = (user: string, password: string): Record<string, string> => ({
    Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
  });

  test("Basic, headers and URL parameters are understood", async () => {
    const ways: HttpQuery[] = [
      { headers: basic("default", PASSWORD) },
      { headers: AS_DEFAULT },
      { parameters: { user: "default", password: PASSWORD } },
      { parameters: { password: PASSWORD } },
    ];
    for (const way of ways) {
      expect((await http(server.url, { ...way, body: "SELECT 1" })).text).toBe("1\n");
    }
  });

  test.each<[string, HttpQuery]>([
    ["no credentials", {}],
    ["a wrong password", { headers: basic("default", "wrong") }],
    ["an unknown user", { headers: basic("nobody", PASSWORD) }],
    ["the reader's password for the default user", { headers: basic("default", READER.password) }],
    ["another scheme", { headers: { Authorization: "Bearer abc" } }],
    ["two ways at once", { headers: AS_DEFAULT, parameters: { user: "default" } }],
  ])("%s is 403 with code 516 and without the password", async (_name, way) => {
    const reply = await http(server.url, { ...way, body: "SELECT 1" });
    expect(reply.status).toBe(403);
    expect(reply.headers["x-clickhouse-exception-code"]).toBe("516");
    expect(reply.text).toMatch(
      /^Code: 516\. DB::Exception: .*\(AUTHENTICATION_FAILED\) \(version /,
    );
    expect(reply.text).not.toContain("wrong");
  });

  test("requests of pages in a browser are refused", async () => {
    const origin = { Origin: "http://evil.example" };
    expect((await send("SELECT 1", { headers: origin })).status).toBe(403);
    const noCors = { "Sec-Fetch-Site": "cross-site" };
    expect((await send("SELECT 1", { headers: noCors })).status).toBe(403);
  });
});

describe("the read-only user", () => {
  test("reads, and may set its time and how answers look", async () => {
    expect((await read(`SELECT count() >= 0 FROM ${table}`)).text).toBe("1\n");
    const parameters = { max_execution_time: "5", output_format_json_quote_64bit_integers: "1" };
    const reply = await read("SELECT toUInt64(1) AS n FORMAT JSONEachRow", parameters);
    expect(reply.text).toBe('{"n":"1"}\n');
    const own = "SELECT getSetting('max_execution_time') SETTINGS max_execution_time = 3";
    expect((await read(own)).text).toBe("3\n");
  });

  test.each([
    "INSERT INTO {table} VALUES (1, 'x')",
    "INSERT INTO {table} SELECT 1, 'x'",
    "CREATE TABLE {table}2 (id UInt8) ENGINE = Memory",
    "ALTER TABLE {table} DELETE WHERE 1",
    "DROP TABLE {table}",
    "TRUNCATE TABLE {table}",
    "OPTIMIZE TABLE {table} FINAL",
    "KILL QUERY WHERE 1",
    "SET readonly = 0",
    "SET max_threads = 1",
    "SELECT 1 SETTINGS max_threads = 1",
    "SELECT 1 SETTINGS readonly = 0, max_execution_time = 2",
    "CREATE TEMPORARY TABLE t (id UInt8)",
  ])("%j is refused with code 164", async (sql) => {
    const before = await rowCount();
    const reply = await read(sql.replaceAll("{table}", table));
    expect(reply.headers["x-clickhouse-exception-code"]).toBe("164");
    expect(await rowCount()).toBe(before);
  });

  test.each<Record<string, string>>([
    { readonly: "0" },
    { readonly: "2" },
    { max_threads: "1" },
    { session_id: "s", max_memory_usage: "0" },
  ])("the parameters %j are refused with code 164", async (parameters) => {
    const reply = await read("SELECT 1", parameters);
    expect(reply.headers["x-clickhouse-exception-code"]).toBe("164");
  });
});

describe("the host's files and network", () => {
  test.each([
    "SELECT file('/etc/passwd')",
    "SELECT `file`('/etc/passwd')",
    "SELECT \"fi\\le\"('/etc/passwd')",
    "SELECT /* */ FILE /* */ ('/etc/passwd')",
    "SELECT * APPLY(file) FROM (SELECT '/etc/passwd')",
    "SELECT * APPLY file FROM (SELECT '/etc/passwd')",
    "SELECT arrayMap(x -> file(x), ['/etc/passwd'])",
    "CREATE FUNCTION f AS x -> file(x)",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "DESCRIBE TABLE file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM `/etc/passwd`",
    "SELECT * FROM default.`/etc/passwd`",
    "SELECT * FROM filesystem('/etc')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM s3('http://127.0.0.1:1/bucket/key', 'CSV', 'a UInt8')",
    "SELECT * FROM remote('127.0.0.1:1', 'system.one')",
    "SELECT * FROM sqlite('/tmp/x.db', 't')",
    "INSERT INTO FUNCTION file('/tmp/x.csv') SELECT 1",
    "CREATE TABLE {table}3 (a String) ENGINE = File(CSV, '/etc/passwd')",
    "CREATE TABLE {table}3 (a String) ENGINE = URL('http://127.0.0.1:1/', CSV)",
    "CREATE TABLE {table}3 (a UInt8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type='x')",
    "CREATE DATABASE files ENGINE = Filesystem('/etc')",
    "CREATE USER somebody",
    "SYSTEM SHUTDOWN",
    "BACKUP TABLE {table} TO Disk('default', 'x')",
  ])("%j is refused with code 497", async (sql) => {
    const reply = await send(sql.replaceAll("{table}", table));
    expect(reply.headers["x-clickhouse-exception-code"]).toBe("497");
    expect(reply.text).not.toContain("root:");
  });

  test.each([
    ["SELECT 1 INTO OUTFILE '/tmp/spanledger-outfile'", "153"],
    ["INSERT INTO {table} FROM INFILE '/etc/passwd' FORMAT TSV", "49"],
    ["\\i /etc/passwd", "62"],
    ["SELECT $$x$$", "48"],
    ["SELECT 1\\G", "62"],
    ["exit", "62"],
    ["SELECT 'unclosed", "62"],
  ])("%j is refused with code %s", async (sql, code) => {
    const reply = await send(sql.replaceAll("{table}", table));
    expect(reply.headers["x-clickhouse-exception-code"]).toBe(code);
  });
});
