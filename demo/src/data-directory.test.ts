/**
 * Goal: the demo removes its own data and nobody else's.
 * Method: real directories, each claimed in the states that a user can leave behind.
 */
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { claimDataDirectory, releaseDataDirectory } from "./data-directory.ts";

/** A process that runs as long as the tests do, and is not the one that claims. */
const OTHER_PID = process.ppid;

let parent: string;
let path: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "spanledger-demo-test-"));
  path = join(parent, "data");
});

afterEach(() => rm(parent, { recursive: true }));

it("is made for its owner alone", async () => {
  await claimDataDirectory(path, process.pid);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
});

it("is made anew after a demo has left it", async () => {
  await claimDataDirectory(path, OTHER_PID);
  await writeFile(join(path, "old"), "");
  await releaseDataDirectory(path);
  await claimDataDirectory(path, process.pid);
  expect(await readdir(path)).toEqual(["made-by-the-demo"]);
});

it("stays as it is while another demo uses it", async () => {
  await claimDataDirectory(path, OTHER_PID);
  await writeFile(join(path, "in-use"), "");
  await expect(claimDataDirectory(path, process.pid)).rejects.toMatchObject({
    code: "DEMO_DIRECTORY_IN_USE",
  });
  expect(await readdir(path)).toContain("in-use");
});

it("stays as it is when the demo did not make it", async () => {
  await writeFile(join(parent, "precious"), "");
  await expect(claimDataDirectory(parent, process.pid)).rejects.toMatchObject({
    code: "DEMO_DIRECTORY_FOREIGN",
  });
  expect(await readdir(parent)).toEqual(["precious"]);
});
