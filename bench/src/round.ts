/**
 * One measurement of one subject: a load until everything is stored, or until it is killed.
 *
 * In: a subject, an engine, the size of the load. Out: figures. Side effects: those of a `Stage`.
 */
import { REQUESTS_MAX } from "./load-template.ts";
import { type Cpu, Stage, type StageOptions } from "./stage.ts";
import type { Stored } from "./store.ts";
import type { Subject } from "./subjects.ts";

/** Longest wait for merges after a load, in milliseconds; said in the result when it is reached. */
const SETTLE_MAX_MS = 60_000;

/** Requests before the clock starts: code is compiled, tables exist, connections are open. */
const WARM_UP_REQUESTS = 60;

export interface RoundOptions extends StageOptions {
  readonly connections: number;
  readonly requests: number;
  /** Load after which the process is killed, in milliseconds. */
  readonly killAfterMs: number;
  /** Nothing new in the store for so long means that nothing more will come, in milliseconds. */
  readonly patienceMs: number;
}

export interface RoundResult {
  readonly subject: string;
  /** Spans acknowledged per second while requests were sent. */
  readonly acceptedPerS: number;
  /** Spans per second from the first request until the last span was visible. */
  readonly storedPerS: number;
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
  /** CPU seconds per million spans, from the first request until merges had settled. */
  readonly cpu: Cpu;
  /** Highest resident memory of the process under this load. */
  readonly memoryBytes: number;
  readonly diskBytesPerSpan: number;
  readonly refusedRequests: number;
  readonly stored: Stored;
  readonly settledMs: number;
  readonly isSettled: boolean;
}

export interface KillResult {
  readonly subject: string;
  readonly acknowledgedSpans: number;
  readonly lost: number;
  readonly doubled: number;
}

/** Measure a load from its first request until merges have settled. */
export async function measureRound(subject: Subject, options: RoundOptions): Promise<RoundResult> {
  await using stage = await Stage.open(subject, options);
  const { store, load, loadId } = stage;
  const { connections, requests } = options;
  const warm = await load.run({
    connections,
    requestsMax: Math.min(WARM_UP_REQUESTS, requests),
  });
  const isStored = await store.holds(warm.acknowledgedSpans, options.patienceMs);
  if (warm.acknowledged === 0 || !isStored) {
    throw new Error(`${subject.name} does not take the load: ${JSON.stringify(warm.refused)}`);
  }
  await store.settle(SETTLE_MAX_MS);
  const watch = stage.watch();
  const before = stage.cpu();
  const startedAt = performance.now();
  const result = await load.run({ connections, requestsMax: requests });
  await store.holds(warm.acknowledgedSpans + result.acknowledgedSpans, options.patienceMs);
  const storedMs = performance.now() - startedAt;
  const settled = await store.settle(SETTLE_MAX_MS);
  const after = stage.cpu();
  const perMillion = (name: keyof Cpu): number =>
    ((after[name] - before[name]) / result.acknowledgedSpans) * 1e6;
  const stored = await store.check(
    loadId,
    [...warm.acknowledgedRequests, ...result.acknowledgedRequests],
    options.spansPerRequest,
  );
  return {
    subject: subject.name,
    acceptedPerS: (result.acknowledgedSpans / result.elapsedMs) * 1000,
    storedPerS: (result.acknowledgedSpans / storedMs) * 1000,
    ackP50Ms: result.latencyMs.p50,
    ackP99Ms: result.latencyMs.p99,
    cpu: {
      process: perMillion("process"),
      engine: perMillion("engine"),
      generator: perMillion("generator"),
    },
    memoryBytes: watch.memory("process").residentBytes,
    diskBytesPerSpan: settled.diskBytes / stored.rows,
    refusedRequests: Object.values(result.refused).reduce((sum, count) => sum + count, 0),
    stored,
    settledMs: settled.tookMs,
    isSettled: settled.isSettled,
  };
}

/** Kill the process under load, start it again, and look what is missing once it has caught up. */
export async function measureKill(subject: Subject, options: RoundOptions): Promise<KillResult> {
  await using stage = await Stage.open(subject, options);
  const { store, load, loadId } = stage;
  const running = load.run({
    connections: options.connections,
    requestsMax: REQUESTS_MAX - 1,
  });
  await new Promise((resolve) => setTimeout(resolve, options.killAfterMs));
  await stage.process.end("SIGKILL");
  const { acknowledgedRequests, acknowledgedSpans } = await running;
  await stage.restart();
  // Not as many as were acknowledged: doubles and unanswered requests would stand in for lost ones.
  await store.holds(Number.POSITIVE_INFINITY, options.patienceMs);
  const { lost, doubled } = await store.check(
    loadId,
    acknowledgedRequests,
    options.spansPerRequest,
  );
  return { subject: subject.name, acknowledgedSpans, lost, doubled };
}
