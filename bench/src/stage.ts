/**
 * A subject, its load generator and its store, set up for one measurement and removed after it.
 *
 * In: a subject and where ClickHouse is. Out: handles and meters. Side effects: processes, a folder
 * below the system's one for temporary files, the subject's tables emptied.
 */
import { randomInt } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunningProcess } from "./collector.ts";
import { type Load, startLoad } from "./load.ts";
import { LOADS_MAX } from "./load-template.ts";
import type { LoadTarget } from "./load-types.ts";
import { childrenOf, cpuSeconds, startWatch, type Watch } from "./process-usage.ts";
import { Store } from "./store.ts";
import { SPOOL_DIR, type Subject } from "./subjects.ts";

export interface StageOptions
  extends Pick<LoadTarget, "transport" | "spansPerRequest" | "shape" | "isGzipped"> {
  /** An engine beside the subject; without it the subject runs its own as a child process. */
  readonly engine?: { readonly url: string; readonly pid: number | undefined };
}

/** CPU seconds so far. */
export interface Cpu {
  readonly process: number;
  readonly engine: number;
  readonly generator: number;
}

export class Stage implements AsyncDisposable {
  /** Goes into the span ids of this measurement. */
  readonly loadId: number = randomInt(1, LOADS_MAX);
  readonly store: Store;
  readonly #subject: Subject;
  readonly #options: StageOptions;
  readonly #dir: string;
  #process: RunningProcess;
  #load: Load | undefined;
  #watch: Watch | undefined;

  private constructor(
    subject: Subject,
    options: StageOptions,
    started: { dir: string; process: RunningProcess },
  ) {
    const { database, spans } = subject;
    const url = options.engine?.url ?? started.process.clickhouseUrl;
    if (url === undefined) throw new Error(`${subject.name} needs a ClickHouse beside it`);
    this.store = new Store({ url, database, spans });
    this.#subject = subject;
    this.#options = options;
    this.#dir = started.dir;
    this.#process = started.process;
  }

  static async open(subject: Subject, options: StageOptions): Promise<Stage> {
    const dir = await mkdtemp(join(tmpdir(), "spanledger-bench-"));
    const process = await subject.start(dir, options.engine?.url);
    const stage = new Stage(subject, options, { dir, process });
    try {
      await stage.store.empty();
      const { engine: _engine, ...target } = options;
      stage.#load = await startLoad({
        ...target,
        url: options.transport === "grpc" ? process.grpcUrl : process.httpUrl,
        load: stage.loadId,
      });
      return stage;
    } catch (error) {
      await stage[Symbol.asyncDispose]();
      throw error;
    }
  }

  get process(): RunningProcess {
    return this.#process;
  }

  get load(): Load {
    if (this.#load === undefined) throw new Error("the load generator has not started");
    return this.#load;
  }

  cpu(): Cpu {
    return {
      process: cpuSeconds(this.#process.pid),
      engine: cpuSeconds(this.#enginePid() ?? 0),
      generator: cpuSeconds(this.load.pid),
    };
  }

  /** Highest figures from now on. */
  watch(): Watch {
    this.#watch ??= startWatch(
      { process: () => this.#process.pid, engine: () => this.#enginePid() },
      join(this.#dir, SPOOL_DIR),
    );
    this.#watch.reset();
    return this.#watch;
  }

  /** Start the process again on what the last one left. */
  async restart(): Promise<void> {
    this.#process = await this.#subject.start(this.#dir, this.#options.engine?.url);
  }

  #enginePid(): number | undefined {
    const { engine } = this.#options;
    return engine === undefined ? childrenOf(this.#process.pid)[0] : engine.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch?.stop();
    await this.#load?.close();
    if (this.#options.engine !== undefined) {
      await this.#process.end("SIGKILL");
      await this.store.empty();
    } else await this.#process.end("SIGTERM");
    await this.store.close();
    await rm(this.#dir, { recursive: true, force: true });
  }
}
