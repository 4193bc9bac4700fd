/**
 * Goal: the server as a process keeps what it acknowledged, alone on its folder, and ends when told.
 * Method: `spanledger serve` with and without a ClickHouse that answers; the embedded engine of one
 * process is the outside server of another.
 */

import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { select, startTestEngine, type TestEngine } from "../fixtures/engine.ts";
import { type ServerProcess, SPANLEDGER, startServerProcess } from "../fixtures/server.ts";
import { EXAMPLE_TRACE_JSON } from "../otlp/example-trace.ts";

let engine: TestEngine;

beforeAll(async () => {
  engine = await startTestEngine({ migrated: false });
});
afterAll(() => engine.stop());

const WAIT = { timeout: 30_000, interval: 50 };

async function send(server: ServerProcess, name = "I'm a server span"): Promise<number> {
  const response = await fetch(`${server.otlpHttpUrl}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: EXAMPLE_TRACE_JSON.replace("I'm a server span", name),
  });
  await response.text();
  return response.status;
}

interface Doctor {
  readonly checks: readonly { readonly Check: string; readonly Status: string }[];
  readonly quarantine: readonly { readonly id: string; readonly reason: string }[];
  readonly figures: Readonly<Record<string, number | null>>;
}

async function doctor(server: ServerProcess): Promise<Doctor> {
  const { data } = (await (await fetch(`${server.apiUrl}/api/v1/doctor`)).json()) as {
    data: Doctor;
  };
  return data;
}

/** Run a command; its exit code and output. */
async function spanledger(server: ServerProcess, ...args: string[]) {
  const run = promisify(execFile)(process.execPath, [
    ...SPANLEDGER,
    ...args,
    "--url",
    server.apiUrl,
  ]);
  try {
    return { code: 0, ...(await run) };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

/** A port where nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const batchFiles = async (dataDir: string): Promise<string[]> =>
  (await readdir(join(dataDir, "spool"))).filter((name) => name.endsWith(".batch"));

describe("a second instance", () => {
  test("on the same folder is refused before it touches it, and names the first", async () => {
    const first = await startServerProcess();
    try {
      await expect(startServerProcess({ SPANLEDGER_DATA_DIR: first.dataDir })).rejects.toThrow(
        /SPOOL_LOCKED/,
      );
      expect(await send(first)).toBe(200);
      await first.flush();
    } finally {
      await first.remove();
    }
  });
});

describe("a ClickHouse that does not answer", () => {
  test("at start is waited for; SIGTERM leaves what waits to the next start, which stores it", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "spanledger-serve-"));
    const down = await startServerProcess({
      SPANLEDGER_DATA_DIR: dataDir,
      SPANLEDGER_CLICKHOUSE_URL: `http://127.0.0.1:${await freePort()}`,
    });
    expect(await send(down, "while it was down")).toBe(200);
    const { checks } = await doctor(down);
    expect(checks).toContainEqual(
      expect.objectContaining({ Check: "clickhouse", Status: "failed" }),
    );
    expect((await spanledger(down, "doctor")).code).toBe(3);
    expect(await down.stop()).toBe(0);
    expect(await batchFiles(dataDir)).toHaveLength(1);

    const up = await startServerProcess({
      SPANLEDGER_DATA_DIR: dataDir,
      SPANLEDGER_CLICKHOUSE_URL: engine.target.url,
    });
    try {
      await up.flush();
      expect(await select(engine.client, "SELECT SpanName FROM spanledger.spans")).toEqual([
        { SpanName: "while it was down" },
      ]);
      expect((await spanledger(up, "doctor")).code).toBe(0);
      expect(await batchFiles(dataDir)).toEqual([]);
    } finally {
      await up.remove();
    }
    await rm(dataDir, { recursive: true, force: true });
  });

  test("fills the spool until requests are refused with a time to wait", async () => {
    const server = await startServerProcess({
      SPANLEDGER_CLICKHOUSE_URL: `http://127.0.0.1:${await freePort()}`,
      SPANLEDGER_SPOOL_MAX_BYTES: "1048576",
    });
    try {
      const long = "x".repeat(200_000);
      let sent = 0;
      while ((await send(server, `${sent} ${long}`)) === 200) sent += 1;
      expect(sent).toBeGreaterThan(1);
      const refused = await fetch(`${server.otlpHttpUrl}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: EXAMPLE_TRACE_JSON.replace("I'm a server span", long),
      });
      expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
      expect((await doctor(server)).figures.refusedRequests).toBe(2);
    } finally {
      await server.remove();
    }
  });
});

describe("a batch that ClickHouse refuses", () => {
  test("is listed by doctor, and stored by doctor --redrive once the cause is gone", async () => {
    const server = await startServerProcess({ SPANLEDGER_CLICKHOUSE_URL: engine.target.url });
    const table = "spanledger.spans";
    try {
      await engine.client.command({
        query: `ALTER TABLE ${table} ADD CONSTRAINT no_secret CHECK SpanName != 'refused'`,
      });
      expect(await send(server, "refused")).toBe(200);
      await vi.waitUntil(async () => (await doctor(server)).quarantine.length === 1, WAIT);
      const [letter] = (await doctor(server)).quarantine;
      expect(letter?.reason).toBe("spans refused 1 rows: VIOLATED_CONSTRAINT (469)");
      const listed = await spanledger(server, "doctor");
      expect([listed.code, listed.stdout]).toEqual([0, expect.stringContaining(letter?.id ?? "")]);
      const again = await spanledger(server, "doctor", "--redrive");
      expect([again.code, again.stdout]).toEqual([3, expect.stringContaining("refused")]);
      // What ClickHouse says may quote the row; what is kept of it does not.
      expect(server.log()).not.toContain("no_secret");

      await engine.client.command({ query: `ALTER TABLE ${table} DROP CONSTRAINT no_secret` });
      const redriven = await spanledger(server, "doctor", "--redrive", letter?.id ?? "");
      expect([redriven.code, redriven.stdout]).toEqual([0, expect.stringContaining("stored")]);
      expect((await doctor(server)).quarantine).toEqual([]);
      expect((await spanledger(server, "doctor", "--redrive")).code).toBe(1);
      expect(
        await select(engine.client, `SELECT count() AS n FROM ${table} WHERE SpanName = 'refused'`),
      ).toEqual([{ n: 1 }]);
      expect(
        await select(
          engine.client,
          `SELECT count() AS entries FROM spanledger.ledger WHERE BatchId = '${letter?.id}'`,
        ),
      ).toEqual([{ entries: 1 }]);
    } finally {
      await server.remove();
    }
  });
});
