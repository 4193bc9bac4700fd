/**
 * Goal: a Mastra workflow gives the runs, steps, decisions and approvals of the semantic conventions,
 * and does not notice. Method: the real library in this process, spans kept in memory.
 */
import { SpanStatusCode } from "@opentelemetry/api";
import { step as plainStep, workflow } from "@spanledger/api";
import { APPROVAL_REQUESTED_EVENT, OTEL, WORKFLOW } from "@spanledger/schema";
import { beforeEach, describe, expect, test } from "vitest";
import {
  flow,
  instrumentation,
  named,
  recording,
  refundFlow,
  type StepContext,
  start,
  step,
} from "./mastra-workflows.ts";
import { tree } from "./spans.ts";

beforeEach(() => recording.reset());

const runTree = (): readonly string[] =>
  tree(recording.spans()).filter((line) => !line.startsWith("define_workflow"));

const ANSWER = { approved: true, approver: "dana", comment: "within policy" };
const ROOT = "invoke_workflow refund_flow";

describe("a run that pauses", () => {
  test("is one trace before the answer and one after it, with the same run id and a link", async () => {
    const first = await start(refundFlow(), { score: 0.9 });
    expect(first.status).toBe("suspended");
    expect(runTree()).toEqual([
      ROOT,
      "  run_step classify",
      "  evaluate_branch by_score",
      "  run_step lookup",
      "  run_step lookup",
      "  run_step approve",
    ]);
    const before = named(ROOT);
    expect(before.attributes).toMatchObject({
      [OTEL.genAiWorkflowName]: "refund_flow",
      [WORKFLOW.id]: "refund_flow",
      [WORKFLOW.engine]: "mastra",
      [WORKFLOW.runResult]: "paused",
      [WORKFLOW.definitionSha256]: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(before.status.code).toBe(SpanStatusCode.UNSET);
    const asked = named("run_step approve");
    const [event] = asked.events;
    expect(event?.name).toBe(APPROVAL_REQUESTED_EVENT);
    expect(asked.attributes).toMatchObject({
      [WORKFLOW.stepType]: "approval",
      [WORKFLOW.stepResult]: "paused",
      [WORKFLOW.stepOutput]: '{"question":"refund?"}',
    });

    recording.reset();
    const second = await first.resume("approve", ANSWER);
    expect(second).toMatchObject({ status: "success", result: { refunded: true } });
    expect(runTree()).toEqual([
      ROOT,
      "  run_step approve",
      "    resolve_approval approve",
      "  run_step refund",
    ]);
    const after = named(ROOT);
    expect(after.attributes).toMatchObject({
      [WORKFLOW.runId]: before.attributes[WORKFLOW.runId],
      [WORKFLOW.requestId]: before.attributes[WORKFLOW.requestId],
      [WORKFLOW.runResult]: "success",
    });
    expect(after.links).toMatchObject([{ context: { spanId: before.spanContext().spanId } }]);
    expect(named("resolve_approval approve").attributes).toMatchObject({
      [WORKFLOW.approvalId]: event?.attributes?.[WORKFLOW.approvalId],
      [WORKFLOW.approvalOutcome]: "approved",
      [WORKFLOW.approvalComment]: "within policy",
      [WORKFLOW.approvalWaitMs]: expect.any(Number),
      [OTEL.userId]: "dana",
    });
  });

  test("shows nothing of ours to the steps of the application", async () => {
    const seen: unknown[] = [];
    const ask = step("ask", ({ requestContext, resumeData, suspend }) => {
      seen.push(...requestContext.keys());
      return resumeData ?? suspend({});
    });
    const first = await start(flow("asking").then(ask).commit(), {});
    expect((await first.resume("ask", { approved: false })).status).toBe("success");
    expect(seen).toEqual([]);
    expect(named("resolve_approval ask").attributes[WORKFLOW.approvalOutcome]).toBe("rejected");
  });

  test("in a nested workflow is told by the innermost step alone", async () => {
    const ask = step("ask", ({ resumeData, suspend }) => resumeData ?? suspend({ why: "?" }));
    const inner = flow("inner").then(ask).commit();
    const first = await start(flow("outer").then(inner).commit(), {});
    expect(runTree()).toEqual(["invoke_workflow outer", "  run_step inner", "    run_step ask"]);
    expect(named("run_step ask").events).toHaveLength(1);
    expect(named("run_step inner").events).toEqual([]);
    expect(named("run_step inner").attributes[WORKFLOW.stepResult]).toBe("paused");
    recording.reset();
    await first.resume(["inner", "ask"], ANSWER);
    expect(runTree()).toEqual([
      "invoke_workflow outer",
      "  run_step inner",
      "    run_step ask",
      "      resolve_approval ask",
    ]);
  });
});

describe("steps", () => {
  test("that are tried again are siblings: retried, then the last result", async () => {
    await start(refundFlow(), { score: 0.9 });
    const [failed, repeated] = recording.named("run_step lookup");
    expect(failed).toMatchObject({
      status: { code: SpanStatusCode.ERROR, message: "connection lost" },
      attributes: {
        [OTEL.errorType]: "TypeError",
        [WORKFLOW.stepAttempt]: 1,
        [WORKFLOW.stepResult]: "retried",
      },
    });
    expect(repeated?.attributes).toMatchObject({
      [WORKFLOW.stepAttempt]: 2,
      [WORKFLOW.stepResult]: "success",
      [WORKFLOW.stepInput]: '{"score":0.9}',
      [WORKFLOW.stepOutput]: '{"order":7}',
    });
  });

  test("that fail for good fail the run, with the exception's own class", async () => {
    const boom = step("boom", () => {
      throw new RangeError("too much");
    });
    const result = await start(flow("failing").then(boom).commit(), {});
    expect(result).toMatchObject({ status: "failed", error: { message: "too much" } });
    for (const name of ["run_step boom", "invoke_workflow failing"]) {
      expect(named(name)).toMatchObject({
        status: { code: SpanStatusCode.ERROR, message: "too much" },
        attributes: { [OTEL.errorType]: "RangeError" },
      });
    }
    expect(named("invoke_workflow failing").attributes[WORKFLOW.runResult]).toBe("failure");
  });

  test("that run in parallel, sleep, map or run for each item are there, in their order", async () => {
    const count = step("count", ({ inputData }) => inputData);
    const workflowOfAll = flow("all")
      .parallel([step("a", () => [1]), step("b", () => [2])])
      .sleep(1, { id: "rest" })
      .map(async ({ inputData }: StepContext) => [...inputData.a, ...inputData.b])
      .foreach(count)
      .commit();
    expect((await start(workflowOfAll, {})).result).toEqual([1, 2]);
    expect(runTree()).toEqual([
      "invoke_workflow all",
      "  run_step a",
      "  run_step b",
      "  run_step rest",
      "  run_step mapping_all_0",
      "  run_step count",
      "  run_step count",
    ]);
  });

  test("take inputs of any shape", async () => {
    const strange: Record<string, unknown> = { big: 10n };
    strange.self = strange;
    const look = step("look", ({ inputData }) => inputData === strange);
    const hand = step("hand", () => strange);
    expect((await start(flow("odd").then(hand).then(look).commit(), {})).result).toBe(true);
    expect(named("run_step look").attributes[WORKFLOW.stepInput]).toBe(
      '{"big":"10","self":"[cycle]"}',
    );
  });
});

describe("decisions", () => {
  test("of a branch say options, selection, source, condition and why", async () => {
    await start(refundFlow(), { score: 0.9 });
    const { attributes } = named("evaluate_branch by_score");
    expect(attributes).toMatchObject({
      [WORKFLOW.decisionId]: "by_score",
      [WORKFLOW.decisionType]: "conditional_edge",
      [WORKFLOW.decisionSourceStep]: "classify",
      [WORKFLOW.decisionOptions]: ["lookup", "reject"],
      [WORKFLOW.decisionSelected]: ["lookup"],
      [WORKFLOW.decisionSkipped]: ["reject"],
      [WORKFLOW.decisionReason]: "score is high",
      [WORKFLOW.decisionConfidence]: 0.9,
    });
    expect(attributes[WORKFLOW.decisionCondition]).toContain("inputData.score >");
  });

  test("that select nothing, or more than one, say so", async () => {
    const branch = (id: string, first: boolean, second: boolean) =>
      flow(id)
        .branch([
          [async () => first, step("a", () => 1)],
          [async () => second, step("b", () => 2)],
        ])
        .commit();
    await start(branch("none", false, false), {});
    await start(branch("both", true, true), {});
    const selected = recording
      .named("evaluate_branch branch")
      .map((span) => span.attributes[WORKFLOW.decisionSelected]);
    expect(selected).toEqual([[], ["a", "b"]]);
  });

  test("whose condition throws fail, and Mastra goes on as without us", async () => {
    const rule = async (): Promise<boolean> => {
      throw new SyntaxError("bad rule");
    };
    const broken = flow("broken")
      .branch([[rule, step("a", () => 1)]])
      .commit();
    expect((await start(broken, {})).status).toBe("success");
    expect(named("evaluate_branch branch")).toMatchObject({
      status: { code: SpanStatusCode.ERROR, message: "bad rule" },
      attributes: { [WORKFLOW.decisionSelected]: [], [WORKFLOW.decisionSkipped]: ["a"] },
    });
  });

  test("of a loop lead back or on", async () => {
    const count = step("count", ({ inputData }) => ({ n: inputData.n + 1 }));
    const loop = flow("loop")
      .dountil(count, async ({ inputData }: StepContext) => inputData.n >= 2)
      .then(step("after", ({ inputData }) => inputData))
      .commit();
    expect((await start(loop, { n: 0 })).result).toEqual({ n: 2 });
    expect(runTree()).toEqual([
      "invoke_workflow loop",
      "  run_step count",
      "  evaluate_branch count.loop",
      "  run_step count",
      "  evaluate_branch count.loop",
      "  run_step after",
    ]);
    const selected = recording
      .named("evaluate_branch count.loop")
      .map((span) => span.attributes[WORKFLOW.decisionSelected]);
    expect(selected).toEqual([["count"], ["after"]]);
  });
});

describe("who runs it", () => {
  test("inside workflow() the application's run is the run", async () => {
    const facts = { id: "refunds", name: "Refunds", actor: { id: "ann", type: "user" } } as const;
    await workflow(facts, () => plainStep("outer", () => start(refundFlow(), { score: 0 })));
    expect(runTree().slice(0, 3)).toEqual([
      "invoke_workflow Refunds",
      "  run_step outer",
      "    run_step classify",
    ]);
    expect(named("invoke_workflow Refunds").attributes).toMatchObject({
      [WORKFLOW.runResult]: "paused",
      [WORKFLOW.engine]: "mastra",
      [OTEL.userId]: "ann",
    });
  });

  test("nothing is recorded where the instrumentation is disabled", async () => {
    instrumentation.disable();
    const first = await start(refundFlow(), { score: 0.9 });
    instrumentation.enable();
    expect(first.status).toBe("suspended");
    expect(recording.spans()).toEqual([]);
  });
});
