/**
 * Goal: memory is used again once nobody reads it, never before, and what is kept is bounded.
 * Method: which slab a view lies in; both sides of each limit; batches of a real spool.
 */
import { expect, test } from "vitest";
import {
  HELD_BACK_MIN_BYTES,
  LARGE_KEPT_MAX_BYTES,
  LARGE_STEP_BYTES,
  SLAB_SIZE_BYTES,
  SLABS_KEPT_MAX,
} from "./limits.ts";
import { BatchMemory, largeMemory, SlabPool } from "./slabs.ts";
import { digest, encodeTexts, openTestSpool, testDir, textsOf } from "./spool.test.helper.ts";

test("records of a batch lie one after another, and never in the same place", () => {
  const memory = new BatchMemory(new SlabPool());
  const first = memory.take(10);
  const second = memory.take(SLAB_SIZE_BYTES - 10);
  const third = memory.take(1);
  expect(second.buffer).toBe(first.buffer);
  expect(second.byteOffset).toBe(first.byteOffset + 10);
  expect(third.buffer).not.toBe(first.buffer);
  expect([first, second, third].map(({ length }) => length)).toEqual([10, SLAB_SIZE_BYTES - 10, 1]);
  expect(memory.sizeBytes).toBe(2 * SLAB_SIZE_BYTES);
});

test("a slab goes back when its last record is read no more, unless more come into it", () => {
  const pool = new SlabPool();
  const memory = new BatchMemory(pool);
  const [first, second] = [memory.take(10), memory.take(SLAB_SIZE_BYTES - 10)];
  const third = memory.take(10);
  memory.free(first);
  expect(memory.sizeBytes).toBe(2 * SLAB_SIZE_BYTES);
  memory.free(second);
  expect(memory.sizeBytes).toBe(SLAB_SIZE_BYTES);
  expect(pool.take().memory).toBe(first.buffer);
  // The last one of a batch stays, however idle, until a record does not fit any more.
  memory.free(third);
  expect(memory.take(10).buffer).toBe(third.buffer);
});

test("a slab whose records were read before it was full goes back when the next one is begun", () => {
  const pool = new SlabPool();
  const memory = new BatchMemory(pool);
  const first = memory.take(SLAB_SIZE_BYTES);
  memory.free(first);
  memory.take(10);
  expect(memory.sizeBytes).toBe(SLAB_SIZE_BYTES);
  expect(pool.take().memory).toBe(first.buffer);
});

test("a record larger than a slab has memory of its own, in which the next one like it lies", () => {
  const pool = new SlabPool();
  const memory = new BatchMemory(pool);
  const large = memory.take(SLAB_SIZE_BYTES + 1);
  expect(large.length).toBe(SLAB_SIZE_BYTES + 1);
  const ownBytes = largeMemory(SLAB_SIZE_BYTES + 1).byteLength;
  expect(memory.sizeBytes).toBe(ownBytes);
  expect(memory.take(SLAB_SIZE_BYTES + 1).buffer).not.toBe(large.buffer);
  memory.free(large);
  expect(memory.sizeBytes).toBe(ownBytes);
  expect(pool.take().memory).not.toBe(large.buffer);
  expect(memory.take(2 * SLAB_SIZE_BYTES + LARGE_STEP_BYTES).buffer).not.toBe(large.buffer);
  expect(memory.take(SLAB_SIZE_BYTES + 1_000).buffer).toBe(large.buffer);
});

test("a very large record has memory that can be handed over, and freed by hand", () => {
  const pool = new SlabPool();
  const memory = new BatchMemory(pool);
  const sizeBytes = HELD_BACK_MIN_BYTES + 1;
  const [handedOver, here] = [memory.take(sizeBytes), memory.take(sizeBytes)];
  expect(memory.sizeBytes).toBe(2 * sizeBytes);
  structuredClone(handedOver.buffer, { transfer: [handedOver.buffer as ArrayBuffer] });
  memory.free(handedOver);
  expect(memory.sizeBytes).toBe(sizeBytes);
  memory.free(here);
  expect([memory.sizeBytes, here.length]).toEqual([0, 0]);
  expect(pool.takeAllLarge()).toEqual([]);
});

test("of memory for large records no more is kept than may be, the largest least", () => {
  const pool = new SlabPool();
  const most = new SharedArrayBuffer(LARGE_KEPT_MAX_BYTES);
  pool.giveMemory(most);
  const small = new SharedArrayBuffer(SLAB_SIZE_BYTES + 1);
  pool.giveMemory(small);
  expect(pool.takeAllLarge().map(({ memory }) => memory)).toEqual([small]);
  expect(pool.takeAllLarge()).toEqual([]);
});

test("memory smaller than a slab, made for one record, is never taken for a slab", () => {
  const pool = new SlabPool();
  pool.giveMemory(new SharedArrayBuffer(10));
  pool.giveMemory(new SharedArrayBuffer(SLAB_SIZE_BYTES));
  expect(pool.takeAllLarge()).toEqual([]);
  expect(pool.take().bytes.length).toBe(SLAB_SIZE_BYTES);
});

test("released memory is used again, once", () => {
  const pool = new SlabPool();
  const memory = new BatchMemory(pool);
  const released = memory.take(1);
  memory.release();
  memory.release();
  const again = memory.take(1);
  expect(again.buffer).toBe(released.buffer);
  expect(pool.take().memory).not.toBe(released.buffer);
});

test("no more slabs are kept than may be", () => {
  const pool = new SlabPool();
  const slabs = Array.from({ length: SLABS_KEPT_MAX + 1 }, () => pool.take());
  for (const slab of slabs) pool.give(slab);
  const kept = new Set(Array.from({ length: SLABS_KEPT_MAX }, () => pool.take().memory));
  expect(kept.size).toBe(SLABS_KEPT_MAX);
  expect(slabs.filter(({ memory }) => kept.has(memory)).length).toBe(SLABS_KEPT_MAX);
  expect(kept.has(pool.take().memory)).toBe(false);
});

test("memory of a spool is used again as soon as the rows are on the disk and taken", async () => {
  await using dir = await testDir();
  const opened = await openTestSpool(dir.path, { limits: { rows: 1 } });
  const places = new Set<unknown>();
  const take = opened.preparing.take.bind(opened.preparing);
  opened.preparing.take = (facts, pieces) => {
    for (const piece of pieces.flat()) places.add(piece.buffer);
    return take(facts, pieces);
  };
  for (const name of ["first", "second", "third"]) {
    await opened.spool.append(digest(name), encodeTexts([name]));
    await opened.spool.close();
  }
  expect(places.size).toBe(1);
  expect(await Promise.all(opened.closed.map(textsOf))).toEqual([
    "0=first;",
    "0=second;",
    "0=third;",
  ]);
  await opened.stop();
});
