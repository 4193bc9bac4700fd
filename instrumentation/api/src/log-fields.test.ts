/**
 * Goal: a log line leads to its run and request, wherever it is written.
 * Method: a real SDK; contexts inside, outside and beyond a run. Real pino: test/instrumentation.
 */
import { context, propagation, trace } from "@opentelemetry/api";
import { WORKFLOW } from "@spanledger/schema";
import { afterEach, beforeEach, expect, test } from "vitest";
import { logFields, workflow } from "./index.ts";
import { record, unregister } from "./spans.test.support.ts";

beforeEach(() => void record());
afterEach(unregister);

test("inside a run every field is known", () => {
  const actor = { id: "ann", type: "user" } as const;
  workflow({ id: "refund", name: "Refund", workspace: "emea", actor }, (run) => {
    const span = trace.getActiveSpan()?.spanContext();
    expect(logFields()).toEqual({
      trace_id: span?.traceId,
      span_id: span?.spanId,
      trace_flags: "01",
      run_id: run.runId,
      request_id: run.requestId,
      workflow_id: "refund",
      workspace_id: "emea",
      actor_id: "ann",
      actor_type: "user",
    });
  });
});

test("outside nothing is known, and each call gives an object of its own", () => {
  expect(logFields()).toEqual({});
  expect(logFields()).not.toBe(logFields());
});

test("in a service that a run calls, the baggage says it, bounded", () => {
  const baggage = propagation.createBaggage({
    [WORKFLOW.runId]: { value: "r-1" },
    [WORKFLOW.requestId]: { value: "x".repeat(10_000) },
  });
  context.with(propagation.setBaggage(context.active(), baggage), () => {
    expect(logFields()).toEqual({ run_id: "r-1", request_id: "x".repeat(256) });
  });
});
