/**
 * Goal: what was allowed and who somebody is become spans; the application's own checks decide.
 * Method: a real SDK, spans kept in memory.
 */
import { SpanStatusCode } from "@opentelemetry/api";
import { OTEL, WORKFLOW } from "@spanledger/schema";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { authenticate, policy } from "./index.ts";
import { type Recording, record, unregister } from "./spans.test.support.ts";

let recording: Recording;
beforeEach(() => {
  recording = record();
});
afterEach(unregister);

const NAME = "evaluate_policy refund_limit";

describe("policy()", () => {
  test("records an outcome and gives it back", () => {
    expect(policy("refund_limit", "allow")).toBe("allow");
    expect(recording.one(NAME).attributes).toEqual({
      [WORKFLOW.policyName]: "refund_limit",
      [WORKFLOW.policyOutcome]: "allow",
    });
  });

  test("records what the evaluation knows, which counts more than what was said before", async () => {
    const verdict = { outcome: "deny", ruleId: "R-2", reason: "above 100" } as const;
    const given = await policy("refund_limit", { ruleId: "R-1" }, async () => verdict);
    expect(given).toBe(verdict);
    const { attributes, status } = recording.one(NAME);
    expect(attributes).toMatchObject({
      [WORKFLOW.policyOutcome]: "deny",
      [WORKFLOW.policyRuleId]: "R-2",
      [WORKFLOW.policyReason]: "above 100",
    });
    expect(status.code).toBe(SpanStatusCode.UNSET);
  });

  test("fails with the evaluation's own error and claims no outcome", () => {
    const error = new RangeError("no rules");
    const evaluate = (): "allow" => {
      throw error;
    };
    expect(() => policy("refund_limit", evaluate)).toThrow(error);
    const { attributes, status } = recording.one(NAME);
    expect(status.code).toBe(SpanStatusCode.ERROR);
    expect(attributes[OTEL.errorType]).toBe("RangeError");
    expect(attributes).not.toHaveProperty([WORKFLOW.policyOutcome]);
  });

  test("takes known outcomes only, against the compiler and when it runs", () => {
    // @ts-expect-error maybe is no outcome
    expect(policy("refund_limit", () => "maybe")).toBe("maybe");
    expect(recording.one(NAME).attributes).not.toHaveProperty([WORKFLOW.policyOutcome]);
  });
});

describe("authenticate()", () => {
  const user = (found: { id: string }) => found.id;

  test("records who it was, and gives back what the check found", async () => {
    const ann = { id: "ann" };
    expect(await authenticate("oidc", { user }, async () => ann)).toBe(ann);
    expect(recording.one("authenticate oidc").attributes).toEqual({
      [WORKFLOW.authMethod]: "oidc",
      [WORKFLOW.authOutcome]: "success",
      [OTEL.userId]: "ann",
    });
  });

  test.each([null, undefined, false])("has failed where the check gives %s", (nothing) => {
    expect(authenticate("session", { user: () => "ann" }, () => nothing)).toBe(nothing);
    expect(recording.one("authenticate session").attributes).toEqual({
      [WORKFLOW.authMethod]: "session",
      [WORKFLOW.authOutcome]: "failure",
    });
  });

  test("keeps the user that was claimed where the check throws", () => {
    const error = new Error("expired");
    const check = (): never => {
      throw error;
    };
    expect(() => authenticate("api_key", { user: "svc-shop" }, check)).toThrow(error);
    expect(recording.one("authenticate api_key").attributes).toMatchObject({
      [WORKFLOW.authOutcome]: "failure",
      [OTEL.userId]: "svc-shop",
    });
  });

  test("does not fail where reading the user does", () => {
    const broken = (): string => {
      throw new Error("no");
    };
    expect(authenticate("mtls", { user: broken }, () => true)).toBe(true);
    expect(recording.one("authenticate mtls").attributes[WORKFLOW.authOutcome]).toBe("success");
  });
});

test("without an SDK, both are the application's own check", async () => {
  unregister();
  expect(policy("refund_limit", "warn")).toBe("warn");
  expect(await authenticate("oidc", async () => 1)).toBe(1);
  expect(recording.spans()).toEqual([]);
});
