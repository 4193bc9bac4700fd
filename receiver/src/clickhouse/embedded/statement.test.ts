/**
 * Goal: a statement is seen as ClickHouse sees it, and what chDB would do beyond a server is
 * refused.
 * Method: statements written out, with what must be found in them. That the engine agrees is
 * tested over HTTP in `test/contract/http-interface.test.ts`.
 */
import { describe, expect, test } from "vitest";
import { Exception } from "./exceptions.ts";
import { readStatement, type Statement } from "./statement.ts";

const read = (sql: string): Statement => readStatement(Buffer.from(sql, "utf8"));

function codeOf(sql: string | Uint8Array): number {
  try {
    readStatement(typeof sql === "string" ? Buffer.from(sql, "utf8") : sql);
  } catch (error) {
    if (error instanceof Exception) return error.code;
    throw error;
  }
  return 0;
}

describe("reading and writing", () => {
  test.each([
    ["SELECT 1", true],
    [" -- a comment\n/* and /* another */ */ SELECT 1", true],
    ["(SELECT 1) UNION ALL (SELECT 2)", true],
    ["WITH x AS (SELECT 1) SELECT * FROM x", true],
    ["FROM t SELECT 1", true],
    ["show tables", true],
    ["WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", false],
    ["EXPLAIN INSERT INTO t SELECT 1", false],
    ["INSERT INTO t SELECT 1", false],
    ["CREATE TABLE t (a UInt8) ENGINE = Memory", false],
    ["SET a = 1", false],
  ])("%j reads only: %s", (sql, reads) => {
    expect(read(sql).reads).toBe(reads);
  });

  test.each([
    ["SELECT 1 FORMAT JSON", "JSON"],
    ["SELECT 1 format CSV;", "CSV"],
    ["SELECT 1 FORMAT TSV SETTINGS max_threads = 1", "TSV"],
    ["SELECT 'FORMAT JSON'", undefined],
    ["SELECT (SELECT 1 AS format)", undefined],
    ["SELECT 1 -- FORMAT JSON", undefined],
  ])("%j names the format %s", (sql, format) => {
    expect(read(sql).format).toBe(format);
  });

  test("closing semicolons and what follows them as comments are taken off", () => {
    expect(read("SELECT ';' ; ; -- done").text).toBe("SELECT ';'");
  });

  test("text outside of ASCII is kept", () => {
    expect(read("SELECT 'ü €' AS “größe”").text).toBe("SELECT 'ü €' AS “größe”");
  });

  test("the literals of SETTINGS clauses are found", () => {
    const sql = "SELECT 1 SETTINGS max_execution_time = 3, session_timezone = 'UTC' FORMAT CSV";
    expect(read(sql).settings).toEqual([
      ["max_execution_time", "3"],
      ["session_timezone", "UTC"],
    ]);
  });
});

