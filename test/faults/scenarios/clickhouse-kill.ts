/**
 * kill -9 of ClickHouse, the embedded engine's process, while an INSERT's body arrives or runs.
 */
import { type FSWatcher, watch } from "node:fs";
import { join } from "node:path";
import { type Outcome, play, type Scenario, type Stage } from "../scenario.ts";
import { until } from "../wait.ts";

const KILLS = { short: 3, long: 20 } as const;
const CONDITION_MAX_MS = 60_000;

export const clickhouseKill: Scenario = {
  name: "ClickHouse kill -9 mid-insert",
  run: (form, seed): Promise<Outcome> =>
    play(clickhouseKill.name, form, seed, {}, async (stage) => {
      stage.load.start();
      for (let kill = 0; kill < KILLS[form]; kill += 1) {
        const pid = await insertUnderWay(stage);
        process.kill(pid, "SIGKILL");
        stage.fault();
        await until("the engine is another process", CONDITION_MAX_MS, async () => {
          const next = await stage.receiver.enginePid();
          return next !== undefined && next !== pid;
        });
      }
      await stage.load.tally.further("acknowledged", 1, CONDITION_MAX_MS);
    }),
};

/** Wait for the file that the engine keeps an INSERT's body in. @returns the engine's process id */
async function insertUnderWay({ receiver, dataDir, random }: Stage): Promise<number> {
  const skip = random.integer(0, 4);
  let seen = 0;
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(join(dataDir, "clickhouse", "spool"), () => {
      seen += 1;
    });
    await until("an INSERT is under way", CONDITION_MAX_MS, () => seen > skip);
  } finally {
    watcher?.close();
  }
  const pid = await receiver.enginePid();
  if (pid === undefined) throw new Error("the engine has no process");
  return pid;
}
