/**
 * Goal: nobody reads "tested" where it is not. Method: the comparison with made-up versions; the
 * declared ranges with the versions that this workspace has; the command where no registry answers.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { compareVersions, drawTable, driftOf, isIn, testedVersions } from "./drift.ts";
import { INSTRUMENTED } from "./libraries.ts";

const LIBRARY = { name: "openai", supported: [">=5.0.0 <8"] };
const read = (path: string) => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));

describe("a version", () => {
  test.each([
    ["1.2.3", "1.2.3", 0],
    ["1.2.3", "1.10.0", -1],
    ["0.134.0", "0.50.1", 1],
    ["7.0.0", "7", 0],
    ["8.0.0-beta.1", "8", 0],
  ])("%s beside %s compares as %i", (a, b, expected) => {
    expect(Math.sign(compareVersions(a, b))).toBe(expected);
    expect(Math.sign(compareVersions(b, a))).toBe(0 - expected);
  });

  test.each([
    ["5.0.0", true],
    ["4.99.9", false],
    ["7.59.0", true],
    ["8.0.0", false],
  ])("%s is in >=5.0.0 <8: %s", (version, expected) => {
    expect(isIn(version, ">=5.0.0 <8")).toBe(expected);
  });

  test("is not looked for in what is no range", () => {
    expect(() => isIn("1.0.0", "^1.0.0")).toThrow("not a range: ^1.0.0");
  });
});

describe("the verdict", () => {
  test.each([
    ["7.59.0", "tested"],
    ["7.58.0", "tested"],
    ["7.60.0", "newer"],
    ["8.0.0", "outside"],
    [undefined, "unknown"],
  ])("about the newest version %s is %s", (newest, verdict) => {
    expect(driftOf(LIBRARY, ["5.0.1", "7.59.0"], newest).verdict).toBe(verdict);
  });
});

test("tested versions are found by name, by alias, and below the package that brings them", () => {
  const manifest = {
    dependencies: {
      openai: "7.59.0",
      "openai-6": "npm:openai@6.49.0",
      "openai-5": "npm:openai@5.0.1",
      "@langchain/openai": "1.6.0",
    },
  };
  const packages = {
    "node_modules/openai": { version: "7.59.0" },
    "node_modules/chain/node_modules/openai": { version: "6.50.0" },
  };
  expect(testedVersions(LIBRARY, manifest, { packages })).toEqual(["5.0.1", "6.49.0", "7.59.0"]);
  const through = { ...LIBRARY, through: "chain" };
  expect(testedVersions(through, manifest, { packages })).toContain("6.50.0");
});

test("the table has a line for each library", () => {
  const drift = driftOf(LIBRARY, ["5.0.1", "7.59.0"], undefined);
  expect(drawTable([drift])).toEqual([
    "library  declared    tested        newest  verdict",
    "openai   >=5.0.0 <8  5.0.1 7.59.0  ?       unknown",
  ]);
});

describe.each(INSTRUMENTED)("$name", (library) => {
  test("has tested versions, all of them in the declared range, the oldest among them", () => {
    const tested = testedVersions(
      library,
      read("../package.json"),
      read("../../package-lock.json"),
    );
    const [range = ""] = library.supported;
    for (const version of tested)
      expect(library.supported.some((one) => isIn(version, one))).toBe(true);
    const oldest = /^>=(\d+\.\d+)/.exec(range)?.[1];
    expect(tested[0]).toMatch(new RegExp(`^${oldest?.replace(".", "\\.")}\\.`));
  });
});

test("without a registry it says so, and fails nothing", async () => {
  const run = fileURLToPath(new URL("run.ts", import.meta.url));
  const args = ["--conditions=@spanledger/source", run, "openai"];
  // Nobody listens on this port.
  const env = { ...process.env, npm_config_registry: "http://127.0.0.1:9/" };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  expect(stdout).toMatch(/^openai +>=5\.0\.1 <8 +5\.0\.1 .* \? +unknown$/m);
  expect(stdout).toContain("The registry gave no answer for 1 of 1");
});
