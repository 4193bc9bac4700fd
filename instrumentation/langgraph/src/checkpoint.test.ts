/** Goal: only what we wrote is taken from a checkpoint. Method: metadata as a saver gives it back. */
import { describe, expect, test } from "vitest";
import { CHECKPOINT_METADATA, firstPartOf, pendingApprovals } from "./checkpoint.ts";

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const kept = (runId: unknown, root: unknown): Record<string, unknown> => ({
  [CHECKPOINT_METADATA.runId]: runId,
  [CHECKPOINT_METADATA.root]: root,
});

describe("the first part of a run", () => {
  test("is found where a loop resumes", () => {
    const loop = { isResuming: true, checkpointMetadata: kept("run-1", TRACEPARENT) };
    expect(firstPartOf(loop)).toMatchObject({
      runId: "run-1",
      root: { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" },
    });
  });

  test("is not looked for where a new input came", () => {
    const loop = { isResuming: false, input: {}, checkpointMetadata: kept("run-1", TRACEPARENT) };
    expect(firstPartOf(loop)).toBeUndefined();
  });

  test.each([
    ["a run id with a line break", kept("a\nb", TRACEPARENT)],
    ["no root", kept("run-1", undefined)],
    ["a root of zeros", kept("run-1", `00-${"0".repeat(32)}-b7ad6b7169203331-01`)],
    ["nothing of ours", { step: 1 }],
  ])("is nothing with %s", (_, checkpointMetadata) => {
    expect(firstPartOf({ isResuming: true, checkpointMetadata })).toBeUndefined();
  });
});

test("approvals that were waited for have the interrupt's id and the checkpoint's time", () => {
  const at = "2026-11-21T08:00:00.000Z";
  const writes = [
    ["task-1", "__interrupt__", { id: "i-1", value: "?" }],
    ["task-1", "notes", ["x"]],
    ["task-2", "__interrupt__", { value: "no id" }],
  ] as const;
  const pending = pendingApprovals({ checkpoint: { ts: at }, checkpointPendingWrites: writes });
  expect([...pending]).toEqual([["task-1", [{ id: "i-1", requestedAtMs: Date.parse(at) }]]]);
});
