/**
 * kill -9 of the receiver under load, again and again, also while it starts.
 */
import { type Outcome, play, type Scenario, type Stage } from "../scenario.ts";
import { until } from "../wait.ts";

const KILLS = { short: 4, long: 50 } as const;
const ANSWER_MAX_MS = 60_000;

/** A kill comes after at most this many acknowledgements since the receiver was ready. */
const ACKNOWLEDGEMENTS_MAX = 60;

export const receiverKill: Scenario = {
  name: "receiver kill -9",
  run: (form, seed): Promise<Outcome> =>
    play(receiverKill.name, form, seed, {}, async (stage) => {
      stage.load.start();
      for (let kill = 0; kill < KILLS[form]; kill += 1) {
        await momentToKill(stage, kill);
        await stage.receiver.kill();
        stage.fault();
        stage.receiver.spawn();
      }
      await stage.receiver.ready();
      await stage.load.tally.further("acknowledged", 1, ANSWER_MAX_MS);
    }),
};

/** Under load, or, every fourth time, while it starts: what it replays is interrupted too. */
async function momentToKill({ receiver, load, random }: Stage, kill: number): Promise<void> {
  if (kill % 4 === 3) {
    const before = receiver.log;
    await until("the starting receiver says something", ANSWER_MAX_MS, () => {
      return receiver.log !== before || receiver.isReady || !receiver.isRunning;
    });
    return;
  }
  await receiver.ready();
  const acknowledgements = random.integer(0, ACKNOWLEDGEMENTS_MAX);
  await load.tally.further("acknowledged", acknowledgements, ANSWER_MAX_MS);
}
