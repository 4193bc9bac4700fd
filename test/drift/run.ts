/**
 * What has been published since: `npm run drift`, to be run daily.
 *
 * Asks the registry, through `npm view`, for the newest version of each instrumented library, and
 * prints it beside what is declared and tested. Arguments: names, for these alone. Exits 1 where one is newer than what was tested or
 * outside of its range; 0 where none is, and where the registry cannot be asked.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { drawTable, driftOf, testedVersions } from "./drift.ts";
import { INSTRUMENTED } from "./libraries.ts";

/** Longest wait for one answer of the registry, in milliseconds. */
const ANSWER_MAX_MS = 30_000;

const VERSION = /^\d+\.\d+\.\d+\S*$/;

const read = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const failures = new Set<string>();

/** @returns undefined where the registry gives no answer */
async function newestOf(name: string): Promise<string | undefined> {
  const args = ["view", name, "version", "--fetch-retries=0"];
  try {
    const { stdout } = await promisify(execFile)("npm", args, { timeout: ANSWER_MAX_MS });
    const version = stdout.trim();
    if (VERSION.test(version)) return version;
    failures.add("the answer is no version");
  } catch (error) {
    const { stderr, code } = error as { readonly stderr?: string; readonly code?: unknown };
    failures.add(/code (E\w+)/.exec(stderr ?? "")?.[1] ?? String(code ?? "no answer in time"));
  }
  return undefined;
}

const manifest = read("../package.json") as Parameters<typeof testedVersions>[1];
const lock = read("../../package-lock.json") as Parameters<typeof testedVersions>[2];
const asked = process.argv.slice(2);
const libraries = INSTRUMENTED.filter(({ name }) => asked.length === 0 || asked.includes(name));
const newest = await Promise.all(libraries.map(({ name }) => newestOf(name)));
const drifts = libraries.map((library, at) =>
  driftOf(library, testedVersions(library, manifest, lock), newest[at]),
);
for (const line of drawTable(drifts)) say(line);

const unknown = drifts.filter(({ verdict }) => verdict === "unknown").length;
if (unknown > 0) {
  const why = [...failures].join(", ");
  say(`\nThe registry gave no answer for ${unknown} of ${drifts.length} (${why}).`);
  say("Nothing is known about newer versions of these; run it again where it is reachable.");
}
const drifted = drifts.filter(({ verdict }) => verdict === "newer" || verdict === "outside");
if (drifted.length > 0) {
  say("\nnewer: install it in test/package.json, run the tests, note it in the README.");
  say("outside: applications that have it are not recorded; widen the range once it was run.");
  process.exitCode = 1;
}
