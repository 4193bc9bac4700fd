/**
 * The receiver's wall clock steps, forwards and backwards, under load and between two starts.
 *
 * The clock is stepped by a module that is loaded before the program (see `clock-preload.mjs`) and
 * not by libfaketime: that one also bends the monotonic clock and the waits of other threads, which
 * a step of the wall clock leaves alone.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Load, LoadRequest } from "../load.ts";
import { type Outcome, play, type Scenario, type Stage } from "../scenario.ts";
import { waitingBatchesLeave } from "../spool-files.ts";
import { until } from "../wait.ts";

const STEPS = { short: 5, long: 30 } as const;
const REQUESTS_BETWEEN = 40;
const CONDITION_MAX_MS = 60_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

interface Step {
  /** Where the clock stands against the true one from then on, in milliseconds. */
  readonly offsetMs: number;
  /** In the running process, or while the receiver is away. */
  readonly when: "running" | "away";
}

const STEPPING: readonly Step[] = [
  { offsetMs: -DAY_MS, when: "running" },
  { offsetMs: DAY_MS, when: "away" },
  { offsetMs: 2 * DAY_MS, when: "running" },
  { offsetMs: 4 * DAY_MS, when: "running" },
  { offsetMs: -90 * MINUTE_MS, when: "away" },
  { offsetMs: 45 * MINUTE_MS, when: "running" },
  { offsetMs: -7 * DAY_MS, when: "running" },
  { offsetMs: 0, when: "running" },
];

/** Requests that are sent again after a step: those of the last steps. */
const AGAIN_MAX = 4 * REQUESTS_BETWEEN;

const PRELOAD = new URL("../clock-preload.mjs", import.meta.url).href;

export const clockStep: Scenario = {
  name: "clock steps",
  async run(form, seed): Promise<Outcome> {
    const dir = await mkdtemp(join(tmpdir(), "spanledger-faults-clock-"));
    const file = join(dir, "offset");
    const environment = {
      NODE_OPTIONS: `--import=${PRELOAD}`,
      SPANLEDGER_TEST_CLOCK_FILE: file,
    };
    const recent: LoadRequest[] = [];
    const deliver = async (load: Load, request: LoadRequest): Promise<void> => {
      await load.deliver(request);
      recent.push(request);
    };
    try {
      return await play(
        clockStep.name,
        form,
        seed,
        { environment, load: { deliver } },
        async (stage) => {
          stage.load.start();
          for (let step = 0; step < STEPS[form]; step += 1) {
            await stage.load.tally.further("acknowledged", REQUESTS_BETWEEN, CONDITION_MAX_MS);
            await waitingBatchesLeave(stage.dataDir);
            await stepClock(stage, file, STEPPING[step % STEPPING.length]);
            stage.fault();
            // A retry whose answer was lost comes on another day.
            const again = recent.splice(0).slice(-AGAIN_MAX);
            await Promise.all(again.map((request) => stage.load.deliver(request)));
            recent.unshift(...again);
          }
          await stage.load.tally.further("acknowledged", REQUESTS_BETWEEN, CONDITION_MAX_MS);
        },
      );
    } finally {
      await rm(dir, { recursive: true });
    }
  },
};

async function stepClock(
  { receiver }: Stage,
  file: string,
  { offsetMs, when }: Step = { offsetMs: 0, when: "running" },
): Promise<void> {
  if (when === "away") await receiver.kill();
  await writeFile(file, `${offsetMs}`);
  if (when === "away") await receiver.start();
  else receiver.signal("SIGUSR2");
  await until("the clock has stepped", CONDITION_MAX_MS, async () => {
    return (await readFile(`${file}.applied`, "utf8").catch(() => "")) === `${offsetMs}`;
  });
}
