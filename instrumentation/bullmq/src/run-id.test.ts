/** Goal: a job has one run id for ever, and no other job has it. Method: the ULID package reads it. */
import { decodeTime, isValid } from "ulid";
import { expect, test } from "vitest";
import { runIdOf } from "./run-id.ts";

const AT_MS = 1_795_260_127_184;

test("a job's run id is a ULID of the job's own time", () => {
  const id = runIdOf("bull:mail", "1", AT_MS);
  expect(isValid(id)).toBe(true);
  expect(decodeTime(id)).toBe(AT_MS);
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
  const id = runIdOf("bull:mail", "1", timeMs);
  expect(isValid(id)).toBe(true);
});
