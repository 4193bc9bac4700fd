/**
 * Goal: Python's `clickhouse-connect` works against the embedded engine as against a server.
 * Method: a Python program inserts and selects through Native and prints what it got.
 */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isSkipped, pathOf, preparePython, report } from "./peers.ts";
import { startTestServer, type TestServer } from "./server.ts";

const PROGRAM = join(import.meta.dirname, "python_client.py");
const python = await preparePython(join(import.meta.dirname, "requirements.txt"));

interface PythonReport {
  readonly written: number;
  readonly rows: readonly unknown[];
  readonly keptSetting: number;
  readonly parameter: string;
  readonly manyRows: number;
  readonly error: string;
}

describe.skipIf(isSkipped(python))("clickhouse-connect", () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer();
  });

  afterAll(async () => {
    await server?.stop();
  });

  test.each(["none", "gzip", "lz4", "zstd"])(
    "inserts and selects Native with %s",
    async (method) => {
      const environment = { PYTHONPATH: pathOf(python) };
      const { hostname, port } = new URL(server.url);
      const result = await report<PythonReport>(
        process.env.PYTHON ?? "python3",
        [PROGRAM, hostname, port, server.database, method, server.username, server.password],
        environment,
      );
      expect(result).toMatchObject({
        written: 2,
        rows: [
          [1, "first", "info", "a note", ["a", "b"], { k: "v" }, "2026-02-03T04:05:06.123456"],
          [2, "zweite ü", "error", null, [], {}, "2026-02-03T04:05:06.123456"],
        ],
        keptSetting: 1,
        parameter: "it's",
        manyRows: 200_000,
      });
      expect(result.error).toContain("Code: 60.");
    },
  );
});
