/**
 * Goal: what is acknowledged is handed on, once, in order, whatever happens to process and disk.
 * Method: real files; a crash is a copy of the folder as it was at some byte; rows and seals that can
 * be read (`spool.test.helper.ts`).
 */
import { cp, readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import type { ClosedBatch } from "./closed-batch.ts";
import {
  BATCH_IDLE_MS,
  BATCH_MAX_COLUMN_BYTES,
  HELD_BACK_MIN_BYTES,
  PREPARED_MAX,
  PREPARED_MAX_BYTES,
} from "./limits.ts";
import {
  digest,
  encodeTexts,
  headerOf,
  openTestSpool,
  START_MS,
  type TestSpool,
  testDir,
  textsOf,
} from "./spool.test.helper.ts";

const append = (open: TestSpool, ...texts: string[]) =>
  open.spool.append(digest(texts.join()), encodeTexts(texts));

async function batchFiles(dir: string): Promise<string[]> {
  return (await readdir(dir)).filter((name) => name.endsWith(".batch")).toSorted();
}

/** The texts of every batch, by file order. */
async function allTexts(closed: readonly ClosedBatch[]): Promise<string> {
  return (await Promise.all(closed.map(textsOf))).join("|");
}

describe("appending", () => {
  test("is on the disk when it resolves, before the batch closes", async () => {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path);
    expect(await append(open, "a", "b")).toEqual({ rejected: 0, message: "" });
    await append(open, "c");
    const [file = ""] = await batchFiles(dir.path);
    expect((await readFile(join(dir.path, file))).toString("latin1")).toMatch(/0=a;.*1=b;.*2=c;/s);
    await open.stop();
    expect(await allTexts(open.closed)).toBe("0=a;1=b;2=c;");
  });

  test("groups what comes at the same time into few commits", async () => {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path);
    await append(open, "first");
    const { commits } = await open.spool.state();
    await Promise.all(Array.from({ length: 100 }, (_, index) => append(open, `t${index}`)));
    expect((await open.spool.state()).commits - commits).toBeLessThanOrEqual(3);
    await open.stop();
  });

  test("that fails in the encoder appends nothing and leaves no file", async () => {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path);
    const broken = open.spool.append(digest("x"), () => {
      throw new RangeError("cannot be read");
    });
    await expect(broken).rejects.toThrow("cannot be read");
    await open.stop();
    expect([open.closed, await batchFiles(dir.path)]).toEqual([[], []]);
  });

  test("is refused once the spool stops", async () => {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path);
    await open.stop();
    await expect(append(open, "late")).rejects.toMatchObject({
      code: "SPOOL_STOPPING",
      retryable: true,
    });
  });

  test("is refused at the limit, with a time to wait, and taken again when a batch has left", async () => {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path, { maxBytes: 2_000 });
    const big = "x".repeat(900);
    await append(open, big);
    await expect(append(open, `${big}y`)).resolves.toBeDefined();
    await expect(append(open, `${big}z`)).rejects.toMatchObject({
      code: "SPOOL_FULL",
      retryable: true,
      retryAfterMs: 5_000,
    });
    await open.spool.close();
    await open.closed[0]?.done();
    await append(open, `${big}z`);
    await open.stop();
    expect((await open.spool.state()).refusedRequests).toBe(1);
  });

  test("of more days than a batch may have is refused for good", async () => {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path);
    const texts = Array.from({ length: 1_025 }, (_, index) => `${index}`);
    await expect(
      open.spool.append(digest("days"), encodeTexts(texts, { days: 1_025 })),
    ).rejects.toMatchObject({ code: "OTLP_REQUEST_TOO_LARGE", retryable: false });
    await open.spool.append(digest("fewer"), encodeTexts(texts, { days: 1_024 }));
    await open.stop();
    expect(open.closed).toHaveLength(1);
  });
});

