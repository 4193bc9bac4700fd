/**
 * The life of one child process: start it, wait until it serves, end it.
 *
 * In: its configuration. Out: the process with its port, or an {@link EmbeddedError}.
 */
import { type ChildProcess, fork } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { EmbeddedError, type EmbeddedErrorCode } from "./errors.ts";
import { EXTRA_POOL_THREADS, START_MAX_MS, STOP_MAX_MS } from "./limits.ts";
import type { ChildConfig, ChildMessage } from "./messages.ts";

/** Longest piece of the child's standard error that an error message may quote. */
const STDERR_MAX_CHARACTERS = 4_096;

/** Start a child process; from sources when this file is one. */
function forkChild(queriesMax: number): ChildProcess {
  const extension = extname(fileURLToPath(import.meta.url));
  const source = fileURLToPath(new URL("./child.ts", import.meta.url));
  const entry = source.slice(0, -".ts".length) + extension;
  const { NODE_OPTIONS: _unused, ...environment } = process.env;
  return fork(entry, [], {
    // Not the parent's own: it may be instrumented, and the engine's process must not be.
    execArgv: extension === ".ts" ? ["--conditions=@spanledger/source"] : [],
    env: {
      ...environment,
      TZ: "UTC",
      // A query holds a thread of libuv's pool while it runs.
      UV_THREADPOOL_SIZE: String(queriesMax + EXTRA_POOL_THREADS),
    },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
}

/** A child that serves. */
export interface Started {
  readonly process: ChildProcess;
  readonly port: number;
  readonly version: string;
}

/** What to do, where the cause is known; elsewhere the engine's own words are all there is. */
const REASONS: Partial<Record<EmbeddedErrorCode, string>> = {
  EMBEDDED_DATA_DIR_LOCKED:
    "another process uses this data directory: end it, or set SPANLEDGER_DATA_DIR",
  EMBEDDED_PORT_IN_USE:
    "another program listens on the port of SPANLEDGER_CLICKHOUSE_PORT: end it, or choose another port",
};

function startError(code: EmbeddedErrorCode, message: string): EmbeddedError {
  const locked = /Cannot lock file|another server instance/i.test(message);
  const known = code === "EMBEDDED_START_FAILED" && locked ? "EMBEDDED_DATA_DIR_LOCKED" : code;
  const retryable = known !== "EMBEDDED_START_FAILED";
  const reason = REASONS[known] ?? message;
  return new EmbeddedError(known, `The embedded ClickHouse did not start: ${reason}`, {
    retryable,
  });
}

/** Start one child and wait until it serves. */
export function startChild(config: ChildConfig): Promise<Started> {
  const child = forkChild(config.queriesMax);
  let stderr = "";
  const collect = (chunk: Buffer): void => {
    stderr = (stderr + chunk.toString()).slice(-STDERR_MAX_CHARACTERS);
  };
  child.stderr?.on("data", collect);
  return new Promise((resolvePromise, reject) => {
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      child.stderr?.off("data", collect);
      child.stderr?.resume();
      child.off("message", receive);
      child.off("exit", exit);
      finish();
    };
    const fail = (code: EmbeddedErrorCode, message: string): void =>
      settle(() => reject(startError(code, `${message} ${stderr}`.trim())));
    const receive = (message: ChildMessage): void => {
      if (message.type === "failed") fail(message.code, message.message);
      else settle(() => resolvePromise({ ...message, process: child }));
    };
    const exit = (code: number | null, signal: string | null): void =>
      fail("EMBEDDED_START_FAILED", `its process ended (${signal ?? code}).`);
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      fail("EMBEDDED_START_TIMEOUT", `it was not ready after ${START_MAX_MS} ms.`);
    }, START_MAX_MS);
    child.on("error", (error) => fail("EMBEDDED_START_FAILED", error.message));
    child.on("message", receive);
    child.on("exit", exit);
    child.send({ type: "start", config }, () => undefined);
  });
}

/** End a child: its queries may finish, then it is killed. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolvePromise) => child.once("exit", () => resolvePromise()));
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MAX_MS);
  child.kill("SIGTERM");
  await ended;
  clearTimeout(timer);
}
