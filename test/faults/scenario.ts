/**
 * What all scenarios share: a receiver, a load, and the settling of accounts after the faults.
 *
 * In: a seed and a form. Out: an {@link Outcome}. Side effects: processes and folders, ended and
 * removed when the scenario ends, also when it fails.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../../receiver/src/clickhouse/client.ts";
import { startEmbeddedClickHouse } from "../../receiver/src/clickhouse/embedded/supervisor.ts";
import { check, type Findings, type Problem } from "./check.ts";
import { allClients } from "./clients.ts";
import { Load, type LoadOptions } from "./load.ts";
import { type Random, seeded } from "./random.ts";
import { ReceiverProcess } from "./receiver-process.ts";
import { waitingBatchesLeave } from "./spool-files.ts";

/** Longest time for the load to be acknowledged once the last fault is over, in milliseconds. */
const FINISH_MAX_MS = 60_000;

/** Shown of the receiver's log when something fails, in characters. */
const LOG_SHOWN_CHARACTERS = 4_096;

export type Form = "short" | "long";

export interface Outcome extends Findings {
  readonly name: string;
  readonly seed: number;
  readonly faults: number;
  readonly requests: number;
  readonly attempts: number;
  /** Largest resident memory of the receiver, in bytes; 0 where it cannot be told. */
  readonly memoryMaxBytes: number;
  readonly durationMs: number;
  readonly notes: readonly string[];
  /** Why it was not tried. */
  readonly skipped?: string;
}

/** One kind of fault. */
export interface Scenario {
  readonly name: string;
  run(form: Form, seed: number): Promise<Outcome>;
}

/** What a scenario works with. */
export interface Stage {
  readonly form: Form;
  readonly random: Random;
  readonly dataDir: string;
  readonly receiver: ReceiverProcess;
  readonly load: Load;
  readonly notes: string[];
  readonly problems: Problem[];
  /** Count one fault. */
  fault(): void;
}

export interface StageOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly load?: Omit<LoadOptions, "random" | "clients">;
  /** Folder of the receiver. @default a new one, removed at the end */
  readonly dataDir?: string;
  /** Where to look afterwards. @default the engine of the data folder */
  readonly clickhouseUrl?: string;
}

/** Set a stage, let `act` do the faults, then stop everything and settle accounts. */
export async function play(
  name: string,
  form: Form,
  seed: number,
  options: StageOptions,
  act: (stage: Stage) => Promise<void>,
): Promise<Outcome> {
  const startMs = performance.now();
  const random = seeded(seed);
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "spanledger-faults-")));
  const { environment = {} } = options;
  const receiver = await ReceiverProcess.create({ dataDir, environment });
  const clients = allClients(receiver.ports);
  const load = new Load({ ...options.load, random, clients });
  const problems: Problem[] = [];
  const notes: string[] = [];
  let faults = 0;
  const stage: Stage = {
    form,
    random,
    dataDir,
    receiver,
    load,
    notes,
    problems,
    fault: () => {
      faults += 1;
    },
  };
  try {
    await receiver.start();
    await act(stage);
    await finish(stage);
    const findings = await look(stage, options.clickhouseUrl);
    if (receiver.failedStarts > 0) {
      const codes = [...receiver.startFailures].join(", ");
      notes.push(`${receiver.failedStarts} starts had to be repeated (${codes})`);
    }
    return {
      ...findings,
      problems: [...problems, ...findings.problems],
      name,
      seed,
      faults,
      requests: load.tally.requests,
      attempts: load.tally.attempts,
      memoryMaxBytes: receiver.memoryMaxBytes,
      durationMs: performance.now() - startMs,
      notes,
    };
  } catch (cause) {
    const log = receiver.log.slice(-LOG_SHOWN_CHARACTERS);
    throw new Error(`${name}, seed ${seed}: ${cause}; the receiver's log ends with\n${log}`, {
      cause,
    });
  } finally {
    await load.finish(0);
    await load.close();
    await receiver.kill();
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
  }
}

/** Everything is acknowledged and stored, then the receiver ends: nothing is under way any more. */
async function finish({ load, receiver, dataDir, problems }: Stage): Promise<void> {
  const fault = (text: string): number => problems.push({ code: "FAULT", text });
  if (!(await load.finish(FINISH_MAX_MS))) {
    fault(`the faults were over for ${FINISH_MAX_MS} ms and requests were still not acknowledged`);
  }
  for (const reason of load.tally.rejections) fault(`a good request was rejected: ${reason}`);
  await waitingBatchesLeave(dataDir);
  const code = await receiver.stop();
  if (code !== 0) {
    fault(
      `the receiver ended with ${code} after SIGTERM:\n${receiver.log.slice(-LOG_SHOWN_CHARACTERS)}`,
    );
  }
}

async function look({ dataDir, load }: Stage, clickhouseUrl?: string): Promise<Findings> {
  const { tally, seed } = load;
  const expected = {
    seed,
    spans: tally.spans,
    wasAcknowledged: (number: number) => tally.wasAcknowledged(number),
  };
  const engine =
    clickhouseUrl === undefined ? await startEmbeddedClickHouse({ dataDir }) : undefined;
  const client = connect({
    url: engine?.url ?? clickhouseUrl ?? "",
    username: "default",
    password: "",
  });
  try {
    return await check(client, expected);
  } finally {
    await client.close();
    await engine?.stop();
  }
}

/** What a scenario that cannot be tried here comes to. */
export function skippedOutcome(name: string, seed: number, skipped: string): Outcome {
  return { ...emptyOutcome(name, seed), skipped };
}

/** What a scenario that broke off comes to. */
export function brokenOutcome(name: string, seed: number, error: unknown): Outcome {
  const problems: Problem[] = [{ code: "FAULT", text: `the scenario broke off: ${error}` }];
  return { ...emptyOutcome(name, seed), problems };
}

function emptyOutcome(name: string, seed: number): Outcome {
  return {
    name,
    seed,
    faults: 0,
    requests: 0,
    attempts: 0,
    acknowledged: 0,
    stored: 0,
    lost: 0,
    twice: 0,
    problems: [],
    memoryMaxBytes: 0,
    durationMs: 0,
    notes: [],
  };
}
