/**
 * Goal: the benchmark of the transcoder runs, and every way in it gives figures.
 * Method: its tiny form, in a process of its own.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

interface Measured {
  readonly shape: string;
  readonly way: string;
  readonly spansPerS: number;
  readonly ratio: number;
}

test("the tiny form measures every way on every shape", async () => {
  const script = new URL("../../bench/src/transcode.ts", import.meta.url).pathname;
  const flags = ["--conditions=@spanledger/source", script, "--tiny", "--json"];
  const { stdout } = await promisify(execFile)(process.execPath, flags);
  const { measured } = JSON.parse(stdout) as { measured: Measured[] };
  expect(measured).toHaveLength(15);
  for (const { shape, way, spansPerS, ratio } of measured) {
    expect(spansPerS, `${shape}, ${way}`).toBeGreaterThan(0);
    expect(ratio, `${shape}, ${way}`).toBeGreaterThan(0);
  }
});
