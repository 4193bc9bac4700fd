/**
 * Goal: a retry is known, whatever the clock says, and memory stays bounded.
 * Method: digests by number, a clock by hand; both sides of each limit.
 */
import { expect, test } from "vitest";
import { WINDOW_MIN_REQUESTS } from "./limits.ts";
import { digest } from "./spool.test.helper.ts";
import { RequestWindow } from "./window.ts";

const DAY_MS = 86_400_000;

function add(window: RequestWindow, from: number, to: number, nowMs: number): void {
  for (let number = from; number < to; number += 1) window.add(digest(`${number}`), 0, nowMs);
}

test("a request stays known though the clock steps by days, forwards and backwards", () => {
  const window = new RequestWindow(4 * WINDOW_MIN_REQUESTS, DAY_MS);
  for (const [number, day] of [0, 2, 4, 8, -7, 0, 365].entries()) {
    add(window, number, number + 1, day * DAY_MS);
  }
  for (let number = 0; number < 7; number += 1) {
    expect(window.rejectedOf(digest(`${number}`))).toBe(0);
  }
});

test("many requests are forgotten when they are old: two generations after their own", () => {
  const window = new RequestWindow(8 * WINDOW_MIN_REQUESTS, DAY_MS);
  add(window, 0, WINDOW_MIN_REQUESTS, 0);
  add(window, WINDOW_MIN_REQUESTS, 2 * WINDOW_MIN_REQUESTS, DAY_MS);
  expect(window.rejectedOf(digest("0"))).toBe(0);
  add(window, 2 * WINDOW_MIN_REQUESTS, 2 * WINDOW_MIN_REQUESTS + 1, 2 * DAY_MS);
  expect(window.rejectedOf(digest("0"))).toBeUndefined();
  expect(window.rejectedOf(digest(`${WINDOW_MIN_REQUESTS}`))).toBe(0);
});

test("no more requests are known than it may hold, the newest of them", () => {
  const window = new RequestWindow(10, DAY_MS);
  add(window, 0, 1_000, 0);
  expect(window.size).toBeLessThanOrEqual(10);
  expect(window.rejectedOf(digest("995"))).toBe(0);
  expect(window.rejectedOf(digest("0"))).toBeUndefined();
});
