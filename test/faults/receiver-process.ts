/**
 * `spanledger serve` as a process that is killed and started again on the same ports and folder.
 *
 * In: a data folder and settings. Out: a running receiver. Side effects: processes, ports. A start
 * that fails is tried again, as a supervisor of services does it, and counted.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { SPANLEDGER } from "../fixtures/server.ts";
import { until } from "./wait.ts";

/** Longest time for a receiver to come up, over all tries, in milliseconds. */
const READY_MAX_MS = 60_000;

/** A supervisor's pause before it tries a failed start again, in milliseconds. */
const RESTART_PAUSE_MS = 200;

/** Longest time for a stop; the receiver's own limit is below it, in milliseconds. */
const STOP_MAX_MS = 60_000;

/** Kept of the log, in characters. */
const LOG_MAX_CHARACTERS = 65_536;

/**
 * Ports below the range that the system gives to outgoing connections (32768 on Linux): a client
 * that knocks at a closed port of that range now and then connects to itself.
 */
const PORT_MIN = 15_000;
const PORT_MAX = 31_000;

/** A free port outside the range of outgoing connections. Not of the seed: two runs may share one. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORT_MIN, PORT_MAX);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

export interface ReceiverPorts {
  readonly otlpGrpc: number;
  readonly otlpHttp: number;
  readonly api: number;
  readonly clickhouse: number;
}

export interface ReceiverOptions {
  readonly dataDir: string;
  /** Further environment, for example `SPANLEDGER_CLICKHOUSE_URL`. */
  readonly environment?: Readonly<Record<string, string>>;
}

export class ReceiverProcess {
  readonly ports: ReceiverPorts;
  readonly dataDir: string;
  /** Starts that ended before the receiver was ready, unless it was killed on purpose. */
  failedStarts = 0;
  /** Codes that those starts ended with, as their log says. */
  readonly startFailures: Set<string> = new Set();
  /** Largest resident memory of all its processes so far, in bytes. */
  memoryMaxBytes = 0;
  readonly #environment: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
  #isReady = false;
  #log = "";

  private constructor(options: ReceiverOptions, ports: ReceiverPorts) {
    this.dataDir = options.dataDir;
    this.ports = ports;
    this.#environment = {
      ...process.env,
      SPANLEDGER_OTLP_GRPC_PORT: `${ports.otlpGrpc}`,
      SPANLEDGER_OTLP_HTTP_PORT: `${ports.otlpHttp}`,
      SPANLEDGER_API_PORT: `${ports.api}`,
      SPANLEDGER_CLICKHOUSE_PORT: `${ports.clickhouse}`,
      SPANLEDGER_DATA_DIR: options.dataDir,
      ...options.environment,
    };
  }

  static async create(options: ReceiverOptions): Promise<ReceiverProcess> {
    const ports: ReceiverPorts = {
      otlpGrpc: await freePort(),
      otlpHttp: await freePort(),
      api: await freePort(),
      clickhouse: await freePort(),
    };
    return new ReceiverProcess(options, ports);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** The end of what all its processes wrote to standard error. */
  get log(): string {
    return this.#log;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get isRunning(): boolean {
    const child = this.#child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** Start a process and return at once. */
  spawn(): void {
    const child = spawn(process.execPath, [...SPANLEDGER, "serve"], {
      env: this.#environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    this.#isReady = false;
    // Whoever ends this process, the receiver must not stay behind.
    const leave = (): boolean => child.kill("SIGKILL");
    process.once("exit", leave);
    child.once("exit", () => process.off("exit", leave));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#log = (this.#log + text).slice(-LOG_MAX_CHARACTERS);
    });
    createInterface(child.stdout).on("line", (line) => {
      if (child === this.#child && line.includes('"event":"ready"')) this.#isReady = true;
    });
  }

  /** Wait until it accepts data. */
  async ready(): Promise<void> {
    try {
      await until("the receiver is ready", READY_MAX_MS, async () => {
        if (this.#isReady) return true;
        if (!this.isRunning) {
          this.failedStarts += 1;
          this.startFailures.add(lastCode(this.#log));
          await delay(RESTART_PAUSE_MS);
          this.spawn();
        }
        return false;
      });
    } catch (cause) {
      throw new Error(`the receiver did not start; its log ends with\n${this.#log.slice(-4_096)}`, {
        cause,
      });
    }
  }

  async start(): Promise<void> {
    this.spawn();
    await this.ready();
  }

  /** SIGKILL, and wait for the end. */
  async kill(): Promise<void> {
    await this.#measureMemory();
    await this.#end("SIGKILL");
  }

  /** SIGTERM, and wait for the end. @returns the exit code */
  async stop(): Promise<number | null> {
    await this.#measureMemory();
    const limit = setTimeout(() => this.#child?.kill("SIGKILL"), STOP_MAX_MS);
    await this.#end("SIGTERM");
    clearTimeout(limit);
    return this.#child?.exitCode ?? null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** The embedded engine's process; undefined while there is none. Linux only. */
  async enginePid(): Promise<number | undefined> {
    const pid = this.#child?.pid;
    return pid === undefined || !this.isRunning ? undefined : firstChildOf(pid);
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.isRunning) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
    this.#isReady = false;
  }

  async #measureMemory(): Promise<void> {
    const pid = this.#child?.pid;
    if (pid === undefined || !this.isRunning) return;
    const text = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
    const peakBytes = Number(/VmHWM:\s*(\d+) kB/.exec(text)?.[1] ?? 0) * 1_024;
    this.memoryMaxBytes = Math.max(this.memoryMaxBytes, peakBytes);
  }
}

/** The last error code in a log. */
function lastCode(log: string): string {
  return [...log.matchAll(/"code":"([A-Z_]+)"/g)].at(-1)?.[1] ?? "unknown";
}

async function firstChildOf(pid: number): Promise<number | undefined> {
  const tasks = await readdir(`/proc/${pid}/task`).catch((): string[] => []);
  for (const task of tasks) {
    const text = await readFile(`/proc/${pid}/task/${task}/children`, "utf8").catch(() => "");
    const [child] = text.trim().split(" ").filter(Boolean);
    if (child !== undefined) return Number(child);
  }
  return undefined;
}
