/**
 * Load that rises step by step on one server, then 70 % of the highest, then more than it can keep.
 *
 * In: transport and sizes. Out: figures per phase. Side effects: those of a `Stage`.
 */
import type { LoadPhase, LoadTarget, PhaseResult, Transport } from "./load-types.ts";
import { requestOf, type Shape } from "./shapes.ts";
import { type Cpu, Stage } from "./stage.ts";
import { spanledger } from "./subjects.ts";

/** Nothing new in the store for so long means that nothing more will come, in milliseconds. */
const PATIENCE_MS = 30_000;

/** Share of the highest load at which the acknowledgement must be quick. */
const USUAL_SHARE = 0.7;

/** Connections of an even load: enough that a late answer does not hold up the next request. */
const EVEN_CONNECTIONS = 32;

export interface LadderOptions
  extends Pick<LoadTarget, "transport" | "spansPerRequest" | "isGzipped"> {
  readonly shape: Shape;
  /** Connections of the rising phases. */
  readonly connections: readonly number[];
  /** Even loads after them, in spans per second. */
  readonly rates?: readonly number[];
  readonly phaseMs: number;
  /** A spool so small that requests must be refused. @default only the rising phases are run */
  readonly overload?: { readonly spoolMaxBytes: number; readonly connections: number };
  readonly note: (line: string) => void;
}

export interface PhaseFigures {
  readonly name: string;
  readonly acceptedPerS: number;
  /** From the first request of the phase until its last span was visible. */
  readonly storedPerS: number;
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
  /** CPU seconds per million spans. */
  readonly cpu: Cpu;
  readonly memoryBytes: number;
  readonly engineMemoryBytes: number;
  readonly spoolBytes: number;
  readonly refusedRequests: number;
  readonly lost: number;
  readonly doubled: number;
}

export interface Ladder {
  readonly transport: Transport;
  readonly spansPerRequest: number;
  readonly spanBytes: number;
  /** What ClickHouse kept up with. */
  readonly highestStoredPerS: number;
  readonly phases: readonly PhaseFigures[];
}

/** Measure one transport. */
export async function measureLadder(options: LadderOptions): Promise<Ladder> {
  const { spansPerRequest, transport, note, phaseMs, overload } = options;
  const phases: PhaseFigures[] = [];
  const run = async (stage: PhaseStage, name: string, phase: LoadPhase): Promise<PhaseFigures> => {
    note(name);
    const figures = await stage.measure(name, phase);
    phases.push(figures);
    return figures;
  };
  let highestStoredPerS = 0;
  {
    await using stage = await PhaseStage.open(options);
    let highestAcceptedPerS = 0;
    for (const connections of options.connections) {
      const name = `${connections} connection${connections === 1 ? "" : "s"}`;
      const figures = await run(stage, name, { connections, durationMs: phaseMs });
      highestStoredPerS = Math.max(highestStoredPerS, figures.storedPerS);
      highestAcceptedPerS = Math.max(highestAcceptedPerS, figures.acceptedPerS);
      if (figures.refusedRequests > 0) break;
    }
    const runEvenly = async (name: string, spansPerS: number): Promise<PhaseFigures> => {
      const requestsPerS = spansPerS / spansPerRequest;
      const phase = { connections: EVEN_CONNECTIONS, requestsPerS, durationMs: phaseMs };
      return await run(stage, name, phase);
    };
    for (const spansPerS of options.rates ?? []) {
      const { storedPerS } = await runEvenly(`${spansPerS} spans/s`, spansPerS);
      highestStoredPerS = Math.max(highestStoredPerS, storedPerS);
    }
    const spanBytes = requestOf(options.shape, spansPerRequest).length / spansPerRequest;
    const soFar = { transport, spansPerRequest, spanBytes, highestStoredPerS, phases };
    if (overload === undefined) return soFar;
    await runEvenly("70 % of highest stored", highestStoredPerS * USUAL_SHARE);
    await runEvenly("70 % of highest accepted", highestAcceptedPerS * USUAL_SHARE);
  }
  await using small = await PhaseStage.open(options, {
    SPANLEDGER_SPOOL_MAX_BYTES: String(overload.spoolMaxBytes),
  });
  await run(small, `spool of ${overload.spoolMaxBytes / 1_048_576} MiB`, {
    connections: overload.connections,
    durationMs: phaseMs * 2,
  });
  const spanBytes = requestOf(options.shape, spansPerRequest).length / spansPerRequest;
  return { transport, spansPerRequest, spanBytes, highestStoredPerS, phases };
}

/** A server with phases one after another; what it stored is checked after each. */
class PhaseStage implements AsyncDisposable {
  readonly #stage: Stage;
  readonly #spansPerRequest: number;
  readonly #acknowledged: number[] = [];
  #rows = 0;

  private constructor(stage: Stage, spansPerRequest: number) {
    this.#stage = stage;
    this.#spansPerRequest = spansPerRequest;
  }

  static async open(
    { transport, spansPerRequest, shape, isGzipped = false, phaseMs }: LadderOptions,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<PhaseStage> {
    const load = { transport, spansPerRequest, shape, isGzipped };
    const stage = await Stage.open(spanledger(environment), load);
    const phases = new PhaseStage(stage, spansPerRequest);
    // Code is compiled and memory claimed before the first phase.
    await phases.measure("warm-up", { connections: 4, durationMs: phaseMs / 2 });
    return phases;
  }

  async measure(name: string, phase: LoadPhase): Promise<PhaseFigures> {
    const { store, load, loadId } = this.#stage;
    const watch = this.#stage.watch();
    const before = this.#stage.cpu();
    const startedAt = performance.now();
    const result = await load.run(phase);
    this.#rows += result.acknowledgedSpans;
    await store.holds(this.#rows, PATIENCE_MS);
    const storedMs = performance.now() - startedAt;
    const after = this.#stage.cpu();
    this.#acknowledged.push(...result.acknowledgedRequests);
    const stored = await store.check(loadId, this.#acknowledged, this.#spansPerRequest);
    const spans = result.acknowledgedSpans;
    const perMillion = (of: keyof Cpu): number => ((after[of] - before[of]) / spans) * 1e6;
    return {
      name,
      acceptedPerS: (spans / result.elapsedMs) * 1000,
      storedPerS: (spans / storedMs) * 1000,
      ackP50Ms: result.latencyMs.p50,
      ackP99Ms: result.latencyMs.p99,
      cpu: {
        process: perMillion("process"),
        engine: perMillion("engine"),
        generator: perMillion("generator"),
      },
      memoryBytes: watch.memory("process").residentBytes,
      engineMemoryBytes: watch.memory("engine").residentBytes,
      spoolBytes: watch.folderBytes(),
      refusedRequests: refusals(result),
      lost: stored.lost,
      // More than was acknowledged is as wrong as less: a refused request must leave nothing.
      doubled: stored.doubled + Math.max(0, stored.spans - this.#rows),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stage[Symbol.asyncDispose]();
  }
}

function refusals({ refused, unanswered }: PhaseResult): number {
  return Object.values(refused).reduce((sum, count) => sum + count, unanswered);
}
