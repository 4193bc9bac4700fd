/**
 * Starts the embedded ClickHouse in a child process and keeps it running.
 *
 * In: options. Out: an {@link EmbeddedClickHouse} whose address stays the same for its whole
 * life. Side effects: one child process, files below `<dataDir>/clickhouse`, one listening port.
 * Nothing that a query holds is ever logged: after its start the child's standard error, where a
 * crashing engine would print the query, is discarded.
 */
import type { ChildProcess } from "node:child_process";
import { endChild, type Started, startChild } from "./child-process.ts";
import { EmbeddedError } from "./errors.ts";
import {
  RESTART_HEALTHY_AFTER_MS,
  RESTART_PAUSE_FIRST_MS,
  RESTART_PAUSE_MAX_MS,
} from "./limits.ts";
import type { ChildConfig } from "./messages.ts";
import {
  childConfig,
  DEFAULT_USERNAME,
  type EmbeddedLog,
  type EmbeddedOptions,
} from "./options.ts";

export type { EmbeddedOptions } from "./options.ts";

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
      } catch (error) {
        const code = error instanceof EmbeddedError ? error.code : "EMBEDDED_START_FAILED";
        const message = error instanceof Error ? error.message : String(error);
        this.#log("error", "clickhouse.restart-failed", { code, message });
        continue;
      }
      for (const listener of this.#listeners) queueMicrotask(listener);
      return;
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
