/**
 * Goal: nothing of a call stays in memory once its spans are sent, whichever library makes it.
 * Method: the benchmark's applications as real processes, with a real receiver. The heap is looked at
 * after forced collections: after 2 N calls, when caches are filled and code is compiled, and after
 * 10 N. A canary keeps each call's span, and must be found. 100,000 calls: `npm run bench:overhead`.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { NEEDS_REDIS, SUBJECTS } from "../../bench/src/overhead-subjects.ts";
import { runApp } from "./child.ts";
import { type GrpcServer, startGrpcServer } from "./grpc-server.ts";
import { isRedisMissing, type Redis, startRedis } from "./redis.ts";

/** N, before a subject's share. */
const CALLS = 400;

/**
 * What a call may leave, in bytes: less than half of the smallest span, which takes some 1,100; more than code that is
 * compiled late, which takes up to 100 here and far less over more calls.
 */
const LEFT_PER_CALL_MAX_BYTES = 500;

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

interface Heaps {
  readonly before: number;
  readonly after: number;
}

/** Bytes that a call leaves. */
async function leftPerCall(subject: string, ...more: readonly string[]): Promise<number> {
  const calls = Math.round(CALLS * (SUBJECTS[subject]?.share ?? 1));
  const ended = await runApp(
    "flat-memory.mjs",
    [subject, String(calls), String(redis?.port ?? 0), ...more],
    {
      flags: ["--expose-gc", "--no-warnings", "--import", import.meta.resolve("@spanledger/register")],
      environment: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, SPANLEDGER_QUIET: "1" },
    },
  );
  expect(ended, ended.stderr).toMatchObject({ code: 0, stderr: "" });
  const { before, after } = JSON.parse(ended.stdout) as Heaps;
  return (after - before) / (8 * calls);
}

const subjects = Object.keys(SUBJECTS).filter((name) => name !== NEEDS_REDIS || !isRedisMissing());

test.each(subjects)("%s leaves nothing on the heap", async (subject) => {
  expect(await leftPerCall(subject)).toBeLessThan(LEFT_PER_CALL_MAX_BYTES);
});

test("an application that keeps one span of each call is found", async () => {
  const left = await leftPerCall("langchain: tool", "keeps");
  expect(left).toBeGreaterThan(LEFT_PER_CALL_MAX_BYTES);
});
