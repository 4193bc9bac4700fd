/**
 * The seed of generated tests. Fixed, so that no landing depends on luck; `SPANLEDGER_TEST_SEED=random`
 * looks further, a number repeats a run.
 */
import { randomInt } from "node:crypto";

const SEED_DEFAULT = 20_261_121;

export function testSeed(): number {
  const asked = process.env.SPANLEDGER_TEST_SEED ?? SEED_DEFAULT;
  return asked === "random" ? randomInt(2 ** 31) : Number(asked);
}
