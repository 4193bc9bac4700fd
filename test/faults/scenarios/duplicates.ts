/**
 * Everything delivered two to five times: one after another, at the same time, and again after the
 * receiver was stopped or killed and started.
 */
import type { Load, LoadRequest } from "../load.ts";
import { type Outcome, play, type Scenario } from "../scenario.ts";

const RESTARTS = { short: 2, long: 10 } as const;
const REQUESTS_BETWEEN = { short: 60, long: 200 } as const;
const CONDITION_MAX_MS = 60_000;
const COPIES_MAX = 5;

export const duplicates: Scenario = {
  name: "everything delivered 2 to 5 times",
  async run(form, seed): Promise<Outcome> {
    const sent: LoadRequest[] = [];
    const deliver = async (load: Load, request: LoadRequest): Promise<void> => {
      sent.push(request);
      await deliverOften(load, request);
    };
    return play(duplicates.name, form, seed, { load: { deliver } }, async (stage) => {
      const { load, receiver } = stage;
      load.start();
      for (let restart = 0; restart < RESTARTS[form]; restart += 1) {
        await load.tally.further("acknowledged", REQUESTS_BETWEEN[form], CONDITION_MAX_MS);
        const before = sent.splice(0);
        if (restart % 2 === 0) await receiver.kill();
        else await receiver.stop();
        await receiver.start();
        await Promise.all(before.map((request) => load.deliver(request)));
        for (const _ of before) stage.fault();
      }
    });
  },
};

async function deliverOften(load: Load, request: LoadRequest): Promise<void> {
  const copies = load.random.integer(2, COPIES_MAX);
  const atOnce = load.random.integer(0, copies);
  await Promise.all(Array.from({ length: atOnce }, () => load.deliver(request)));
  for (let copy = atOnce; copy < copies; copy += 1) await load.deliver(request);
}
