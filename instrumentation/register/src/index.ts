/**
 * `@spanledger/register`: THE one import. Importing it starts everything; see the README.
 *
 * No top-level await, so that `require()` works as well.
 */
import { type Started, start } from "./start.ts";

const started: Started = start();

/** Send what is queued, now. Rejects where the receiver does not take it. */
export function flush(): Promise<void> {
  return started.flush();
}

/** Send what is queued and stop recording. */
export function shutdown(): Promise<void> {
  return started.shutdown();
}