describe("a batch", () => {
  test.each([
    ["rows", { rows: 3 }],
    ["bytes", { bytes: 250 }],
  ])("closes by %s", async (_, limits) => {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path, { limits });
    for (let index = 0; index < 7; index += 1) await append(open, `text ${index}`);
    await vi.waitUntil(() => open.closed.length >= 2);
    await open.stop();
  });

  test("closes when its rows take as much as they may where they are held", async () => {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path);
    const heldBytes = vi
      .spyOn(open.preparing, "take")
      .mockResolvedValue(BATCH_MAX_COLUMN_BYTES - 1);
    await append(open, "a");
    await append(open, "b");
    await vi.waitUntil(() => heldBytes.mock.calls.length === 2);
    heldBytes.mockResolvedValue(BATCH_MAX_COLUMN_BYTES);
    await append(open, "c");
    await vi.waitUntil(() => heldBytes.mock.calls.length === 3);
    expect((await open.spool.state()).waitingBatches).toBe(0);
    await append(open, "d");
    await vi.waitUntil(() => open.closed.length === 1);
    expect(headerOf(open.closed[0] as ClosedBatch).rows).toBe(4);
    await open.stop();
  });

  test("whose rows cannot be taken, or not now, is read back from its file", async () => {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path, { limits: { rows: 2 } });
    const taken = vi.spyOn(open.preparing, "take").mockResolvedValueOnce(undefined);
    const discarded = vi.spyOn(open.preparing, "discard");
    await append(open, "a", "b");
    taken.mockRejectedValueOnce(new Error("no memory"));
    await append(open, "c", "d");
    await open.spool.close();
    expect(open.closed.map(({ isPrepared }) => isPrepared)).toEqual([false, false]);
    expect(discarded).toHaveBeenCalledTimes(2);
    expect(await allTexts(open.closed)).toBe("0=a;1=b;|0=c;1=d;");
    await open.stop();
  });

  test("of many rows closes when nothing more comes, unless ClickHouse is behind", async () => {
    await using dir = await testDir();
    let isBehind = true;
    const open = await openTestSpool(dir.path, {
      limits: { idleRows: 2 },
      isBehind: () => isBehind,
    });
    await append(open, "a");
    await append(open, "b");
    await append(open, "c");
    vi.useFakeTimers();
    try {
      await append(open, "d");
      await vi.advanceTimersByTimeAsync(BATCH_IDLE_MS);
      expect(open.closed).toEqual([]);
      isBehind = false;
      await append(open, "e");
      await vi.advanceTimersByTimeAsync(BATCH_IDLE_MS - 1);
      expect(open.closed).toEqual([]);
    } finally {
      vi.useRealTimers();
    }
    await open.stop();
    expect(open.closed).toHaveLength(1);
  });

  test("of few rows waits for its age", async () => {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path, { limits: { idleRows: 2, ageMs: 50 } });
    await append(open, "a");
    await vi.waitUntil(() => open.closed.length === 1);
    await append(open, "b", "c");
    await vi.waitUntil(() => open.closed.length === 2);
    await open.stop();
    expect(await allTexts(open.closed)).toBe("0=a;|0=b;1=c;");
  });

  test("closes by age, later while ClickHouse is behind", async () => {
    await using dir = await testDir();
    let isBehind = true;
    const limits = { ageMs: 1, backlogAgeMs: 3_600_000 };
    const open = await openTestSpool(dir.path, { limits, isBehind: () => isBehind });
    await append(open, "a");
    await append(open, "b");
    expect(open.closed).toEqual([]);
    isBehind = false;
    await vi.waitUntil(() => open.closed.length === 1);
    await open.stop();
    expect(await allTexts(open.closed)).toBe("0=a;1=b;");
  });

  test("closes when its rows lie on many days", async () => {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path);
    const texts = Array.from({ length: 128 }, (_, index) => `${index}`);
    await open.spool.append(digest("days"), encodeTexts(texts, { days: 128 }));
    await vi.waitUntil(() => open.closed.length === 1);
    await open.stop();
  });

  test("is sealed in the order of closing, each header naming the one before", async () => {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path, { limits: { rows: 1 } });
    for (const text of ["a", "b", "c"]) await append(open, text);
    await open.stop();
    const headers = open.closed.map(headerOf);
    expect(headers.map(({ sequence }) => sequence)).toEqual([0, 1, 2]);
    expect(headers.map(({ previous }) => previous)).toEqual([
      "00".repeat(32),
      open.closed[0]?.facts.hash,
      open.closed[1]?.facts.hash,
    ]);
  });

  test("beyond those whose rows are held elsewhere is read back from its file", async () => {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path, { limits: { rows: 1 } });
    const names = Array.from({ length: PREPARED_MAX + 1 }, (_, index) => `${index}`);
    for (const name of names) await append(open, name);
    await open.spool.close();
    const arePrepared = open.closed.map(({ isPrepared }) => isPrepared);
    expect(arePrepared).toEqual(names.map((_, index) => index < PREPARED_MAX));
    await open.closed[0]?.done();
    await append(open, "later");
    await open.stop();
    // There is room again, but one that waits on the disk comes first.
    expect(open.closed.at(-1)?.isPrepared).toBe(false);
    expect(await allTexts(open.closed.slice(-2))).toBe(`0=${PREPARED_MAX};|0=later;`);
    expect(open.preparing.held.size).toBe(PREPARED_MAX + 1);
    for (const batch of open.closed.slice(1)) await batch.done();
    expect(open.preparing.held.size).toBe(0);
  });

  test("is read back from its file where those held elsewhere are large", async () => {
    await using dir = await testDir();
    const take = async (): Promise<number> => PREPARED_MAX_BYTES + 1;
    const preparing = { take, discard: () => undefined };
    const open = await openTestSpool(dir.path, { limits: { rows: 1 }, preparing });
    for (const [index, name] of ["a", "b"].entries()) {
      await append(open, name);
      // It is closed once its rows are taken.
      await vi.waitUntil(() => open.closed.length === index + 1);
    }
    expect(open.closed.map(({ isPrepared }) => isPrepared)).toEqual([true, false]);
    for (const batch of open.closed) await batch.done();
    await append(open, "c");
    await open.stop();
    expect(open.closed.at(-1)?.isPrepared).toBe(true);
  });

  test("takes a very large request, which is acknowledged when its memory is read no more", async () => {
    await using dir = await testDir();
    const taken = Promise.withResolvers<number>();
    const preparing = { take: () => taken.promise, discard: () => undefined };
    const open = await openTestSpool(dir.path, { preparing });
    let isAcknowledged = false;
    const large = append(open, "l".repeat(HELD_BACK_MIN_BYTES)).then(() => {
      isAcknowledged = true;
    });
    // A small one behind it does not wait.
    await append(open, "small");
    expect((await open.spool.state()).records).toBeGreaterThan(1);
    expect(isAcknowledged).toBe(false);
    taken.resolve(1);
    await large;
    await open.stop();
  });

  test("lets requests wait until it is sealed, when such batches hold too much memory", async () => {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path, { limits: { rows: 1, unsealedBytes: 0 } });
    const sealedBefore: number[] = [];
    const noting = (text: string) =>
      open.spool.append(digest(text), (place) => {
        sealedBefore.push(open.closed.length);
        return encodeTexts([text])(place);
      });
    await Promise.all([noting("a"), noting("b"), noting("c")]);
    // Two are made at the same time (RECORDING_MAX), into the same batch.
    expect(sealedBefore).toEqual([0, 0, 1]);
    await open.stop();
  });
});

