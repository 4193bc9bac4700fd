/**
 * Goal: `doctor --app` shows what the application's own check says, whole. Method: the program as a
 * function; folders with a check that prints what each test wants.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runCli } from "./program.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spanledger-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const OK = { check: "openai 7.1.0", status: "ok", detail: "patched when it is used", change: "" };
const OLD = { check: "ai 4.0.0", status: "attention", detail: "not patched", change: "install 7" };
const MISSING = { check: "bullmq", status: "absent", detail: "not installed", change: "" };

/** Install a check that prints this. */
function install(printed: string): void {
  const register = join(folder, "node_modules/@spanledger/register");
  mkdirSync(register, { recursive: true });
  const exports = { "./check": "./check.js" };
  writeFileSync(join(register, "package.json"), JSON.stringify({ exports }));
  const print = `process.stdout.write(process.argv[2] === ${JSON.stringify(folder)} ? `;
  writeFileSync(join(register, "check.js"), `${print}${JSON.stringify(printed)} : "");`);
}

async function doctor(...args: readonly string[]) {
  let out = "";
  let err = "";
  const code = await runCli(["doctor", "--app", folder, ...args], {
    serve: async () => 0,
    version: "0",
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    env: {},
    fetch,
  });
  return { code, out, err };
}

test("shows each finding, what to change below it, and what is not installed", async () => {
  install(JSON.stringify([OK, OLD, MISSING]));
  expect(await doctor()).toEqual({
    code: 0,
    out: [
      "ok         openai 7.1.0  patched when it is used",
      "attention  ai 4.0.0      not patched",
      "                         → install 7",
      "",
    ].join("\n"),
    err: "not installed: bullmq\n",
  });
});

test("gives every finding as JSON", async () => {
  install(JSON.stringify([OK, MISSING]));
  const { out } = await doctor("--format", "json");
  expect(JSON.parse(out).map(({ Check }: { Check: string }) => Check)).toEqual([
    "openai 7.1.0",
    "bullmq",
  ]);
});

test("ends with 3 where something would not be recorded, and names it", async () => {
  install(JSON.stringify([{ ...OLD, status: "failed" }]));
  expect(await doctor()).toMatchObject({ code: 3, err: "spanledger: failed: ai 4.0.0\n" });
});

test("says so where the application does not have the package", async () => {
  const { code, out } = await doctor();
  expect(code).toBe(3);
  expect(out).toContain("→ npm install @spanledger/register");
});

test("ends with 3 where the check says nothing that can be read", async () => {
  install("nonsense");
  expect(await doctor()).toMatchObject({
    code: 3,
    out: "",
    err: "spanledger: the check of @spanledger/register failed\n",
  });
});
