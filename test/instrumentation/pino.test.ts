/**
 * Goal: a log line of pino names the run, request, trace, span and actor that it was written for.
 * Method: the real pino, oldest and newest supported, with `logFields` as its mixin, lines kept in
 * memory, a real SDK.
 */
import { createRequire } from "node:module";
import { Writable } from "node:stream";
import { context, trace } from "@opentelemetry/api";
import { logFields, step, workflow } from "@spanledger/api";
import { pino } from "pino";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { record } from "./spans.ts";

/** It has no types of its own. */
const pino6 = createRequire(import.meta.url)("pino-6") as typeof pino;

const recording = record();
const lines: Record<string, unknown>[] = [];
const stream = new Writable({
  write(chunk: Buffer, _encoding, done) {
    lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
    done();
  },
});

beforeEach(() => {
  lines.length = 0;
  recording.reset();
});
afterAll(() => {
  trace.disable();
  context.disable();
});

const FACTS = {
  id: "refund",
  name: "Refund",
  workspace: "emea",
  requestId: "req-7",
  actor: { id: "ann", type: "user" },
} as const;

describe.each([
  ["6.0.0", pino6],
  ["10.4.0", pino],
])("pino %s", (_, library) => {
  const log = library({ mixin: logFields, base: null, timestamp: false }, stream);

  test("a line of a step leads to its span", async () => {
    const runId = await workflow(FACTS, async (run) => {
      await step("score", async () => log.info({ score: 0.9 }, "scored"));
      return run.runId;
    });
    const span = recording.named("run_step score")[0]?.spanContext();
    expect(lines).toEqual([
      {
        level: 30,
        trace_id: span?.traceId,
        span_id: span?.spanId,
        trace_flags: "01",
        run_id: runId,
        request_id: "req-7",
        workflow_id: "refund",
        workspace_id: "emea",
        actor_id: "ann",
        actor_type: "user",
        score: 0.9,
        msg: "scored",
      },
    ]);
  });

  test("concurrent runs keep their lines apart, in child loggers too", async () => {
    const child = log.child({ module: "score" });
    const ids = await Promise.all(
      ["a", "b", "c"].map((runId) =>
        workflow({ ...FACTS, runId }, async (run) => {
          await new Promise(setImmediate);
          child.warn("slow");
          return run.runId;
        }),
      ),
    );
    expect(lines.map((line) => line.run_id).toSorted()).toEqual(ids.toSorted());
    expect(lines.every((line) => line.module === "score")).toBe(true);
  });

  test("outside of a run a line is as it was", () => {
    log.error("alone");
    expect(lines).toEqual([{ level: 50, msg: "alone" }]);
  });

  test("what the application says itself counts", () => {
    workflow(FACTS, () => log.info({ run_id: "mine" }, "own"));
    expect(lines[0]).toMatchObject({ run_id: "mine", request_id: "req-7" });
  });
});
