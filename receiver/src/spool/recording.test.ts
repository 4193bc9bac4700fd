/**
 * Goal: a request that is being made into a record while its batch closes, fails or stops is kept
 * whole or refused, and leaves no hole.
 * Method: a recorder whose records come when a test says so; files that cannot be written.
 */
import { writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Encode } from "../base/batch.ts";
import { LocalRecorder, type Recorder } from "./recorder.ts";
import {
  digest,
  encodeTexts,
  factsOf,
  headerOf,
  openTestSpool,
  testDir,
  textsOf,
} from "./spool.test.helper.ts";

/** Makes a record once it is let. */
class HeldRecorder implements Recorder<Encode> {
  readonly #local = new LocalRecorder((encode: Encode) => encode);
  readonly held: (() => void)[] = [];
  readonly asked: (() => void)[] = [];
  #before: Promise<void> = Promise.resolve();

  record(...call: Parameters<Recorder<Encode>["record"]>): ReturnType<Recorder<Encode>["record"]> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.held.push(resolve);
    const made = Promise.all([promise, this.#before]).then(() => this.#local.record(...call));
    this.#before = made.then(
      () => undefined,
      () => undefined,
    );
    this.asked.shift()?.();
    return made;
  }

  /** Resolves with the next call. */
  called(): Promise<void> {
    return new Promise((resolve) => this.asked.push(resolve));
  }
}

const BROKEN: Encode = () => {
  throw new RangeError("cannot be read");
};

test("a batch that closes takes what is being made for it, and nothing later", async () => {
  await using dir = await testDir();
  const recorder = new HeldRecorder();
  const open = await openTestSpool(dir.path, {}, recorder);
  const called = recorder.called();
  const first = open.spool.append(digest("a"), encodeTexts(["a"]));
  await called;
  const closed = open.spool.close();
  const calledAgain = recorder.called();
  const second = open.spool.append(digest("b"), encodeTexts(["b"]));
  await calledAgain;
  expect(open.closed).toEqual([]);
  for (const let_ of recorder.held) let_();
  await Promise.all([first, second, closed]);
  await open.stop();
  expect(await Promise.all(open.closed.map(textsOf))).toEqual(["0=a;", "0=b;"]);
  expect(open.closed.map((batch) => headerOf(batch).sequence)).toEqual([0, 1]);
});

test("a batch of which nothing came is no batch", async () => {
  await using dir = await testDir();
  const recorder = new HeldRecorder();
  const open = await openTestSpool(dir.path, {}, recorder);
  const called = recorder.called();
  const broken = open.spool.append(digest("a"), BROKEN);
  await called;
  const closed = open.spool.close();
  recorder.held[0]?.();
  await expect(broken).rejects.toThrow("cannot be read");
  await closed;
  await open.stop();
  expect([
    open.closed,
    (await readdir(dir.path)).filter((name) => name.endsWith(".batch")),
  ]).toEqual([[], []]);
});

test("a record that is made after one before it was given up is refused with it", async () => {
  await using dir = await testDir();
  const recorder = new HeldRecorder();
  const open = await openTestSpool(
    dir.path,
    {
      describe: (batchId) => {
        // A batch's file is made new: where one is, nothing is written.
        writeFileSync(join(dir.path, `${batchId}.batch`), "");
        return factsOf(batchId);
      },
    },
    recorder,
  );
  const firstCalled = recorder.called();
  const first = open.spool.append(digest("a"), encodeTexts(["a"]));
  await firstCalled;
  const secondCalled = recorder.called();
  const second = open.spool.append(digest("b"), encodeTexts(["b"]));
  await secondCalled;
  recorder.held[0]?.();
  await expect(first).rejects.toMatchObject({ code: "SPOOL_WRITE_FAILED", retryable: true });
  recorder.held[1]?.();
  await expect(second).rejects.toMatchObject({ code: "SPOOL_WRITE_FAILED", retryable: true });
  await open.spool.close();
  await open.stop();
  expect(open.closed).toEqual([]);
});

test("requests beyond those that are being made wait their turn, in order", async () => {
  await using dir = await testDir();
  const recorder = new HeldRecorder();
  const open = await openTestSpool(dir.path, {}, recorder);
  const all = ["a", "b", "c", "d"].map((text) =>
    open.spool.append(digest(text), encodeTexts([text])),
  );
  const settled = Promise.all(all);
  while (recorder.held.length < 2) await recorder.called();
  expect(recorder.held.length).toBe(2);
  for (let next = 0; next < 4; next += 1) {
    while (recorder.held.length <= next) await recorder.called();
    recorder.held[next]?.();
  }
  await settled;
  await open.stop();
  expect((await Promise.all(open.closed.map(textsOf))).join()).toBe("0=a;1=b;2=c;3=d;");
});
