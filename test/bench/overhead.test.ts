/**
 * Goal: the benchmark of the instrumentations runs, and every library has its figures.
 * Method: its tiny form, in a process of its own.
 */
import { expect, test } from "vitest";
import { isRedisMissing } from "../instrumentation/redis.ts";
import { runBench } from "./run-bench.ts";

interface Measured {
  readonly subject: string;
  readonly spans: number;
  readonly usWith: number;
  readonly usWithout: number;
  readonly bytesPerSpan: number;
  readonly memoryCalls: number;
}

/** Some 60 processes on a busy machine. */
const TIME_MAX_MS = 300_000;

test(
  "the tiny form measures every library with the one import and without",
  async () => {
    const { measured } = await runBench<{ measured: Measured[] }>("overhead", TIME_MAX_MS);
    const libraries = measured.map(({ subject }) => subject.split(":")[0]);
    const jobs = isRedisMissing() ? [] : ["bullmq"];
    const models = ["openai", "anthropic", "langgraph", "langchain", "ai-sdk", "mastra"];
    expect(libraries).toEqual(["api", ...models, "mcp", "http", ...jobs]);
    for (const one of measured) {
      expect(one.usWith, one.subject).toBeGreaterThan(0);
      // So few calls may fall between two ticks of the clock.
      expect(one.usWithout, one.subject).toBeGreaterThanOrEqual(0);
      expect(Number.isFinite(one.bytesPerSpan), one.subject).toBe(true);
      expect(one.memoryCalls, one.subject).toBeGreaterThan(0);
    }
  },
  TIME_MAX_MS,
);
