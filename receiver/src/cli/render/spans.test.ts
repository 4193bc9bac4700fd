/**
 * Goal: a checkpoint and an authentication say in a line what an auditor asks of them.
 * Method: rows as the timeline has them. The other types: `program.test.ts`, on the engine.
 */
import { expect, test } from "vitest";
import { describeSpan } from "./spans.ts";

const described = (SpanType: string, SpanName: string, SpanAttributes: object, more = {}) => {
  const { mark, name, facts } = describeSpan({ SpanType, SpanName, SpanAttributes, ...more });
  return [mark, name, ...facts.map(({ text }) => text)].join(" | ");
};

test.each([
  [
    described("checkpoint", "save_checkpoint", {
      "workflow.checkpoint.sequence": "3",
      "workflow.checkpoint.key_id": "k1",
    }),
    "checkpoint | save_checkpoint | number 3 | key k1",
  ],
  [
    described("checkpoint", "load_checkpoint", { "workflow.checkpoint.verified": "true" }),
    "checkpoint | load_checkpoint | verified",
  ],
  [
    described(
      "checkpoint",
      "load_checkpoint",
      { "workflow.checkpoint.verified": "false", "error.type": "CHECKPOINT_FORGED" },
      { StatusCode: "Error", StatusMessage: "the checkpoint's signature is wrong" },
    ),
    "checkpoint | load_checkpoint | refused | " +
      "error CHECKPOINT_FORGED: the checkpoint's signature is wrong",
  ],
  [
    described("authentication", "authenticate oidc", {
      "workflow.auth.method": "oidc",
      "workflow.auth.outcome": "failure",
      "user.id": "ann",
    }),
    "auth | oidc | failure | as ann",
  ],
])("%s", (text, expected) => {
  expect(text).toBe(expected);
});
