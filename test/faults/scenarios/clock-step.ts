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
import { until } from "../wait.ts";

const STEPS = { short: 4, long: 30 } as const;
const REQUESTS_BETWEEN = 40;
const CONDITION_MAX_MS = 60_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Where the clock stands against the true one, in milliseconds. */
const OFFSETS_MS = [-DAY_MS, DAY_MS, -90 * MINUTE_MS, 45 * MINUTE_MS, 2 * DAY_MS, -7 * DAY_MS, 0];

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
            await stepClock(stage, file, OFFSETS_MS[step % OFFSETS_MS.length] ?? 0, step % 2 === 1);
            stage.fault();
            // A retry whose answer was lost comes at another time of day.
            await Promise.all(recent.splice(0).map((request) => stage.load.deliver(request)));
          }
          await stage.load.tally.further("acknowledged", REQUESTS_BETWEEN, CONDITION_MAX_MS);
        },
      );
    } finally {
      await rm(dir, { recursive: true });
    }
  },
};

/** In the running process, or while the receiver is away. */
async function stepClock(
  { receiver }: Stage,
  file: string,
  offsetMs: number,
  isAway: boolean,
): Promise<void> {
  if (isAway) await receiver.kill();
  await writeFile(file, `${offsetMs}`);
  if (isAway) await receiver.start();
  else receiver.signal("SIGUSR2");
  await until("the clock has stepped", CONDITION_MAX_MS, async () => {
    return (await readFile(`${file}.applied`, "utf8").catch(() => "")) === `${offsetMs}`;
  });
}
