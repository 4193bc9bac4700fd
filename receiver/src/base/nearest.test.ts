/** Goal: a typing mistake finds its word, and nothing else does. Method: vectors. */
import { expect, test } from "vitest";
import { didYouMean, nearest } from "./nearest.ts";

const WORDS = ["runs", "run", "timeline", "decisions", "failures-by-step", "branch-shares"];

test.each([
  ["decisoins", "decisions"],
  ["decision", "decisions"],
  ["Timelin", "timeline"],
  ["failures", "failures-by-step"],
  ["branch_shares", "branch-shares"],
])("%s is taken for %s", (typed, meant) => {
  expect(nearest(typed, WORDS)).toBe(meant);
});

test.each(["", "zzzzzz", "x", "a".repeat(65)])("%j is taken for nothing", (typed) => {
  expect(nearest(typed, WORDS)).toBeUndefined();
  expect(didYouMean(typed, WORDS)).toBe("");
});
