/**
 * Starts the embedded ClickHouse in a child process and keeps it running.
 *
 * In: options. Out: an {@link EmbeddedClickHouse} whose address stays the same for its whole
 * life. Side effects: one child process, files below `<dataDir>/clickhouse`, one listening port.
 * Nothing that a query holds is ever logged: after its start the child's standard error, where a
 * crashing engine would print the query, is discarded.
 */
import { type ChildProcess, fork } from "node:child_process";
import { extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { EmbeddedError, type EmbeddedErrorCode } from "./errors.ts";
import {
  EXTRA_POOL_THREADS,
  INSERT_BODY_MAX_BYTES,
  QUERIES_MAX,
  RESTART_HEALTHY_AFTER_MS,
  RESTART_PAUSE_FIRST_MS,
  RESTART_PAUSE_MAX_MS,
  RESULT_MAX_BYTES,
  START_MAX_MS,
  STOP_MAX_MS,
} from "./limits.ts";
import type { ChildConfig, ChildMessage, EmbeddedUser } from "./messages.ts";

export type { EmbeddedUser } from "./messages.ts";

/** What the supervisor tells its log. `fields` never hold content or secrets. */
export type EmbeddedLog = (
  level: "info" | "warn" | "error",
  event: EmbeddedEvent,
  fields: Readonly<Record<string, string | number | null>>,
) => void;

export type EmbeddedEvent =
  | "clickhouse.ready"
  | "clickhouse.died"
  | "clickhouse.restart-failed"
  | "clickhouse.stopped";

export interface EmbeddedOptions {
  /** Directory of all of Spanledger's data; the engine's is `clickhouse` in it. */
  readonly dataDir: string;
  /** @default 0, a free one */
  readonly port?: number;
  /** @default "127.0.0.1"; another address needs a password */
  readonly host?: string;
  /** Password of the user `default`. @default none, as ClickHouse's own on loopback */
  readonly password?: string;
  /** A user that may only read, for dashboards. @default no such user */
  readonly readonlyUser?: EmbeddedUser;
  /** Queries that run at the same time. @default {@link QUERIES_MAX} */
  readonly queriesMax?: number;
  /** Largest result in bytes, as the engine holds it. @default {@link RESULT_MAX_BYTES} */
  readonly resultMaxBytes?: number;
  /** Largest insert body in bytes, decompressed. @default {@link INSERT_BODY_MAX_BYTES} */
  readonly insertBodyMaxBytes?: number;
  /** @default nothing is logged */
  readonly log?: EmbeddedLog;
}

export interface EmbeddedClickHouse {
  /** `http://host:port`, without credentials. */
  readonly url: string;
  readonly port: number;
  readonly username: string;
  /** An empty string when none is set. */
  readonly password: string;
  /** The engine's version, for example `26.7.2.1`. */
  readonly version: string;
  /** Process id of the child; undefined while it is being restarted. */
  readonly pid: number | undefined;
  /** Call `listener` whenever the engine is back after it died. Returns how to stop that. */
  onRestart(listener: () => void): () => void;
  /** End the child: its queries may finish, then it is killed. Calling it again waits too. */
  stop(): Promise<void>;
}

const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|::1|localhost)$/;
const DEFAULT_USERNAME = "default";

/** Longest piece of the child's standard error that an error message may quote. */
const STDERR_MAX_CHARACTERS = 4_096;

function invalid(message: string): EmbeddedError {
  return new EmbeddedError("EMBEDDED_OPTIONS_INVALID", message, { retryable: false });
}

function positive(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw invalid(`${name} must be a positive integer`);
}

function childConfig(options: EmbeddedOptions): ChildConfig {
  const { password, readonlyUser, host = "127.0.0.1", port = 0 } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw invalid("port must be 0 to 65535");
  const hasPassword = password !== undefined && password !== "";
  const readerIsOpen = readonlyUser !== undefined && (readonlyUser.password ?? "") === "";
  if (!LOOPBACK.test(host) && (!hasPassword || readerIsOpen)) {
    throw invalid("a host other than loopback needs a password for every user");
  }
  if (hasPassword && readerIsOpen) {
    throw invalid("readonlyUser needs a password when the default user has one");
  }
  if (readonlyUser?.username === "" || readonlyUser?.username === DEFAULT_USERNAME) {
    throw invalid("readonlyUser needs a name of its own");
  }
  const reader = readonlyUser && {
    username: readonlyUser.username,
    ...(readerIsOpen ? {} : { password: readonlyUser.password ?? "" }),
  };
  return {
    directory: resolve(options.dataDir, "clickhouse"),
    host,
    port,
    defaultUser: { username: DEFAULT_USERNAME, ...(hasPassword ? { password } : {}) },
    ...(reader === undefined ? {} : { readonlyUser: reader }),
    queriesMax: positive("queriesMax", options.queriesMax ?? QUERIES_MAX),
    resultMaxBytes: positive("resultMaxBytes", options.resultMaxBytes ?? RESULT_MAX_BYTES),
    insertBodyMaxBytes: positive(
      "insertBodyMaxBytes",
      options.insertBodyMaxBytes ?? INSERT_BODY_MAX_BYTES,
    ),
  };
}

