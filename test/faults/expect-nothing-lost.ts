/**
 * A scenario as a test: its short form, with a seed that a failure prints.
 */
import { randomInt } from "node:crypto";
import { expect, test } from "vitest";
import type { Scenario } from "./scenario.ts";

const SEED_MAX = 0x7fff_ffff;

/** Longest time of one scenario, in milliseconds: it starts several processes, also on a busy machine. */
const SCENARIO_MAX_MS = 180_000;

/** `SPANLEDGER_TEST_FAULTS_SEED` brings a run back. */
function seedOf(): number {
  const given = process.env.SPANLEDGER_TEST_FAULTS_SEED;
  return given === undefined ? randomInt(SEED_MAX) : Number(given);
}

/** Nothing acknowledged is lost, nothing is there twice, every sum is right. */
export function testScenario(scenario: Scenario): void {
  const seed = seedOf();
  test(
    `${scenario.name}: all that was acknowledged is stored once (seed ${seed})`,
    async (context) => {
      const outcome = await scenario.run("short", seed);
      if (outcome.skipped !== undefined) context.skip(outcome.skipped);
      expect(outcome.problems).toEqual([]);
      expect(outcome).toMatchObject({ lost: 0, twice: 0 });
      // A run without faults or without acknowledgements would prove nothing.
      expect(outcome.faults).toBeGreaterThan(0);
      expect(outcome.acknowledged).toBeGreaterThan(0);
      expect(outcome.stored).toBeGreaterThanOrEqual(outcome.acknowledged);
    },
    SCENARIO_MAX_MS,
  );
}
