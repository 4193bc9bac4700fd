/**
 * Goal: memory is given back, and never memory that somebody else uses.
 * Method: buffers as Node makes them, with others in the same memory.
 */
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { claimMemory, freeMemory, ownMemory } from "./free-memory.ts";

const SIZE_BYTES = 100_000;

test.each([
  ["made for it", Buffer.allocUnsafe(SIZE_BYTES)],
  ["joined from others", Buffer.concat([Buffer.alloc(SIZE_BYTES), Buffer.alloc(1)])],
  ["behind the head of a gRPC message", Buffer.alloc(SIZE_BYTES).subarray(5)],
])("memory %s is given back", (_, bytes) => {
  freeMemory(bytes);
  expect([bytes.length, bytes.buffer.byteLength]).toEqual([0, 0]);
});

const whole = Buffer.alloc(SIZE_BYTES, "a");

test.each([
  ["the beginning of a larger one", whole.subarray(0, SIZE_BYTES - 1)],
  ["the end of a larger one", whole.subarray(6)],
  ["in Node's pool", Buffer.from("short")],
  ["a compressed text", gzipSync("short")],
  ["shared between threads", Buffer.from(new SharedArrayBuffer(SIZE_BYTES))],
])("memory that is %s stays", (_, bytes) => {
  const before = Buffer.from(bytes).toString("latin1");
  freeMemory(bytes);
  expect(bytes.toString("latin1")).toBe(before);
});

test("memory larger than the bytes at its front is theirs once somebody has said so", () => {
  const bytes = Buffer.alloc(SIZE_BYTES).subarray(0, SIZE_BYTES / 2);
  expect(ownMemory(bytes)).toBeUndefined();
  claimMemory(bytes);
  expect(ownMemory(bytes)).toBe(bytes.buffer);
  expect(ownMemory(bytes.subarray(6))).toBeUndefined();
  freeMemory(bytes);
  expect([bytes.length, bytes.buffer.byteLength]).toEqual([0, 0]);
});

test("giving it back twice does nothing", () => {
  const bytes = Buffer.allocUnsafe(SIZE_BYTES);
  freeMemory(bytes);
  freeMemory(bytes);
  expect(bytes).toHaveLength(0);
});
