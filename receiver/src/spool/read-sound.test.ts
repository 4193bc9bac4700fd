/**
 * Goal: the usual way of reading a batch back gives what the careful way gives, or nothing at all.
 * Method: files of a real spool of several slabs, whole and damaged, read both ways; the rows are
 * copied by who takes them.
 */
import { readFile, truncate, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import type { BatchContents } from "./contents.ts";
import { crc32c } from "./crc32c.ts";
import { HELD_BACK_MIN_BYTES, PREPARED_MAX, RECORD_MAX_BYTES, SLAB_SIZE_BYTES } from "./limits.ts";
import { PreparedBatches } from "./prepared-rows.ts";
import { readBatch } from "./read-batch.ts";
import { readSound } from "./read-sound.ts";
import { type Slab, SlabPool } from "./slabs.ts";
import {
  digest,
  encodeTexts,
  factsOf,
  openTestSpool,
  TestPreparing,
  testDir,
} from "./spool.test.helper.ts";

const MEGABYTE = 1_048_576;

/** Write a batch with a request of each size; its file. */
async function batchOf(dir: string, sizes: readonly number[]): Promise<string> {
  const { spool, closed, stop } = await openTestSpool(dir);
  for (const [index, size] of sizes.entries()) {
    const text = String.fromCharCode(97 + index).repeat(size);
    await spool.append(digest(`${index}`), encodeTexts([text]));
  }
  await stop();
  return closed[0]?.facts.path ?? "";
}

const hashOf = (chunks: readonly Buffer[]): string =>
  digest(Buffer.concat(chunks).toString("latin1")).toString("hex");

/** The careful way. */
async function readWhole(path: string): Promise<{ contents: BatchContents; rows: string[] }> {
  const { contents } = await readBatch(path);
  if (contents === undefined) throw new Error("the file has no head");
  return { contents, rows: contents.tables.map(({ chunks }) => hashOf(chunks)) };
}

/** The usual way, in memory that is used again. */
async function readUsual(
  path: string,
): Promise<{ contents: BatchContents; rows: string[]; held: number } | undefined> {
  const preparing = new TestPreparing();
  const batches = new PreparedBatches(preparing, (error) => {
    throw error;
  });
  const sound = await readSound(path, new SlabPool(), (facts) => batches.begin(facts));
  if (sound === undefined) {
    expect(preparing.held.size).toBe(0);
    return undefined;
  }
  const { contents } = sound;
  const rows = preparing.held.get(contents.facts.batchId)?.map(hashOf) ?? [];
  return { contents, rows, held: preparing.held.size };
}

test.each([
  ["one small record", [10]],
  ["records that the end of a slab cuts", [3, 3, 3, 3, 3, 3].map((size) => size * MEGABYTE)],
  ["records larger than a slab", [SLAB_SIZE_BYTES, 10, 3 * SLAB_SIZE_BYTES, 10]],
  [
    "records whose memory goes to who takes the rows",
    [10, HELD_BACK_MIN_BYTES, 10, HELD_BACK_MIN_BYTES],
  ],
  ["a record that leaves room for the beginning of the next head", [SLAB_SIZE_BYTES - 800, 1_000]],
])("%s: the same both ways", async (_, sizes) => {
  await using dir = await testDir();
  const path = await batchOf(dir.path, sizes);
  const sound = await readUsual(path);
  const { contents, rows } = await readWhole(path);
  expect(sound?.contents.requests).toHaveLength(sizes.length);
  expect(sound?.contents.requests).toEqual(contents.requests);
  expect(sound?.contents.rows).toBe(contents.rows);
  expect(sound?.rows).toEqual(rows);
  expect(sound?.contents.facts).toEqual(contents.facts);
});

test("the end of a slab may cut a record at any byte of its head", async () => {
  await using dir = await testDir();
  // The head of the file takes about 800 bytes; in steps of one byte the second record crosses the end.
  const { length } = await readFile(await batchOf(dir.path, [1]));
  for (let size = SLAB_SIZE_BYTES - length - 20; size < SLAB_SIZE_BYTES - length + 20; size += 13) {
    await using own = await testDir();
    const path = await batchOf(own.path, [size, 100, 100]);
    const sound = await readUsual(path);
    expect(sound?.rows, `${size}`).toEqual((await readWhole(path)).rows);
  }
});

test("a length that no record has is left to the careful way", async () => {
  await using dir = await testDir();
  const path = await batchOf(dir.path, [SLAB_SIZE_BYTES - 900, 2_000]);
  const file = await readFile(path);
  const second = file.indexOf("SPLR", SLAB_SIZE_BYTES - 900);
  file.writeUInt32LE(RECORD_MAX_BYTES + 1, second + 4);
  file.writeUInt32LE(crc32c(file, second, second + 8), second + 8);
  await writeFile(path, file);
  expect(await readUsual(path)).toBeUndefined();
});

test("damage anywhere, or a missing end, is left to the careful way", async () => {
  await using dir = await testDir();
  const path = await batchOf(dir.path, [50, 50]);
  const whole = await readFile(path);
  for (let at = 0; at < whole.length; at += 97) {
    const damaged = Buffer.from(whole);
    damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at);
    await writeFile(path, damaged);
    expect(await readUsual(path), `byte ${at}`).toBeUndefined();
  }
  await writeFile(path, whole);
  await truncate(path, whole.length - 1);
  expect(await readUsual(path)).toBeUndefined();
});

test("what goes wrong on the way leaves nothing held", async () => {
  await using dir = await testDir();
  const path = await batchOf(dir.path, [3 * MEGABYTE, 3 * MEGABYTE, 3 * MEGABYTE]);
  const preparing = new TestPreparing();
  const batches = new PreparedBatches(preparing, () => undefined);
  const most = Array.from({ length: PREPARED_MAX - 1 }, (_, index) =>
    batches.begin(factsOf(`${index}`)),
  );
  const pool = new (class extends SlabPool {
    #taken = 0;
    override take(): Slab {
      this.#taken += 1;
      if (this.#taken === 2) throw new Error("no memory is left");
      return super.take();
    }
  })();
  const read = readSound(path, pool, (facts) => batches.begin(facts));
  await expect(read).rejects.toThrow("no memory is left");
  expect(preparing.held.size).toBe(0);
  expect(most).toHaveLength(PREPARED_MAX - 1);
  expect(batches.hasRoom).toBe(true);
});
