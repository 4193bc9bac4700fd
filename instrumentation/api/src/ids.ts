/**
 * Ids of runs, requests and approvals: ULIDs, monotonic in a process, so that they sort by time.
 */
import { monotonicFactory } from "ulid";

const next = monotonicFactory();

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
