/**
 * Goal: what the application says becomes the spans of the semantic conventions, and the
 * application gets back what its own functions return. Method: a real SDK, spans kept in memory.
 */
import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { APPROVAL_REQUESTED_EVENT, OTEL, WORKFLOW } from "@spanledger/schema";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  action,
  approval,
  currentRun,
  decide,
  explainDecision,
  step,
  tool,
  type WorkflowOptions,
  workflow,
} from "./index.ts";
import { type Recording, record, unregister } from "./spans.test.support.ts";

const LEADS: WorkflowOptions = {
  id: "lead_triage",
  name: "Lead triage",
  version: "1.2.0",
  trigger: { type: "webhook", source: "crm", id: "d-9" },
  actor: { id: "ann", type: "user" },
  authorization: "role:sales",
  workspace: "emea",
  tags: ["demo"],
  conversationId: "c-1",
  requestId: "req-1",
};
const ROOT = "invoke_workflow Lead triage";

let recording: Recording;
beforeEach(() => {
  recording = record();
});
afterEach(() => {
  unregister();
  vi.unstubAllEnvs();
});

describe("workflow()", () => {
  test("says who, what, why on the run, and the ids on every span inside", async () => {
    const runId = await workflow(LEADS, async (run) => {
      trace.getTracer("other").startSpan("GET /").end();
      expect(currentRun()?.runId).toBe(run.runId);
      return run.runId;
    });
    expect(recording.one(ROOT).attributes).toEqual({
      [OTEL.genAiOperationName]: "invoke_workflow",
      [OTEL.genAiWorkflowName]: "Lead triage",
      [OTEL.genAiConversationId]: "c-1",
      [OTEL.userId]: "ann",
      [WORKFLOW.id]: "lead_triage",
      [WORKFLOW.version]: "1.2.0",
      [WORKFLOW.runId]: runId,
      [WORKFLOW.requestId]: "req-1",
      [WORKFLOW.runResult]: "success",
      [WORKFLOW.triggerType]: "webhook",
      [WORKFLOW.triggerSource]: "crm",
      [WORKFLOW.triggerId]: "d-9",
      [WORKFLOW.actorId]: "ann",
      [WORKFLOW.actorType]: "user",
      [WORKFLOW.authorization]: "role:sales",
      [WORKFLOW.workspaceId]: "emea",
      [WORKFLOW.tags]: ["demo"],
    });
    expect(recording.one("GET /").attributes).toEqual({
      [WORKFLOW.id]: "lead_triage",
      [WORKFLOW.runId]: runId,
      [WORKFLOW.requestId]: "req-1",
      [WORKFLOW.workspaceId]: "emea",
      [WORKFLOW.actorId]: "ann",
      [WORKFLOW.actorType]: "user",
    });
  });

  test("takes what it is not told from the environment, and ULIDs for the ids", () => {
    vi.stubEnv("SPANLEDGER_TRIGGER_TYPE", "schedule");
    vi.stubEnv("SPANLEDGER_ACTOR_ID", "cron");
    vi.stubEnv("SPANLEDGER_ACTOR_TYPE", "nonsense");
    workflow({ id: "w", name: "w" }, () => 1);
    const { attributes } = recording.one("invoke_workflow w");
    expect(attributes).toMatchObject({
      [WORKFLOW.triggerType]: "schedule",
      [WORKFLOW.actorId]: "cron",
      [WORKFLOW.actorType]: "system",
    });
    const ulid = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
    expect(attributes[WORKFLOW.runId]).toMatch(ulid);
    expect(attributes[WORKFLOW.requestId]).toMatch(ulid);
  });

  test.each(["", "a b", "x".repeat(129), "a\nb"])("replaces the request id %j", (requestId) => {
    workflow({ ...LEADS, requestId }, () => 1);
    expect(recording.one(ROOT).attributes[WORKFLOW.requestId]).toHaveLength(26);
  });

  test("keeps the request id that came in as baggage", () => {
    const baggage = propagation.createBaggage({ [WORKFLOW.requestId]: { value: "from-gateway" } });
    context.with(propagation.setBaggage(context.active(), baggage), () =>
      workflow({ ...LEADS, requestId: undefined }, () => 1),
    );
    expect(recording.one(ROOT).attributes[WORKFLOW.requestId]).toBe("from-gateway");
  });

  test("fails with the function's own error", async () => {
    const error = new RangeError("too much");
    await expect(workflow(LEADS, () => Promise.reject(error))).rejects.toBe(error);
    const { attributes, status, events } = recording.one(ROOT);
    expect(attributes[WORKFLOW.runResult]).toBe("failure");
    expect(attributes[OTEL.errorType]).toBe("RangeError");
    expect(status).toEqual({ code: SpanStatusCode.ERROR, message: "too much" });
    expect(events.map((event) => event.name)).toEqual(["exception"]);
  });

  test.each([
    [new DOMException("late", "TimeoutError"), "timeout"],
    [new DOMException("stop", "AbortError"), "cancellation"],
    ["a text", "failure"],
    [undefined, "failure"],
  ])("gives a run that throws %s the result %s", (error, result) => {
    const run = (): void =>
      workflow(LEADS, () => {
        throw error;
      });
    expect(run).toThrow();
    expect(recording.one(ROOT).attributes[WORKFLOW.runResult]).toBe(result);
  });

  test("takes the result that the function sets", () => {
    workflow(LEADS, (run) => run.setResult("partial"));
    expect(recording.one(ROOT).attributes[WORKFLOW.runResult]).toBe("partial");
  });
});