describe("inserts with rows", () => {
  test.each<[string, string, string, string, string]>([
    ["INSERT INTO t VALUES (1)", "INSERT INTO t", "", "Values", " (1)"],
    ["INSERT INTO t (a, b) FORMAT CSV\n1,2", "INSERT INTO t (a, b)", "", "CSV", "1,2"],
    ["insert t format RowBinary \t\r\n\n x", "insert t", "", "RowBinary", "\n x"],
    ["INSERT INTO db.t FORMAT TSV 1", "INSERT INTO db.t", "", "TSV", "1"],
    ["INSERT INTO TABLE `values` VALUES (1)", "INSERT INTO TABLE `values`", "", "Values", " (1)"],
    ["INSERT INTO format FORMAT CSV\n", "INSERT INTO format", "", "CSV", ""],
    ["INSERT INTO db.values FORMAT VALUES (1)", "INSERT INTO db.values", "", "Values", "(1)"],
    ["INSERT INTO t (`FORMAT`, b) FORMAT CSV\n", "INSERT INTO t (`FORMAT`, b)", "", "CSV", ""],
    ["INSERT INTO t (a.SELECT) VALUES (1)", "INSERT INTO t (a.SELECT)", "", "Values", " (1)"],
    [
      "INSERT INTO {d: Identifier}.{t: Identifier} FORMAT CSV\n1",
      "INSERT INTO {d: Identifier}.{t: Identifier}",
      "",
      "CSV",
      "1",
    ],
    [
      "INSERT INTO t (a) /* FORMAT JSON */ SETTINGS x = 1, y = 'FORMAT' FORMAT CSV\n1",
      "INSERT INTO t (a) /* FORMAT JSON */",
      "SETTINGS x = 1, y = 'FORMAT'",
      "CSV",
      "1",
    ],
    ["INSERT INTO t FORMAT CSV\n1; DROP TABLE t", "INSERT INTO t", "", "CSV", "1; DROP TABLE t"],
    ["INSERT INTO t FORMAT CSV\n'unclosed", "INSERT INTO t", "", "CSV", "'unclosed"],
  ])("%j is split where its rows begin", (sql, target, settings, format, rows) => {
    const { insert } = read(sql);
    expect(insert).toMatchObject({ target, format });
    expect(insert?.settings.trim()).toBe(settings);
    expect(Buffer.from(sql).subarray(insert?.dataStart).toString()).toBe(rows);
  });

  test("binary rows are never read as SQL", () => {
    const head = Buffer.from("INSERT INTO t FORMAT RowBinary\n");
    const rows = Buffer.from("'\"`/*;\0\xff file(", "latin1");
    expect(readStatement(Buffer.concat([head, rows])).insert?.dataStart).toBe(head.length);
  });

  test.each([
    "INSERT INTO t SELECT 1",
    "INSERT INTO t (a) SELECT 1 FORMAT CSV",
    "INSERT INTO t (SELECT 1)",
    "INSERT INTO t WITH x AS (SELECT 1) SELECT * FROM x",
  ])("%j brings no rows", (sql) => {
    expect(read(sql).insert).toBeUndefined();
  });
});

describe("what is refused", () => {
  test.each([
    ["", 62],
    ["-- nothing", 62],
    [";", 62],
    ["SELEC 1", 62],
    ["1 + 1", 62],
    ["exit", 62],
    ["SELECT 1; SELECT 2", 62],
    ["SELECT 1;; DROP TABLE t", 62],
    ["SELECT '", 62],
    ["SELECT /* /* */", 62],
    ["SELECT 1\\G", 62],
    ["SELECT \0", 62],
    ["INSERT INTO t", 62],
    ["INSERT INTO t (a)", 62],
    ["INSERT INTO t FORMAT", 62],
    ["INSERT INTO t FORMAT CSV;1", 62],
    ["INSERT INTO t SELECT * FROM input('a UInt8') FORMAT CSV\n1", 48],
    ["SELECT $x$ 1 $x$", 48],
    ["SELECT 1 INTO OUTFILE 'x'", 153],
    ["SELECT 1 INTO /* */ outfile 'x'", 153],
    ["INSERT INTO t FROM INFILE 'x' FORMAT CSV", 49],
    ["SELECT file('x')", 497],
    ["SELECT 1 AS a, `file` ('x')", 497],
    ["SELECT \"fi\\le\"('x')", 497],
    ["SELECT * APPLY (file) FROM t", 497],
    [
      "CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = 's3')",
      497,
    ],
  ])("%j is error %d", (sql, code) => {
    expect(codeOf(sql)).toBe(code);
  });

  test.each([
    "SELECT 'file(' AS file",
    "SELECT file FROM t",
    "SELECT file, outfile, infile FROM infile",
    "INSERT INTO file (a, b) VALUES (1, 2)",
    "CREATE TABLE file (a UInt8) ENGINE = Memory",
    "SELECT * FROM db.file(1)",
    "SELECT 1 -- ; DROP TABLE t",
    "SELECT '\\'; DROP TABLE t; --'",
    "SELECT '''; DROP TABLE t; --'",
    'SELECT `;`, ";", ‘;’ FROM t',
    "SELECT disk FROM t WHERE disk = 'a'",
  ])("%j is let through", (sql) => {
    expect(codeOf(sql)).toBe(0);
  });
});
