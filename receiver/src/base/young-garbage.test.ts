/**
 * Goal: the memory of buffers that died is given back when so much has died, and not before.
 * Method: buffers that nobody holds, and what Node says that buffers take.
 */
import { expect, test } from "vitest";
import { YoungGarbage } from "./young-garbage.ts";

const MIB = 1_048_576;
const COUNT = 32;

/** Buffers of 1 MiB, none of which is kept, and what they take for now. */
function litter(count: number): number {
  for (let index = 0; index < count; index += 1) Buffer.allocUnsafeSlow(MIB);
  return process.memoryUsage().arrayBuffers;
}

test("the memory of dead buffers is given back at the limit, not below", async () => {
  const garbage = new YoungGarbage(COUNT * MIB);
  const whole = litter(COUNT);
  garbage.note(COUNT * MIB - 1);
  expect(process.memoryUsage().arrayBuffers).toBe(whole);
  garbage.note(1);
  await expect.poll(() => process.memoryUsage().arrayBuffers).toBeLessThan(whole - 30 * MIB);
});

test("counting begins anew after a collection", async () => {
  const garbage = new YoungGarbage(COUNT * MIB);
  garbage.note(COUNT * MIB);
  const whole = litter(COUNT);
  garbage.note(COUNT * MIB - 1);
  expect(process.memoryUsage().arrayBuffers).toBeGreaterThan(whole - MIB);
  garbage.note(1);
  await expect.poll(() => process.memoryUsage().arrayBuffers).toBeLessThan(whole - 30 * MIB);
});
