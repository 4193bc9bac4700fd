/**
 * Goal: never more holders than places, and nobody who waits is passed over or forgotten.
 */
import { expect, test } from "vitest";
import { Slots } from "./slots.ts";

test("places go to whoever asked first", () => {
  const slots = new Slots(1);
  const granted: string[] = [];
  const first = slots.acquire(() => granted.push("first"));
  const second = slots.acquire(() => granted.push("second"));
  slots.acquire(() => granted.push("third"));
  expect(granted).toEqual(["first"]);
  expect(slots.waiting).toBe(2);
  first();
  expect(granted).toEqual(["first", "second"]);
  second();
  expect(granted).toEqual(["first", "second", "third"]);
  expect(slots.waiting).toBe(0);
});

test("whoever gives up waiting is passed over", () => {
  const slots = new Slots(1);
  const granted: string[] = [];
  const first = slots.acquire(() => granted.push("first"));
  const second = slots.acquire(() => granted.push("second"));
  slots.acquire(() => granted.push("third"));
  second();
  first();
  expect(granted).toEqual(["first", "third"]);
});

test("giving a place back twice makes no second place", () => {
  const slots = new Slots(1);
  const granted: string[] = [];
  const first = slots.acquire(() => granted.push("first"));
  first();
  first();
  slots.acquire(() => granted.push("second"));
  slots.acquire(() => granted.push("third"));
  expect(granted).toEqual(["first", "second"]);
});
