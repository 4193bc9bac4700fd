/** Goal: a job has one run id for ever, and no other job has it. Method: ULIDs read by hand. */
import { expect, test } from "vitest";
import { runIdOf } from "./run-id.ts";

/** The specification's example: this time is written so. */
const AT_MS = 1_469_918_176_385;
const TIME_TEXT = "01ARYZ6S41";
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

test("a job's run id is a ULID of the job's own time", () => {
  const id = runIdOf("bull:mail", "1", AT_MS);
  expect(id).toMatch(ULID);
  expect(id.slice(0, 10)).toBe(TIME_TEXT);
  expect(runIdOf("bull:mail", "1", AT_MS)).toBe(id);
});

test("another queue, id or time is another run", () => {
  const ids = [
    runIdOf("bull:mail", "1", AT_MS),
    runIdOf("bull:mail", "2", AT_MS),
    runIdOf("bull:mai", "l1", AT_MS),
    runIdOf("bull:mail", "1", AT_MS + 1),
  ];
  expect(new Set(ids).size).toBe(ids.length);
});

test.each([Number.NaN, -1, 0, Infinity, 2 ** 60])("a time of %d makes a ULID as well", (timeMs) => {
  expect(runIdOf("bull:mail", "1", timeMs)).toMatch(ULID);
});
