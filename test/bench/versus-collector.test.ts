/**
 * Goal: the benchmark against a Collector cannot rot.
 * Method: run its tiny size as a process, as `npm run bench:versus-collector` does; its figures mean
 * nothing, but everything that was acknowledged must be stored once, and every ratio be there.
 */
import { beforeAll, expect, test } from "vitest";
import { BUILD_TIMEOUT_MS, type Build, buildCollector } from "../collector/build.ts";
import { runBench } from "./run-bench.ts";

/** Five set-ups start, take a load, are killed and start again. */
const TIME_MAX_MS = 240_000;

interface Report {
  readonly rounds: readonly {
    readonly subject: string;
    readonly storedPerS: number;
    readonly stored: { readonly spans: number; readonly lost: number; readonly doubled: number };
  }[];
  readonly kills: readonly {
    readonly subject: string;
    readonly acknowledgedSpans: number;
    readonly lost: number;
    readonly doubled: number;
  }[];
  readonly comparison: { readonly ratios: readonly { readonly ratio: number }[] };
}

let build: Build;

beforeAll(async () => {
  build = await buildCollector();
}, BUILD_TIMEOUT_MS);

test(
  "measures Spanledger and four Collectors; ours loses nothing to kill -9",
  async (context) => {
    if ("missing" in build) context.skip(build.missing);
    const report = await runBench<Report>("versus-collector", TIME_MAX_MS);
    expect(report.rounds.map(({ subject }) => subject)).toEqual([
      "Spanledger",
      "Collector + redaction",
      "Collector + redaction + queue on disk",
      "Collector",
      "Collector + queue on disk",
    ]);
    for (const { storedPerS, stored } of report.rounds) {
      expect(storedPerS).toBeGreaterThan(0);
      expect(stored).toMatchObject({ lost: 0, doubled: 0 });
    }
    const ours = report.kills.find(({ subject }) => subject === "Spanledger");
    expect(ours).toMatchObject({ lost: 0, doubled: 0 });
    expect(ours?.acknowledgedSpans).toBeGreaterThan(0);
    expect(report.comparison.ratios).toHaveLength(5);
    for (const { ratio } of report.comparison.ratios) expect(ratio).toBeGreaterThan(0);
  },
  TIME_MAX_MS,
);
