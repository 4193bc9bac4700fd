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
import type { Transport } from "./load-types.ts";
import { cpuSeconds, type MemoryWatch, watchMemory } from "./process-usage.ts";
import { Store } from "./store.ts";
import type { Subject } from "./subjects.ts";

export interface StageOptions {
  readonly clickhouseUrl: string;
  readonly enginePid: () => number | undefined;
  readonly transport: Transport;
  readonly spansPerRequest: number;
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
  #memory: MemoryWatch | undefined;

  private constructor(
    subject: Subject,
    options: StageOptions,
    started: { dir: string; process: RunningProcess },
  ) {
    const { database, spans } = subject;
    this.store = new Store({ url: options.clickhouseUrl, database, spans });
    this.#subject = subject;
    this.#options = options;
    this.#dir = started.dir;
    this.#process = started.process;
  }

  static async open(subject: Subject, options: StageOptions): Promise<Stage> {
    const dir = await mkdtemp(join(tmpdir(), "spanledger-bench-"));
    const process = await subject.start(dir, options.clickhouseUrl);
    const stage = new Stage(subject, options, { dir, process });
    try {
      await stage.store.empty();
      stage.#load = await startLoad({
        transport: options.transport,
        url: options.transport === "grpc" ? process.grpcUrl : process.httpUrl,
        spansPerRequest: options.spansPerRequest,
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
      engine: cpuSeconds(this.#options.enginePid() ?? 0),
      generator: cpuSeconds(this.load.pid),
    };
  }

  /** Highest memory of the process, by the name `process`, from now on. */
  watch(): MemoryWatch {
    this.#memory ??= watchMemory(new Map([["process", () => this.#process.pid]]));
    this.#memory.reset();
    return this.#memory;
  }

  /** Start the process again on what the last one left. */
  async restart(): Promise<void> {
    this.#process = await this.#subject.start(this.#dir, this.#options.clickhouseUrl);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#memory?.stop();
    await this.#load?.close();
    await this.#process.end("SIGKILL");
    await this.store.empty();
    await this.store.close();
    await rm(this.#dir, { recursive: true, force: true });
  }
}
