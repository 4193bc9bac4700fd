/**
 * Goal: the embedded engine survives what happens to processes, and leaves nothing behind.
 * Method: real child processes are killed by their ids; ports and files are looked at afterwards.
 */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EmbeddedError } from "../../receiver/src/clickhouse/embedded/errors.ts";
import {
  type EmbeddedClickHouse,
  type EmbeddedOptions,
  startEmbeddedClickHouse,
} from "../../receiver/src/clickhouse/embedded/supervisor.ts";
import { http, temporaryDirectory, until } from "./server.ts";

let dataDir: string;
let started: EmbeddedClickHouse[];

beforeEach(async () => {
  dataDir = await temporaryDirectory();
  started = [];
});

afterEach(async () => {
  await Promise.all(started.map((each) => each.stop()));
  await rm(dataDir, { recursive: true, force: true });
});

async function start(options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedClickHouse> {
  const clickHouse = await startEmbeddedClickHouse({ dataDir, ...options });
  started.push(clickHouse);
  return clickHouse;
}

async function ask(url: string, body: string): Promise<string> {
  return (await http(url, { body })).text;
}

/** The answer, or undefined while nobody listens. */
function tryAsk(url: string, body: string): Promise<string | undefined> {
  return ask(url, body).catch(() => undefined);
}

function kill({ pid }: EmbeddedClickHouse): void {
  // Zero would be this process and all beside it.
  if (pid === undefined) throw new Error("the engine has no process at the moment");
  process.kill(pid, "SIGKILL");
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function storeOneRow(url: string): Promise<void> {
  await ask(url, "CREATE DATABASE kept ENGINE = Atomic");
  await ask(url, "CREATE TABLE kept.t (id UInt8) ENGINE = MergeTree ORDER BY id");
  expect(await ask(url, "INSERT INTO kept.t VALUES (7)")).toBe("");
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(EmbeddedError);
  return (error as EmbeddedError).code;
}

/** A process of its own that starts the engine on `dataDir`, to be killed without a word. */
function spawnParent() {
  const module = new URL("../../receiver/src/clickhouse/embedded/supervisor.ts", import.meta.url);
  const program = `import { startEmbeddedClickHouse } from ${JSON.stringify(module.href)};
    const { pid, url } = await startEmbeddedClickHouse({ dataDir: process.argv[1] });
    process.stdout.write(JSON.stringify({ pid, url }));`;
  const parameters = ["--conditions=@spanledger/source", "--input-type=module", "-e", program];
  return spawn(process.execPath, [...parameters, dataDir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

describe("a child that dies", () => {
  test("comes back on the same port with its data, and says so", async () => {
    const events: string[] = [];
    const clickHouse = await start({ log: (_level, event) => events.push(event) });
    await storeOneRow(clickHouse.url);
    const pid = clickHouse.pid ?? 0;
    const restarted = new Promise<void>((resolve) => clickHouse.onRestart(resolve));
    process.kill(pid, "SIGKILL");
    await restarted;
    expect(await ask(clickHouse.url, "SELECT id FROM kept.t")).toBe("7\n");
    expect(clickHouse.pid).not.toBe(pid);
    expect(events).toEqual(["clickhouse.ready", "clickhouse.died", "clickhouse.ready"]);
  });

  test("comes back again and again", async () => {
    const clickHouse = await start();
    for (let round = 0; round < 3; round += 1) {
      const restarted = new Promise<void>((resolve) => clickHouse.onRestart(resolve));
      kill(clickHouse);
      await restarted;
      expect(await ask(clickHouse.url, "SELECT 1")).toBe("1\n");
    }
  });

  test("waits for its port when another program has taken it", async () => {
    const failures: unknown[] = [];
    const clickHouse = await start({
      log: (_level, event, fields) => {
        if (event === "clickhouse.restart-failed") failures.push(fields.code);
      },
    });
    const { port } = clickHouse;
    kill(clickHouse);
    const squatter = createServer();
    await until("the port is free to take", async () => {
      squatter.removeAllListeners().listen(port, "127.0.0.1");
      return Promise.race([
        once(squatter, "listening").then(() => true),
        once(squatter, "error").then(() => false),
      ]).catch(() => false);
    });
    await until("a restart has failed", async () => failures.length > 0);
    expect(failures[0]).toBe("EMBEDDED_PORT_IN_USE");
    squatter.close();
    const answer = await until("it is back", () => tryAsk(clickHouse.url, "SELECT 1"));
    expect(answer).toBe("1\n");
  });

  test("leaves no spool file behind when it is started again", async () => {
    const spool = join(dataDir, "clickhouse", "spool");
    await mkdir(spool, { recursive: true });
    await writeFile(join(spool, randomUUID()), "rows of a process that was killed");
    await start();
    expect(await readdir(spool)).toEqual([]);
  });
});

describe("stopping", () => {
  test("ends the process, frees the port and keeps the data", async () => {
    const first = await start();
    await storeOneRow(first.url);
    const pid = first.pid ?? 0;
    await Promise.all([first.stop(), first.stop()]);
    expect(isAlive(pid)).toBe(false);
    const second = await start({ port: first.port });
    expect(second.url).toBe(first.url);
    expect(await ask(second.url, "SELECT id FROM kept.t")).toBe("7\n");
  });

  test("lets running queries end first", async () => {
    const clickHouse = await start();
    const running = "SELECT count() FROM system.processes WHERE query LIKE 'SELECT sleep%'";
    const answer = ask(clickHouse.url, "SELECT sleep(1), 'answered'");
    await until("it runs", async () => (await ask(clickHouse.url, running)) === "1\n");
    await clickHouse.stop();
    expect(await answer).toBe("0\tanswered\n");
  });

  test("works while the child is being restarted", async () => {
    const clickHouse = await start();
    kill(clickHouse);
    await until("its death is known", async () => clickHouse.pid === undefined);
    await clickHouse.stop();
    expect(await tryAsk(clickHouse.url, "SELECT 1")).toBeUndefined();
  });

  test("is left to the parent by SIGINT, which a terminal sends to both", async () => {
    const clickHouse = await start();
    const pid = clickHouse.pid ?? 0;
    process.kill(pid, "SIGINT");
    expect(await ask(clickHouse.url, "SELECT sleep(0.2), 'alive'")).toBe("0\talive\n");
    expect(clickHouse.pid).toBe(pid);
  });

  test("happens by itself when the parent is gone, whatever runs", async () => {
    const parent = spawnParent();
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const { pid, url } = JSON.parse(line.toString()) as { pid: number; url: string };
    const held = tryAsk(url, "SELECT sleep(3)");
    const running = "SELECT count() FROM system.processes WHERE query LIKE 'SELECT sleep%'";
    await until("it runs", async () => (await ask(url, running)) === "1\n");
    parent.kill("SIGKILL");
    expect(await held).toBeUndefined();
    await until("the child has ended", async () => !isAlive(pid));
  });

  test("frees the directory when the parent is gone before the engine has started", async () => {
    const parent = spawnParent();
    const config = join(dataDir, "clickhouse", "config", "config.xml");
    await until("the engine starts", () => stat(config).catch(() => undefined));
    parent.kill("SIGKILL");
    const next = await until("it can be started again", () => start().catch(() => undefined));
    expect(await ask(next.url, "SELECT 1")).toBe("1\n");
  });
});

describe("starting", () => {
  test("a data directory that is in use is refused, and its owner is not disturbed", async () => {
    const owner = await start();
    expect(await codeOf(startEmbeddedClickHouse({ dataDir }))).toBe("EMBEDDED_DATA_DIR_LOCKED");
    expect(await ask(owner.url, "SELECT 1")).toBe("1\n");
  });

  test("a port that is in use is refused", async () => {
    const squatter = createServer();
    squatter.listen(0, "127.0.0.1");
    await once(squatter, "listening");
    const { port } = squatter.address() as AddressInfo;
    const code = await codeOf(startEmbeddedClickHouse({ dataDir, port }));
    squatter.close();
    expect(code).toBe("EMBEDDED_PORT_IN_USE");
  });

  test.each<[string, Partial<EmbeddedOptions>]>([
    ["a public address without a password", { host: "0.0.0.0" }],
    [
      "a reader without a password beside a default user with one",
      { password: "x", readonlyUser: { username: "reader" } },
    ],
    ["a reader called default", { readonlyUser: { username: "default" } }],
    ["a port out of range", { port: 65_536 }],
    ["no place for queries", { queriesMax: 0 }],
  ])("%s is refused", async (_name, options) => {
    const code = await codeOf(startEmbeddedClickHouse({ dataDir, ...options }));
    expect(code).toBe("EMBEDDED_OPTIONS_INVALID");
  });

  test("only the owner may read the engine's files", async () => {
    await start();
    expect((await stat(join(dataDir, "clickhouse"))).mode & 0o077).toBe(0);
  });

  test("merges are told to come last", async () => {
    const { url } = await start();
    const setting = "name = 'os_threads_nice_value_merge_mutate'";
    expect(await ask(url, `SELECT value FROM system.server_settings WHERE ${setting}`)).toBe(
      "10\n",
    );
  });

  test("the tiered policy has its three volumes", async () => {
    const clickHouse = await start();
    const sql = `SELECT volume_name FROM system.storage_policies
      WHERE policy_name = 'spanledger_tiered' ORDER BY volume_priority`;
    expect(await ask(clickHouse.url, sql)).toBe("hot\nwarm\ncold\n");
  });
});

test("no text of a query is left in any file", async () => {
  const clickHouse = await start();
  await storeOneRow(clickHouse.url);
  const secret = `needle-${randomUUID()}`;
  const { url } = clickHouse;
  expect(await ask(url, `SELECT '${secret}'`)).toBe(`${secret}\n`);
  expect(await ask(url, `SELECT throwIf(1, '${secret}')`)).toContain(secret);
  expect(await ask(url, `INSERT INTO kept.t VALUES ('${secret}')`)).toContain("Code: ");
  expect(await ask(url, `SELECT '${secret}' FROM kept.nope`)).toContain("UNKNOWN_TABLE");
  const held = http(url, { body: `SELECT sleep(3), '${secret}'` }).catch(() => undefined);
  const running = `SELECT count() FROM system.processes WHERE query LIKE 'SELECT sleep%'`;
  await until("it runs", async () => (await ask(url, running)) === "1\n");
  kill(clickHouse);
  await held;
  await clickHouse.stop();
  const files = await readdir(dataDir, { recursive: true, withFileTypes: true });
  const names = files.filter((file) => file.isFile());
  expect(names.length).toBeGreaterThan(5);
  for (const file of names) {
    const bytes = await readFile(join(file.parentPath, file.name));
    expect(bytes.includes(secret), file.name).toBe(false);
  }
});