describe("a request that comes again", () => {
  test("at the same time, later, after the batch has left, and after a restart is stored once", async () => {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path);
    await Promise.all([append(open, "a"), append(open, "a")]);
    await append(open, "a");
    await open.spool.close();
    await append(open, "a");
    expect(await allTexts(open.closed)).toBe("0=a;");
    await open.closed[0]?.done();
    await append(open, "a");
    await append(open, "b");
    await open.stop();
    const again = await openTestSpool(dir.path);
    await append(again, "a");
    await append(again, "b");
    await again.stop();
    expect(open.closed).toHaveLength(2);
    expect(await allTexts(again.closed)).toBe("0=b;");
    expect((await open.spool.state()).repeatedRequests).toBe(4);
  });

  test("is told how much of it had been refused", async () => {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path);
    const encode: typeof encodeTexts = (texts) => (place) => ({
      ...encodeTexts(texts)(place),
      rejected: 2,
      message: "two bad",
    });
    await open.spool.append(digest("p"), encode(["a"]));
    await open.stop();
    const again = await openTestSpool(dir.path);
    const answer = await again.spool.append(digest("p"), encode(["a"]));
    expect(answer).toMatchObject({
      rejected: 2,
      message: expect.stringContaining("refused before"),
    });
    await again.stop();
  });

  test("beyond the window is stored again", async () => {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path, { limits: { windowRequests: 4 } });
    for (let index = 0; index < 6; index += 1) await append(open, `t${index}`);
    await append(open, "t5");
    await append(open, "t0");
    await open.stop();
    expect(await allTexts(open.closed)).toBe("0=t0;1=t1;2=t2;3=t3;4=t4;5=t5;6=t0;");
  });
});

