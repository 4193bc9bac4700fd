/**
 * Goal: one process per data directory, however the last one ended.
 * Method: another process of Node takes the lock, and is killed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { SpoolError } from "./errors.ts";
import { lockDataDir } from "./lock.ts";
import { testDir } from "./spool.test.helper.ts";

const LOCK = new URL("./lock.ts", import.meta.url).href;

/** A process that holds the lock until it is killed. */
async function holder(dir: string) {
  const code = `import(${JSON.stringify(LOCK)}).then(({ lockDataDir }) => {
    const lock = lockDataDir(${JSON.stringify(dir)});
    setInterval(() => lock, 1e6);
    console.log("locked");
  })`;
  const child = spawn(process.execPath, ["--conditions=@spanledger/source", "-e", code]);
  await once(child.stdout, "data");
  return child;
}

describe("the lock of a data directory", () => {
  test("is refused while another process has it, and free once that was killed", async () => {
    await using dir = await testDir();
    const child = await holder(dir.path);
    expect(() => lockDataDir(dir.path)).toThrow(SpoolError);
    expect(() => lockDataDir(dir.path)).toThrow(`process ${child.pid}`);
    child.kill("SIGKILL");
    await once(child, "exit");
    lockDataDir(dir.path).release();
  });

  test("is refused to the same process too, and free once released, twice even", async () => {
    await using dir = await testDir();
    const lock = lockDataDir(dir.path);
    expect(() => lockDataDir(dir.path)).toThrow(
      expect.objectContaining({ code: "SPOOL_LOCKED", retryable: false }),
    );
    lock.release();
    lock.release();
    lockDataDir(dir.path).release();
  });

  test("does not care for a file left by a process whose id is in use again", async () => {
    await using dir = await testDir();
    writeFileSync(join(dir.path, "lock.json"), JSON.stringify({ pid: process.pid, since: "then" }));
    lockDataDir(dir.path).release();
  });
});
