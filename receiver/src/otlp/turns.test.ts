/**
 * Goal: bodies arrive in the order in which they were asked for, few at a time and few bytes at a
 * time, and a body larger than that comes alone instead of never.
 * Method: a budget of bytes, and grants that are noted; both sides of each limit.
 */
import { expect, test } from "vitest";
import { ByteBudget } from "./byte-budget.ts";
import { Turns } from "./turns.ts";

const READ_AHEAD_BYTES = 100;

function subject(count = 10) {
  const budget = new ByteBudget(1_000);
  const turns = new Turns(count, budget, READ_AHEAD_BYTES);
  const granted: string[] = [];
  const ask = (name: string, bytes: number) =>
    turns.acquire(
      () => bytes,
      () => granted.push(name),
    );
  return { budget, turns, granted, ask };
}

test("turns are counted, first come first served", () => {
  const { turns, granted, ask } = subject(1);
  const end = ask("first", 1);
  const endSecond = ask("second", 1);
  ask("third", 1);
  expect(turns.waiting).toBe(2);
  end();
  end();
  expect(granted).toEqual(["first", "second"]);
  endSecond();
  expect(granted).toEqual(["first", "second", "third"]);
  expect(turns.waiting).toBe(0);
});

test("bytes that are expected are room that is taken", () => {
  const { granted, ask } = subject();
  const end = ask("first", 60);
  ask("fits", 40);
  ask("does not", 1);
  expect(granted).toEqual(["first", "fits"]);
  end();
  expect(granted).toEqual(["first", "fits", "does not"]);
});

test("bytes that are held are room that is taken, until they are given back", () => {
  const { budget, granted, ask } = subject();
  const end = ask("first", 80);
  budget.tryTake(80);
  end();
  ask("second", 21);
  expect(granted).toEqual(["first"]);
  budget.give(80);
  expect(granted).toEqual(["first", "second"]);
});

test("a body larger than all room comes once nothing is held, and nobody passes it", () => {
  const { budget, granted, ask } = subject();
  budget.tryTake(1);
  ask("large", 5_000);
  ask("small", 1);
  expect(granted).toEqual([]);
  budget.give(1);
  expect(granted).toEqual(["large"]);
});

test("who gives up waiting lets the next one pass", () => {
  const { budget, granted, ask } = subject();
  budget.tryTake(1);
  const giveUp = ask("large", 5_000);
  ask("small", 1);
  giveUp();
  expect(granted).toEqual(["small"]);
});
