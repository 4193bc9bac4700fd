/**
 * One process per data directory: two engines on one path corrupt it, two spools send twice.
 *
 * In: the directory. Out: a lock, or a refusal. Side effect: the files `lock` and `lock.json`.
 *
 * The lock is the kernel's (a POSIX record lock), taken through SQLite, because Node has no lock of
 * its own: it goes when the process does, however it ends, so no file is ever stale and a reused
 * process id means nothing. It also holds between containers that share a volume.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { SpoolError } from "./errors.ts";

/** SQLite's code for a file that another connection has locked. */
const SQLITE_BUSY = 5;

export interface DataDirLock {
  /** Let the directory go. Safe to call twice. */
  release(): void;
}

/**
 * Take the directory, which must exist.
 *
 * @throws {SpoolError} `SPOOL_LOCKED` when another process has it
 */
export function lockDataDir(dataDir: string): DataDirLock {
  const database = new DatabaseSync(join(dataDir, "lock"));
  try {
    database.exec("PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if ((error as { errcode?: unknown }).errcode !== SQLITE_BUSY) throw error;
    throw new SpoolError(
      "SPOOL_LOCKED",
      `another spanledger${holder(dataDir)} uses ${dataDir}: stop it, or set another dataDir`,
      error,
    );
  }
  // For people only; nothing depends on it.
  const holding = { pid: process.pid, since: new Date().toISOString() };
  writeFileSync(join(dataDir, "lock.json"), `${JSON.stringify(holding)}\n`, { mode: 0o600 });
  return {
    release: () => {
      if (database.isOpen) database.close();
    },
  };
}

function holder(dataDir: string): string {
  try {
    const { pid, since } = JSON.parse(readFileSync(join(dataDir, "lock.json"), "utf8")) as {
      pid?: number;
      since?: string;
    };
    return ` (process ${pid}, since ${since})`;
  } catch {
    return "";
  }
}
