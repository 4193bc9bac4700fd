/** Goal: only what we wrote is taken from a snapshot. Method: contexts as a storage gives them back. */
import { expect, test } from "vitest";
import { continuationOf, SNAPSHOT_KEY, takeContinuation } from "./continuation.ts";
import type { RunState } from "./run.ts";

const ROOT = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
const KEPT = { runId: "run-1", requestId: "req-1", root: { ...ROOT, traceFlags: 1 } };

const contextOf = (kept: unknown): Map<string, unknown> =>
  new Map([
    [SNAPSHOT_KEY, kept],
    ["theirs", 1],
  ]);

test("the first part of a run is taken out, and what is the application's stays", () => {
  const context = contextOf({
    ...KEPT,
    approvals: [["flow.ask", { id: "a-1", requestedAtMs: 5 }]],
  });
  expect(takeContinuation(context)).toEqual({
    runId: "run-1",
    requestId: "req-1",
    root: { ...ROOT, traceFlags: 1, isRemote: true },
    approvals: new Map([["flow.ask", { id: "a-1", requestedAtMs: 5 }]]),
  });
  expect([...context]).toEqual([["theirs", 1]]);
});

test("what is kept comes back through any storage that can hold JSON", () => {
  const approval = { id: "a-1", requestedAtMs: 5 };
  const run = { runId: "run-1", requestId: "req-1", firstRoot: { ...ROOT, traceFlags: 1 } };
  const state = { run, approvals: new Map([["flow.ask", approval]]), failure: undefined };
  const stored: unknown = JSON.parse(JSON.stringify(continuationOf(state as unknown as RunState)));
  expect(takeContinuation(contextOf(stored))).toMatchObject({
    runId: "run-1",
    root: ROOT,
    approvals: new Map([["flow.ask", approval]]),
  });
});

test.each([
  ["nothing of ours", undefined],
  ["a text", "run-1"],
  ["a run id with a line break", { ...KEPT, runId: "a\nb" }],
  ["no root", { runId: "run-1" }],
  ["a root of zeros", { ...KEPT, root: { ...ROOT, traceId: "0".repeat(32) } }],
])("%s is no first part", (_, kept) => {
  expect(takeContinuation(contextOf(kept))).toBeUndefined();
});

test.each(["x", [["flow.ask"]], [[1, { id: "a" }]], [["flow.ask", { id: "a b" }]], [null]])(
  "approvals of another shape, %j, are none",
  (approvals) => {
    expect(takeContinuation(contextOf({ ...KEPT, approvals }))?.approvals).toEqual(new Map());
  },
);