describe("a restart", () => {
  test("hands on what was left, sealed or not, as the next in the log", async () => {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path);
    await append(open, "a");
    await open.spool.close();
    await append(open, "b");
    await using crashed = await testDir();
    await cp(dir.path, crashed.path, { recursive: true });
    await open.stop();
    const again = await openTestSpool(crashed.path);
    expect(await allTexts(again.closed)).toBe("0=a;|0=b;");
    expect(again.closed.map((batch) => headerOf(batch).sequence)).toEqual([0, 1]);
    expect(again.closed.map(({ facts }) => facts.wasLeft)).toEqual([true, true]);
    // The same seal as without the crash: nothing in it depends on when it is made.
    expect(again.closed[1]?.facts.hash).toBe(open.closed[1]?.facts.hash);
    await again.stop();
  });

  test("after the file was cut at any byte keeps every complete record, and can be repeated", async () => {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path);
    const texts = ["a", "b", "c"];
    const ends: number[] = [];
    const path = async () => join(dir.path, (await batchFiles(dir.path))[0] ?? "");
    for (const text of texts) {
      await append(open, text);
      ends.push((await stat(await path())).size);
    }
    const file = await readFile(await path());
    const name = (await batchFiles(dir.path))[0] ?? "";
    await open.stop();
    for (let length = 0; length <= file.length; length += 7) {
      await using crashed = await testDir();
      await writeFile(join(crashed.path, name), file.subarray(0, length));
      const expected = texts.filter((_, index) => (ends[index] ?? 0) <= length);
      for (const round of ["first", "second"]) {
        const again = await openTestSpool(crashed.path);
        const found = await allTexts(again.closed);
        expect(found, `${length} ${round}`).toBe(
          expected.map((text, index) => `${index}=${text};`).join(""),
        );
        await again.stop();
      }
    }
  });

  test("between the log of done batches and the removal of a file forgets it the second time", async () => {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path);
    await append(open, "a");
    await open.spool.close();
    await using crashed = await testDir();
    await open.closed[0]?.done();
    await cp(dir.path, crashed.path, { recursive: true });
    // The file as it was before its removal, beside a log that has it.
    const before = await openTestSpool(crashed.path);
    await before.stop();
    expect(before.closed).toEqual([]);
    await append(open, "b");
    await open.stop();
    expect(open.closed.map((batch) => headerOf(batch).sequence)).toEqual([0, 1]);
  });

  test("goes on with the log when all files have left, also with a clock that was set back", async () => {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path);
    await append(open, "a");
    await open.spool.close();
    const [first] = open.closed;
    await first?.done();
    await open.stop();
    const again = await openTestSpool(dir.path, { now: () => START_MS - 3_600_000 });
    await append(again, "b");
    await again.stop();
    const [second] = again.closed;
    expect(second && headerOf(second)).toMatchObject({
      sequence: 1,
      previous: first?.facts.hash,
      origin: first && headerOf(first).origin,
    });
    expect((second?.facts.batchId ?? "") > (first?.facts.batchId ?? "~")).toBe(true);
  });
});

describe("a batch that ClickHouse refuses", () => {
  const refusal = { table: "spans", code: "117", type: "INCORRECT_DATA", rows: 1 };

  test("is in quarantine with its reason, and its requests stay known", async () => {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path);
    await append(open, "a");
    await open.spool.close();
    await open.closed[0]?.refuse([refusal], ["ledger"]);
    const [letter] = await open.spool.parts.quarantine.list();
    expect(letter).toMatchObject({
      kind: "batch",
      sequence: 0,
      reason: "spans refused 1 rows: INCORRECT_DATA (117)",
      storedTables: ["ledger"],
    });
    expect(await batchFiles(dir.path)).toEqual([]);
    await append(open, "a");
    await open.stop();
    const again = await openTestSpool(dir.path);
    await append(again, "a");
    await again.stop();
    expect([open.closed.length, again.closed.length]).toEqual([1, 0]);
  });
});

describe("a write that fails", () => {
  test("acknowledges nothing, keeps what was acknowledged, and is taken again afterwards", async () => {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path);
    await append(open, "a");
    const [name = ""] = await batchFiles(dir.path);
    // What the disk does to a write it cannot take: bytes behind the last commit, then an error.
    const fail = vi.spyOn(Object.getPrototypeOf(await fileHandle()), "datasync");
    fail.mockRejectedValueOnce(Object.assign(new Error("no space"), { code: "ENOSPC" }));
    await expect(append(open, "b")).rejects.toMatchObject({
      code: "SPOOL_DISK_FULL",
      retryable: true,
      retryAfterMs: 5_000,
    });
    fail.mockRestore();
    await vi.waitUntil(() => open.closed.length === 1);
    await append(open, "b");
    await open.stop();
    expect(await allTexts(open.closed)).toBe("0=a;|0=b;");
    expect(open.closed[0]?.facts.path).toContain(name);
    expect(open.closed.map((batch) => headerOf(batch).sequence)).toEqual([0, 1]);
  });

  test("of a batch's first record leaves no file behind", async () => {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path);
    const fail = vi.spyOn(Object.getPrototypeOf(await fileHandle()), "datasync");
    fail.mockRejectedValueOnce(Object.assign(new Error("broken"), { code: "EIO" }));
    await expect(append(open, "a")).rejects.toMatchObject({ code: "SPOOL_WRITE_FAILED" });
    fail.mockRestore();
    await open.spool.close();
    expect(await batchFiles(dir.path)).toEqual([]);
    await append(open, "a");
    await open.stop();
    expect(await allTexts(open.closed)).toBe("0=a;");
  });
});

/** Any file handle, for its prototype. */
async function fileHandle(): Promise<object> {
  const { open } = await import("node:fs/promises");
  const file = await open(import.meta.filename, "r");
  await file.close();
  return file;
}

test("truncating a file is what a crash does, so that the tests above can fail", async () => {
  await using dir = await testDir();
  const path = join(dir.path, "x");
  await writeFile(path, "abc");
  await truncate(path, 1);
  expect((await readFile(path)).toString()).toBe("a");
});
