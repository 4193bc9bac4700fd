/**
 * Ids of runs, requests and approvals: ULIDs, monotonic in a process, so that they sort by time.
 */
import { randomFillSync } from "node:crypto";
import { monotonicFactory } from "ulid";

/** Random bytes fetched at once: a ULID takes 16 of them, and each fetch costs about 2 µs. */
const POOL_BYTES = 1_024;

const pool = new Uint8Array(POOL_BYTES);
let used = POOL_BYTES;

const next = monotonicFactory(() => {
  if (used === POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const byte = pool[used] ?? 0;
  used += 1;
  return byte / 256;
});

/** An id that came from elsewhere: 1 to 128 characters that are safe in headers and in queries. */
const ID = /^[A-Za-z0-9._:-]{1,128}$/;

/** A new ULID, greater than every one before it in this process. */
export function newId(): string {
  return next();
}

/** Whether an id that came from elsewhere may be kept: 1 to 128 characters of `A-Za-z0-9._:-`. */
export function isId(value: unknown): value is string {
  return typeof value === "string" && ID.test(value);
}
