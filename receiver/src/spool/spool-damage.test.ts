/**
 * Goal: damage to a spool file costs what it hit, is kept, counted and reported, and nothing else.
 * Method: real files of three requests with changed bits; rows and seals that can be read.
 */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import type { ClosedBatch } from "./closed-batch.ts";
import {
  digest,
  encodeTexts,
  headerOf,
  openTestSpool,
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

/** Bytes of a seal's record before the name of its first field: frame, type, brace, quote. */
const SEAL_START = 16 + 1 + 2;

describe("a corrupt record", () => {
  /** The file of three requests, as it is while it is open, or sealed. */
  async function fileOf(state: "open" | "sealed"): Promise<{ name: string; bytes: Buffer }> {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path);
    for (const text of ["aaaa", "bbbb", "cccc"]) await append(open, text);
    if (state === "sealed") await open.spool.close();
    const [name = ""] = await batchFiles(dir.path);
    const bytes = await readFile(join(dir.path, name));
    await open.stop();
    return { name, bytes };
  }

  /** A spool that finds such a file with one bit changed at each place. */
  async function damage(
    state: "open" | "sealed",
    ...places: readonly ((file: Buffer) => number)[]
  ): Promise<{ readonly open: TestSpool; readonly dir: Awaited<ReturnType<typeof testDir>> }> {
    const { name, bytes } = await fileOf(state);
    for (const at of places) {
      const place = at(bytes);
      bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place);
    }
    const dir = await testDir();
    await writeFile(join(dir.path, name), bytes);
    return { open: await openTestSpool(dir.path), dir };
  }

  test("in the middle goes into quarantine, is counted in the header, and the others are kept", async () => {
    const { open, dir } = await damage("open", (file) => file.indexOf("1=bbbb"));
    await using _ = dir;
    expect(await allTexts(open.closed)).toBe("0=aaaa;2=cccc;");
    expect(headerOf(open.closed[0] as ClosedBatch)).toMatchObject({
      rows: 2,
      lostRecords: 1,
      missingRows: [1, 0],
    });
    const letters = await open.spool.parts.quarantine.list();
    expect(letters).toMatchObject([
      { kind: "record", reason: expect.stringContaining("corrupt (checksum)") },
    ]);
    const bytes = await readFile(open.spool.parts.quarantine.pathOf(letters[0] as never));
    expect(bytes.includes("bbb")).toBe(true);
    await open.stop();
    const again = await openTestSpool(dir.path);
    expect(await again.spool.parts.quarantine.list()).toEqual(letters);
    expect(again.closed[0]?.facts.hash).toBe(open.closed[0]?.facts.hash);
    await again.stop();
  });

  test("at the end is not taken for a torn tail", async () => {
    const { open, dir } = await damage("open", (file) => file.indexOf("2=cccc"));
    await using _ = dir;
    expect(await allTexts(open.closed)).toBe("0=aaaa;1=bbbb;");
    expect(headerOf(open.closed[0] as ClosedBatch)).toMatchObject({ lostRecords: 1 });
    expect(await open.spool.parts.quarantine.list()).toHaveLength(1);
    await open.stop();
  });

  test("in place of a head or a seal loses nothing: each is there twice", async () => {
    for (const at of ["batchId", "closedAtMs"] as const) {
      for (const copy of ["first", "second"] as const) {
        const { open, dir } = await damage("sealed", (file) =>
          copy === "first" ? file.indexOf(at) : file.lastIndexOf(at),
        );
        await using _ = dir;
        expect(await allTexts(open.closed)).toBe("0=aaaa;1=bbbb;2=cccc;");
        expect(headerOf(open.closed[0] as ClosedBatch)).toMatchObject({ lostRecords: 0 });
        expect(await open.spool.parts.quarantine.list()).toMatchObject([{ kind: "record" }]);
        await open.stop();
      }
    }
  });

  test("in place of both heads puts the file into quarantine, and the next header says so", async () => {
    const { open, dir } = await damage(
      "open",
      (file) => file.indexOf("batchId"),
      (file) => file.lastIndexOf("batchId"),
    );
    await using _ = dir;
    expect(open.closed).toEqual([]);
    expect(await open.spool.parts.quarantine.list()).toMatchObject([{ kind: "file" }]);
    expect(await batchFiles(dir.path)).toEqual([]);
    await open.stop();
    const again = await openTestSpool(dir.path);
    for (const text of ["next", "after"]) {
      await append(again, text);
      await again.spool.close();
    }
    await again.stop();
    expect(again.closed.map((batch) => headerOf(batch).lostRecords)).toEqual([1, 0]);
    expect(await again.spool.parts.quarantine.list()).toMatchObject([{ sequence: 0 }]);
  });

  test("anywhere in the file is in quarantine, and all other requests are kept", async () => {
    const texts = ["aaaa", "bbbb", "cccc"];
    const { name, bytes } = await fileOf("sealed");
    const [first, last] = [
      bytes.indexOf("SPLR", bytes.lastIndexOf("batchId")),
      bytes.indexOf("closedAtMs"),
    ];
    for (let bit = 5; bit < bytes.length * 8; bit += 53) {
      const byte = bit >> 3;
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(byte) ^ (1 << (bit & 7)), byte);
      await using dir = await testDir();
      await writeFile(join(dir.path, name), changed);
      const open = await openTestSpool(dir.path);
      const found: string[] = (await allTexts(open.closed)).match(/[abc]{4}/g) ?? [];
      const lost = texts.filter((text) => !found.includes(text));
      expect(lost.length, `bit ${bit}`).toBe(byte >= first && byte < last - SEAL_START ? 1 : 0);
      expect(await open.spool.parts.quarantine.list(), `bit ${bit}`).toHaveLength(1);
      await open.stop();
    }
  });

  test("that appears while a batch waits is found when its turn comes", async () => {
    await using dir = await testDir();
    const open = await openTestSpool(dir.path);
    // Somebody who has the rows does not look at the file again.
    vi.spyOn(open.preparing, "take").mockResolvedValueOnce(undefined);
    await append(open, "aaaa");
    await append(open, "bbbb");
    await open.spool.close();
    const [batch] = open.closed;
    const file = await readFile(batch?.facts.path ?? "");
    file.writeUInt8(0, file.indexOf("1=bbbb"));
    await writeFile(batch?.facts.path ?? "", file);
    expect(await allTexts(open.closed)).toBe("0=aaaa;");
    expect(await open.spool.parts.quarantine.list()).toMatchObject([{ kind: "record" }]);
    await open.stop();
  });
});
