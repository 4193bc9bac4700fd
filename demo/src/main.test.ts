/**
 * Goal: the demo shows what it promises, leaks nothing and ends clean, also when interrupted.
 * Method: the demo as users start it, a real process with real children and its own directory.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { LEADS } from "./leads.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

/** Longest run of the demo on a slow machine that other tests use too, in milliseconds. */
const DEMO_TIMEOUT_MS = 120_000;

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "spanledger-demo-test-"));
});

afterEach(() => rm(directory, { recursive: true }));

interface Demo {
  readonly process: ChildProcess;
  /** Everything written so far. */
  readonly output: { stdout: string; stderr: string };
  readonly closed: Promise<unknown[]>;
}

function startDemo(...args: string[]): Demo {
  const all = ["--conditions=@spanledger/source", MAIN, "--data-dir", join(directory, "data")];
  const child = spawn(process.execPath, [...all, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (data: Buffer) => {
    output.stdout += data.toString();
  });
  child.stderr.on("data", (data: Buffer) => {
    output.stderr += data.toString();
  });
  // "close" comes when nobody holds the pipes any more: no child has stayed behind.
  return { process: child, output, closed: once(child, "close") };
}

/** Wait until the demo has written `text`. Rejects if it ends before. */
function until(demo: Demo, text: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (text.test(demo.output.stdout + demo.output.stderr)) {
        resolve();
      }
    };
    demo.process.stdout?.on("data", look);
    demo.process.stderr?.on("data", look);
    void demo.closed.then(() => reject(new Error(`no ${text} in:\n${demo.output.stderr}`)));
  });
}

/** Addresses and phones of all leads. */
const PERSONAL = LEADS.flatMap((lead) => {
  const { contact } = JSON.parse(lead.body) as { contact: { email: string; phone: string } };
  return [contact.email, contact.phone];
});

it(
  "answers its questions about thirty runs, without personal data",
  async () => {
    const demo = startDemo();
    expect(await demo.closed, demo.output.stderr).toEqual([0, null]);
    const { stdout, stderr } = demo.output;
    expect(stdout).toContain("30 runs of lead-triage: 26 succeeded, 3 failed, 1 waits");
    expect(stdout).toContain("3 were paused and resumed");
    expect(stderr).toContain("Triaging leads: 30 of 30, 3 failed");
    for (const command of ["runs --workflow", "inputs 01", "decisions 01", "run 01"]) {
      expect(stdout).toContain(`$ spanledger ${command}`);
    }
    for (const fact of [
      "[email:",
      "[card:",
      "routeByScore",
      "by dana.whitfield",
      "Where to look",
    ]) {
      expect(stdout).toContain(fact);
    }
    const log = await readFile(join(directory, "data", "receiver.log"), "utf8");
    for (const value of PERSONAL) {
      expect(stdout + stderr + log).not.toContain(value);
    }
  },
  DEMO_TIMEOUT_MS,
);

for (const [moment, text] of [
  ["while the receiver starts", /Starting the receiver/],
  ["while leads are triaged", /Triaging leads/],
] as const) {
  it(
    `ends with code 130 and without a word when interrupted ${moment}`,
    async () => {
      const demo = startDemo();
      await until(demo, text);
      demo.process.kill("SIGINT");
      demo.process.kill("SIGINT");
      expect(await demo.closed).toEqual([130, null]);
      expect(demo.output.stderr).not.toMatch(/Error|failed:| {4}at /);
    },
    DEMO_TIMEOUT_MS,
  );
}

it(
  "keeps the receiver running until it is told to end",
  async () => {
    const demo = startDemo("--keep");
    await until(demo, /its one line/);
    const url = /SPANLEDGER_URL=(\S+)/.exec(demo.output.stdout)?.[1];
    const response = await fetch(`${url}/api/v1/runs?workflow=lead-triage&status=paused&since=1h`);
    expect(await response.json()).toMatchObject({ meta: { rows: 1 } });
    demo.process.kill("SIGTERM");
    expect(await demo.closed).toEqual([0, null]);
    await expect(fetch(`${url}/api/v1/health`)).rejects.toThrow("fetch failed");
  },
  DEMO_TIMEOUT_MS,
);
