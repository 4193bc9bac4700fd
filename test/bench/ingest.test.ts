/**
 * Goal: the ingest benchmark cannot rot.
 * Method: run its tiny size as a process, as `npm run bench:ingest` does; its figures mean nothing,
 * but everything acknowledged must be stored once, and the small spool must refuse.
 */
import { expect, test } from "vitest";
import { runBench } from "./run-bench.ts";

/** Two servers with engines start for each of two transports. */
const TIME_MAX_MS = 120_000;

interface Report {
  readonly ladders: readonly {
    readonly transport: string;
    readonly highestStoredPerS: number;
    readonly phases: readonly {
      readonly name: string;
      readonly acceptedPerS: number;
      readonly refusedRequests: number;
      readonly lost: number;
      readonly doubled: number;
    }[];
  }[];
}

test(
  "measures gRPC and HTTP up to refusal, with everything acknowledged stored once",
  async () => {
    const { ladders } = await runBench<Report>("ingest", TIME_MAX_MS);
    expect(ladders.map(({ transport }) => transport)).toEqual(["grpc", "http"]);
    for (const { highestStoredPerS, phases } of ladders) {
      expect(highestStoredPerS).toBeGreaterThan(0);
      for (const phase of phases) {
        expect(phase).toMatchObject({ lost: 0, doubled: 0 });
        expect(phase.acceptedPerS).toBeGreaterThan(0);
      }
      expect(phases.at(-1)?.refusedRequests).toBeGreaterThan(0);
    }
  },
  TIME_MAX_MS,
);

test(
  "measures an even load alone",
  async () => {
    const args = ["--transport", "grpc", "--rate", "2000", "--seconds", "1", "--spans", "32"];
    const { ladders } = await runBench<Report>("ingest", TIME_MAX_MS, args);
    expect(ladders.map(({ phases }) => phases.map(({ name }) => name))).toEqual([["2000 spans/s"]]);
    expect(ladders[0]?.phases[0]).toMatchObject({ refusedRequests: 0, lost: 0, doubled: 0 });
  },
  TIME_MAX_MS,
);

test("says what a rate must be", async () => {
  await expect(runBench("ingest", TIME_MAX_MS, ["--rate", "fast"])).rejects.toMatchObject({
    stderr: expect.stringContaining("--rate takes whole numbers above 0"),
  });
});
