/**
 * Goal: origin, head and digests survive every restart, and the files stay bounded.
 * Method: real files, few requests in the window, many restarts.
 */
import { readdir } from "node:fs/promises";
import { monotonicFactory } from "ulid";
import { describe, expect, test } from "vitest";
import { type DoneBatch, DoneLog } from "./done-log.ts";
import { digest, START_MS, testDir } from "./spool.test.helper.ts";

async function openLog(dir: string, requestsMax = 10) {
  const found: DoneBatch[] = [];
  const make = monotonicFactory();
  const log = await DoneLog.open(
    {
      dir,
      requestsMax,
      ageMaxMs: 86_400_000,
      now: () => START_MS,
      newId: () => make(),
      newOrigin: () => "origin of the first start",
      onCorrupt: async () => undefined,
      counts: { commits: 0, records: 0, longestMs: 0 },
    },
    (batch) => found.push(batch),
  );
  return { log, found };
}

const batch = (sequence: number): DoneBatch => ({
  sequence,
  batchId: `batch ${sequence}`,
  hash: `${sequence}`.padStart(64, "0"),
  doneAtMs: START_MS,
  requests: [{ digest: digest(`${sequence}`), rejected: sequence }],
});

const numbersOf = (found: readonly DoneBatch[]): number[] => found.map(({ sequence }) => sequence);

describe("the log of done batches", () => {
  test("keeps origin, head and the newest requests over restarts", async () => {
    await using dir = await testDir();
    for (let sequence = 0; sequence < 15; sequence += 1) {
      const { log, found } = await openLog(dir.path);
      expect(log.origin).toBe("origin of the first start");
      expect(log.head?.sequence).toBe(sequence === 0 ? undefined : sequence - 1);
      const first = Math.max(0, sequence - 10);
      expect(numbersOf(found)).toEqual(
        Array.from({ length: sequence - first }, (_, index) => first + index),
      );
      expect(found.at(-1)?.requests[0]?.rejected).toBe(sequence === 0 ? undefined : sequence - 1);
      await log.append(batch(sequence));
      await log.close();
      expect((await readdir(dir.path)).length).toBeLessThanOrEqual(2);
    }
  });

  test("begins new files and removes old ones, yet always holds half the window", async () => {
    await using dir = await testDir();
    const { log } = await openLog(dir.path);
    for (let sequence = 0; sequence < 100; sequence += 1) {
      await log.append(batch(sequence));
      expect((await readdir(dir.path)).length).toBeLessThanOrEqual(3);
    }
    await log.close();
    const { log: again, found } = await openLog(dir.path);
    expect(again.head?.sequence).toBe(99);
    expect(numbersOf(found).slice(-5)).toEqual([95, 96, 97, 98, 99]);
    await again.close();
  });

  test("takes a batch that is logged twice as one, and no step back for a step forward", async () => {
    await using dir = await testDir();
    const { log } = await openLog(dir.path);
    for (const sequence of [0, 1, 0, 1]) await log.append(batch(sequence));
    await log.close();
    const { log: again, found } = await openLog(dir.path);
    expect([again.head?.sequence, found.length]).toEqual([1, 2]);
    await again.close();
  });

  test("takes batches after it was closed", async () => {
    await using dir = await testDir();
    const { log } = await openLog(dir.path);
    await log.close();
    await log.append(batch(0));
    await log.close();
    const { log: again } = await openLog(dir.path);
    expect(again.head?.sequence).toBe(0);
    await again.close();
  });
});