describe("what comes back", () => {
  test("is the very value, promise or error of the function", async () => {
    class OwnPromise<T> extends Promise<T> {}
    const own = OwnPromise.resolve(1);
    expect(workflow(LEADS, () => own)).toBe(own);
    expect(step("s", () => 2)).toBe(2);
    const plain = step("s", async () => 3);
    expect(Object.getPrototypeOf(plain)).toBe(Promise.prototype);
    expect(await plain).toBe(3);
    const chosen = ["a"] as const;
    expect(decide("d", { options: ["a", "b"] }, chosen)).toBe(chosen);
  });

  test("is the same where no SDK is registered", async () => {
    unregister();
    const result = await workflow(LEADS, () =>
      step("s", async () => {
        approval.resolve({ outcome: "approved" });
        explainDecision({ reason: "none" });
        const chosen = decide("d", { options: ["a", "b"] }, () => "a" as const);
        return action("x.y", async () => tool("t", {}, () => chosen));
      }),
    );
    expect(result).toBe("a");
    expect(recording.spans()).toEqual([]);
  });

  test("is the same where the SDK throws at everything", async () => {
    unregister();
    const broken = new Proxy({}, { get: () => () => expect.fail("telemetry failed") });
    trace.setGlobalTracerProvider({ getTracer: () => broken as never });
    expect(await workflow(LEADS, () => step("s", async () => action("a", () => 7)))).toBe(7);
  });
});

describe("step()", () => {
  test("says type, attempt, result, input and output", () => {
    step("score", { input: { lead: 1 }, index: 4, attempt: 2, fallback: "model" }, () => [9]);
    expect(recording.one("run_step score").attributes).toEqual({
      [WORKFLOW.stepId]: "score",
      [WORKFLOW.stepName]: "score",
      [WORKFLOW.stepType]: "action",
      [WORKFLOW.stepIndex]: 4,
      [WORKFLOW.stepAttempt]: 2,
      [WORKFLOW.stepFallback]: "model",
      [WORKFLOW.stepInput]: '{"lead":1}',
      [WORKFLOW.stepOutput]: "[9]",
      [WORKFLOW.stepResult]: "success",
    });
  });

  test("has the type of what it held: decision, ai, approval, the strongest last", () => {
    const tracer = trace.getTracer("sdk");
    const attributes = { [OTEL.genAiOperationName]: "chat" };
    step("a", () => decide("d", { options: ["x"] }, "x"));
    step("b", () => {
      decide("e", { options: ["x"] }, "x");
      tracer.startSpan("chat m", { attributes }).end();
    });
    step("c", () => {
      tracer.startSpan("chat n", { attributes }).end();
      approval.request({ id: "q" });
    });
    const types = ["a", "b", "c"].map(
      (name) => recording.one(`run_step ${name}`).attributes[WORKFLOW.stepType],
    );
    expect(types).toEqual(["decision", "ai", "approval"]);
  });

  test("fails as its function does", () => {
    const fail = (): never => {
      throw new TypeError("no");
    };
    expect(() => step("s", fail)).toThrow(TypeError);
    const { attributes, status } = recording.one("run_step s");
    expect(attributes[WORKFLOW.stepResult]).toBe("failure");
    expect(status.code).toBe(SpanStatusCode.ERROR);
  });
});