/** Start a child process; from sources when this file is one. */
function forkChild(queriesMax: number): ChildProcess {
  const extension = extname(fileURLToPath(import.meta.url));
  const entry = fileURLToPath(new URL(`./child${extension}`, import.meta.url));
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

interface Started {
  readonly process: ChildProcess;
  readonly port: number;
  readonly version: string;
}

function startError(code: EmbeddedErrorCode, message: string): EmbeddedError {
  const locked = /Cannot lock file|another server instance/i.test(message);
  const known = code === "EMBEDDED_START_FAILED" && locked ? "EMBEDDED_DATA_DIR_LOCKED" : code;
  const retryable = known !== "EMBEDDED_START_FAILED";
  return new EmbeddedError(known, `The embedded ClickHouse did not start: ${message}`, {
    retryable,
  });
}

/** Start one child and wait until it serves. */
function startChild(config: ChildConfig): Promise<Started> {
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

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolvePromise) => child.once("exit", () => resolvePromise()));
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MAX_MS);
  child.kill("SIGTERM");
  await ended;
  clearTimeout(timer);
}

class Supervisor implements EmbeddedClickHouse {
  readonly url: string;
  readonly port: number;
  readonly username: string = DEFAULT_USERNAME;
  readonly password: string;
  readonly version: string;
  readonly #config: ChildConfig;
  readonly #log: EmbeddedLog;
  readonly #listeners = new Set<() => void>();
  readonly #stopping = new AbortController();
  #child: ChildProcess | undefined;
  #starting: Promise<void> = Promise.resolve();
  #pauseMs = RESTART_PAUSE_FIRST_MS;
  #stopped: Promise<void> | undefined;

  constructor(config: ChildConfig, started: Started, log: EmbeddedLog) {
    // The address is promised for life: a restart must take the port that the first start got.
    this.#config = { ...config, port: started.port };
    this.#log = log;
    this.port = started.port;
    this.version = started.version;
    this.password = config.defaultUser.password ?? "";
    const host = config.host.includes(":") ? `[${config.host}]` : config.host;
    this.url = `http://${host}:${started.port}`;
    this.#watch(started);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  onRestart(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await this.#starting;
    if (this.#child !== undefined) await endChild(this.#child);
    this.#log("info", "clickhouse.stopped", { port: this.port });
  }

  #watch(started: Started): void {
    const startedAt = performance.now();
    const child = started.process;
    this.#child = child;
    this.#log("info", "clickhouse.ready", { port: started.port, version: started.version });
    const died = (code: number | null, signal: string | null): void => {
      if (this.#stopping.signal.aborted) return;
      this.#child = undefined;
      this.#log("warn", "clickhouse.died", { exitCode: code, signal });
      const livedMs = performance.now() - startedAt;
      if (livedMs > RESTART_HEALTHY_AFTER_MS) this.#pauseMs = RESTART_PAUSE_FIRST_MS;
      this.#starting = this.#restart();
    };
    if (child.exitCode !== null || child.signalCode !== null)
      died(child.exitCode, child.signalCode);
    else child.once("exit", died);
  }

  /** Try again until it works or {@link stop} is called. Never rejects. */
  async #restart(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await pause(this.#pauseMs, signal);
      if (signal.aborted) return;
      this.#pauseMs = Math.min(this.#pauseMs * 2, RESTART_PAUSE_MAX_MS);
      try {
        this.#watch(await startChild(this.#config));
        for (const listener of this.#listeners) listener();
        return;
      } catch (error) {
        const { code, message } = error as EmbeddedError;
        this.#log("error", "clickhouse.restart-failed", { code, message });
      }
    }
  }
}

function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolvePromise) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolvePromise();
    };
    const timer = setTimeout(end, durationMs);
    signal.addEventListener("abort", end, { once: true });
  });
}

/**
 * Start the embedded ClickHouse.
 *
 * @returns when it answers queries
 * @throws {EmbeddedError} see `errors.ts`
 */
export async function startEmbeddedClickHouse(
  options: EmbeddedOptions,
): Promise<EmbeddedClickHouse> {
  const config = childConfig(options);
  const started = await startChild(config);
  return new Supervisor(config, started, options.log ?? (() => undefined));
}

/** Where the engine keeps its files. */
export function embeddedDirectory(dataDir: string): string {
  return join(resolve(dataDir), "clickhouse");
}
