/**
 * Goal: nothing of a call stays in memory once its spans are sent, whichever library makes it.
 * Method: the benchmark's applications as real processes, with a real receiver. The heap is looked at
 * after forced collections, five times; nothing is compiled late or thrown away, so that a heap that
 * is flat is so to within a few kilobytes. What is kept of each call grows it in every part of the
 * calls, a cache that fills in some: the part with the least growth counts. A canary keeps each call's
 * span, and must be found.
 *
 * For 100,000 calls: `npm run bench:overhead -- --memory`.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { NEEDS_REDIS, SUBJECTS } from "../../bench/src/overhead-subjects.ts";
import { runApp } from "./child.ts";
import { type GrpcServer, startGrpcServer } from "./grpc-server.ts";
import { isRedisMissing, type Redis, startRedis } from "./redis.ts";

/** Calls, before a subject's share. */
const CALLS = 500;

/** Parts after whose calls the heap is looked at; the first one is not counted. */
const PARTS = 5;

/** What a call may leave, in bytes: less than half of the smallest span, which takes some 1,100. */
const LEFT_PER_CALL_MAX_BYTES = 500;

/** V8 compiles no function twice and keeps what it has learned of one from the first call on. */
const SETTLED = [
  "--expose-gc",
  "--no-flush-bytecode",
  "--no-lazy-feedback-allocation",
  "--no-maglev",
  "--no-opt",
  "--no-sparkplug",
];

/** Longest life of an application, in milliseconds: it runs uncompiled, on a busy machine perhaps. */
const APP_TIME_MAX_MS = 55_000;

let receiver: GrpcServer;
let redis: Redis | undefined;

beforeAll(async () => {
  receiver = await startGrpcServer(false);
  redis = isRedisMissing() ? undefined : await startRedis();
});
afterAll(async () => {
  receiver.close();
  await redis?.close();
});

/** Bytes that a call leaves, in the part of the calls that leave the least. */
async function leftPerCall(subject: string, ...more: readonly string[]): Promise<number> {
  const calls = CALLS * (SUBJECTS[subject]?.share ?? 1);
  const register = import.meta.resolve("@spanledger/register");
  const ended = await runApp(
    "flat-memory.mjs",
    [subject, String(calls), String(redis?.port ?? 0), ...more],
    {
      flags: [...SETTLED, "--no-warnings", "--import", register],
      timeMaxMs: APP_TIME_MAX_MS,
      environment: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, SPANLEDGER_QUIET: "1" },
    },
  );
  expect(ended, ended.stderr).toMatchObject({ code: 0, stderr: "" });
  const heaps = JSON.parse(ended.stdout) as number[];
  expect(heaps).toHaveLength(PARTS);
  const growth = heaps.slice(1).map((heap, index) => heap - (heaps[index] ?? 0));
  return Math.min(...growth) / (calls / PARTS);
}

const subjects = Object.keys(SUBJECTS).filter((name) => name !== NEEDS_REDIS || !isRedisMissing());

test.each(subjects)("%s leaves nothing on the heap", async (subject) => {
  expect(await leftPerCall(subject)).toBeLessThan(LEFT_PER_CALL_MAX_BYTES);
});

test("an application that keeps one span of each call is found", async () => {
  const left = await leftPerCall("langchain: tool", "keeps");
  expect(left).toBeGreaterThan(LEFT_PER_CALL_MAX_BYTES);
});
