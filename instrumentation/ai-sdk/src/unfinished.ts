/**
 * Calls that have not ended: streams that nobody reads, calls that version 6 says nothing more of.
 *
 * Side effect: one listener for `beforeExit`, which ends them when the process has nothing left to
 * do; what is queued then is still sent.
 */
import { safely } from "@spanledger/api/internal";
import type { Generation } from "./generation.ts";

const unfinished = new Map<Generation, () => void>();

let watched = false;

/** Remember a call. @param atExit ends it */
export function begun(generation: Generation, atExit: () => void): void {
  unfinished.set(generation, atExit);
  if (watched) return;
  watched = true;
  process.prependListener("beforeExit", () => {
    for (const end of unfinished.values()) safely(end);
    unfinished.clear();
  });
}

/** It has ended. */
export function finished(generation: Generation): void {
  unfinished.delete(generation);
}
