/**
 * Goal: memory is used again once nobody reads it, never before, and what is kept is bounded.
 * Method: which slab a view lies in; both sides of each limit; batches of a real spool.
 */
import { expect, test } from "vitest";
import { SLAB_SIZE_BYTES, SLABS_KEPT_MAX } from "./limits.ts";
import { BatchMemory, SlabPool } from "./slabs.ts";
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

test("what is free in the memory held is known", () => {
  const memory = new BatchMemory(new SlabPool());
  expect(memory.roomBytes).toBe(0);
  memory.take(10);
  expect(memory.roomBytes).toBe(SLAB_SIZE_BYTES - 10);
});

test("a record larger than a slab has memory of its own, which is not kept", () => {
  const pool = new SlabPool();
  const memory = new BatchMemory(pool);
  const large = memory.take(SLAB_SIZE_BYTES + 1);
  expect(large.length).toBe(SLAB_SIZE_BYTES + 1);
  expect(memory.sizeBytes).toBe(SLAB_SIZE_BYTES + 1);
  memory.release();
  expect(pool.take().memory).not.toBe(large.buffer);
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

/** Where the rows of a spool's next batch lie. */
async function nextBuffer(
  { spool, closed }: Awaited<ReturnType<typeof openTestSpool>>,
  name: string,
): Promise<ArrayBufferLike | undefined> {
  await spool.append(digest(name), encodeTexts([name]));
  await spool.close();
  return (await closed.at(-1)?.read())?.tables[0]?.chunks[0]?.buffer;
}

test("rows of a batch keep their place while it waits, whatever comes after it", async () => {
  await using dir = await testDir();
  const opened = await openTestSpool(dir.path);
  const first = await nextBuffer(opened, "first");
  const second = await nextBuffer(opened, "second");
  expect(second).not.toBe(first);
  const [batch] = opened.closed;
  if (batch === undefined) throw new Error("nothing was closed");
  expect(await textsOf(batch)).toBe("0=first;");
  await batch.done();
  expect(await nextBuffer(opened, "third")).toBe(first);
  await opened.stop();
});

test("a batch that is not kept in memory is read from the disk as it was written", async () => {
  await using dir = await testDir();
  const opened = await openTestSpool(dir.path, { limits: { closedInMemoryBytes: 0 } });
  for (const name of ["first", "second"]) {
    await opened.spool.append(digest(name), encodeTexts([name]));
    await opened.spool.close();
  }
  expect(await Promise.all(opened.closed.map(textsOf))).toEqual(["0=first;", "0=second;"]);
  expect(opened.closed.map(({ facts }) => facts.sizeBytes > 0)).toEqual([true, true]);
  await opened.stop();
});
