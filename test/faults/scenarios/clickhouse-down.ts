/**
 * ClickHouse unreachable for a while, then slow, then answering into connections that are cut.
 *
 * The receiver acknowledges meanwhile what its spool takes; with a small spool it must refuse. There
 * it is also told to end while ClickHouse is away: what it acknowledged waits for the next start.
 */
import { setTimeout as delay } from "node:timers/promises";
import { startExternalClickHouse } from "../external-clickhouse.ts";
import { type Outcome, play, type Scenario, type Stage } from "../scenario.ts";
import type { TcpProxy } from "../tcp-proxy.ts";
import { until } from "../wait.ts";

/** How long nobody listens, in milliseconds. This is the fault itself, not a wait for something. */
const DOWN_MS = { short: 3_000, long: 60_000 } as const;
const SLOW_MS = { short: 300, long: 1_000 } as const;
/** Answers that are cut off after ClickHouse has committed. */
const CUTS = { short: 3, long: 10 } as const;
const CONDITION_MAX_MS = 120_000;
/** After each cut the receiver pauses longer, up to 23 s. */
const CUTS_MAX_MS = 300_000;

/** Spool of the second half, in bytes: the smallest that is allowed, so that it fills in time. */
const SMALL_SPOOL_BYTES = 1_048_576;

export const clickhouseDown: Scenario = {
  name: "ClickHouse down, slow, cut",
  run: (form, seed) => playDown(clickhouseDown.name, form, seed, {}, acknowledges, slowThenCut),
};

export const spoolFull: Scenario = {
  name: "ClickHouse down, spool full",
  run: (form, seed) =>
    playDown(
      spoolFull.name,
      form,
      seed,
      { SPANLEDGER_SPOOL_MAX_BYTES: `${SMALL_SPOOL_BYTES}` },
      refusesAndEnds,
      async () => undefined,
    ),
};

async function playDown(
  name: string,
  form: "short" | "long",
  seed: number,
  environment: Readonly<Record<string, string>>,
  meanwhile: (stage: Stage) => Promise<void>,
  afterwards: (stage: Stage, proxy: TcpProxy) => Promise<void>,
): Promise<Outcome> {
  const clickhouse = await startExternalClickHouse({ slowMs: SLOW_MS[form] });
  const { proxy, proxyUrl, directUrl } = clickhouse;
  try {
    return await play(
      name,
      form,
      seed,
      {
        environment: { SPANLEDGER_CLICKHOUSE_URL: proxyUrl, ...environment },
        clickhouseUrl: directUrl,
      },
      async (stage) => {
        stage.load.start();
        await stage.load.tally.further("acknowledged", 50, CONDITION_MAX_MS);
        await proxy.set("closed");
        stage.fault();
        const isOver = delay(DOWN_MS[form]);
        await meanwhile(stage);
        await isOver;
        await afterwards(stage, proxy);
        await proxy.set("open");
        await stage.receiver.ready();
        await stage.load.tally.further("acknowledged", 50, CONDITION_MAX_MS);
      },
    );
  } finally {
    await clickhouse.stop();
  }
}

async function acknowledges({ load }: Stage): Promise<void> {
  await load.tally.further("acknowledged", 100, CONDITION_MAX_MS);
}

/** Slow, then cut in the middle of answers. */
async function slowThenCut({ form, load, fault }: Stage, proxy: TcpProxy): Promise<void> {
  await proxy.set("slow");
  fault();
  await load.tally.further("acknowledged", 50, CONDITION_MAX_MS);
  await proxy.set("cut");
  const goal = proxy.cuts + CUTS[form];
  await until("answers were cut", CUTS_MAX_MS, () => proxy.cuts >= goal);
  for (let cut = 0; cut < CUTS[form]; cut += 1) fault();
}

async function refusesAndEnds({ load, receiver, problems, fault }: Stage): Promise<void> {
  await load.tally.further("refused", 20, CONDITION_MAX_MS);
  fault();
  const code = await receiver.stop();
  fault();
  if (code !== 0) problems.push({ code: "FAULT", text: `SIGTERM without ClickHouse gave ${code}` });
  receiver.spawn();
}
