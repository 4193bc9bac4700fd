/**
 * Waiting for conditions, never for time.
 */
import { setTimeout as delay } from "node:timers/promises";

/** How often a condition that nobody announces is looked at, in milliseconds. */
const LOOK_EVERY_MS = 10;

/**
 * Wait until `condition` holds.
 *
 * @param what names it in the error
 * @throws after `maxMs` milliseconds
 */
export async function until(
  what: string,
  maxMs: number,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const endMs = performance.now() + maxMs;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`waited ${maxMs} ms in vain until ${what}`);
    await delay(LOOK_EVERY_MS);
  }
}