describe("decide()", () => {
  test("says options, selected, skipped and why", async () => {
    await step("route", () =>
      decide("by_score", { options: ["fast", "slow", "drop"], defaultOption: "slow" }, async () => {
        explainDecision({ reason: "score 0.9", confidence: 0.9, condition: "score >= 0.8" });
        explainDecision({ inputs: { score: 0.9 } });
        return "fast" as const;
      }),
    );
    expect(recording.one("evaluate_branch by_score").attributes).toEqual({
      [WORKFLOW.decisionId]: "by_score",
      [WORKFLOW.decisionName]: "by_score",
      [WORKFLOW.decisionType]: "rule",
      [WORKFLOW.decisionSourceStep]: "route",
      [WORKFLOW.stepName]: "route",
      [WORKFLOW.decisionOptions]: ["fast", "slow", "drop"],
      [WORKFLOW.decisionSelected]: ["fast"],
      [WORKFLOW.decisionSkipped]: ["slow", "drop"],
      [WORKFLOW.decisionDefaultTaken]: false,
      [WORKFLOW.decisionReason]: "score 0.9",
      [WORKFLOW.decisionCondition]: "score >= 0.8",
      [WORKFLOW.decisionConfidence]: 0.9,
      [WORKFLOW.decisionInputs]: '{"score":0.9}',
    });
  });

  test.each([-0.1, 1.1, Number.NaN])("leaves the impossible confidence %d out", (confidence) => {
    decide("d", { options: ["a"], confidence }, "a");
    expect(recording.one("evaluate_branch d").attributes).not.toHaveProperty([
      WORKFLOW.decisionConfidence,
    ]);
  });
});

describe("actions, tools and approvals", () => {
  test("an action is a client span with target and external id", async () => {
    await action("salesforce.create_lead", { target: "salesforce" }, async (handle) => {
      handle.setExternalId("00Q1");
    });
    const span = recording.one("perform_action salesforce.create_lead");
    expect(span.kind).toBe(SpanKind.CLIENT);
    expect(span.attributes).toEqual({
      [WORKFLOW.actionName]: "salesforce.create_lead",
      [WORKFLOW.actionTarget]: "salesforce",
      [WORKFLOW.actionExternalId]: "00Q1",
      [WORKFLOW.actionResult]: "success",
    });
  });

  test("a tool has its name, call id, arguments and result", () => {
    tool("add", { callId: "c1", arguments: { a: 1 } }, () => 2);
    expect(recording.one("execute_tool add").attributes).toEqual({
      [OTEL.genAiOperationName]: "execute_tool",
      [OTEL.genAiToolName]: "add",
      [OTEL.genAiToolType]: "function",
      [OTEL.genAiToolCallId]: "c1",
      [OTEL.genAiToolCallArguments]: '{"a":1}',
      [OTEL.genAiToolCallResult]: "2",
    });
  });

  test("a question pauses step and run, and is no error", () => {
    const id = workflow(LEADS, () => step("ask", () => approval.request()));
    const asked = recording.one("run_step ask");
    expect(asked.attributes[WORKFLOW.stepResult]).toBe("paused");
    expect(asked.status.code).toBe(SpanStatusCode.UNSET);
    expect(asked.events).toMatchObject([
      { name: APPROVAL_REQUESTED_EVENT, attributes: { [WORKFLOW.approvalId]: id } },
    ]);
    expect(recording.one(ROOT).attributes[WORKFLOW.runResult]).toBe("paused");
  });

  test("a question that is answered in the same step and run pauses neither", () => {
    workflow(LEADS, () =>
      step("ask", () => approval.resolve({ id: approval.request(), outcome: "approved" })),
    );
    expect(recording.one("run_step ask").attributes[WORKFLOW.stepResult]).toBe("success");
    expect(recording.one(ROOT).attributes[WORKFLOW.runResult]).toBe("success");
  });

  test("an answer says who decided, how, and how long it took", () => {
    const requestedAt = new Date(Date.now() - 60_000);
    approval.resolve({
      id: "q1",
      step: "ask",
      outcome: "edited",
      approver: "dana",
      comment: "half",
      requestedAt,
    });
    const { attributes } = recording.one("resolve_approval ask");
    expect(attributes).toMatchObject({
      [WORKFLOW.approvalId]: "q1",
      [WORKFLOW.approvalOutcome]: "edited",
      [WORKFLOW.approvalComment]: "half",
      [WORKFLOW.approvalRequestedAt]: requestedAt.toISOString(),
      [OTEL.userId]: "dana",
    });
    expect(attributes[WORKFLOW.approvalWaitMs]).toBeGreaterThanOrEqual(60_000);
  });
});
