/**
 * Goal: a run that waits for a person is recorded as one run in several parts.
 * Method: the real library in this process, spans kept in memory.
 */
import { Command } from "@langchain/langgraph";
import { SpanStatusCode } from "@opentelemetry/api";
import { workflow } from "@spanledger/api";
import { OTEL, WORKFLOW } from "@spanledger/schema";
import { beforeEach, describe, expect, test } from "vitest";
import { FACTS, first, ROOT, recording, refundGraph, THREAD } from "./langgraph-graphs.ts";
import { tree } from "./spans.ts";

beforeEach(() => recording.reset());

describe("a run that pauses and is resumed inside workflow()", () => {
  test("has one root per part, the same run id, and a link", async () => {
    const graph = refundGraph();
    await workflow(FACTS, () => graph.invoke({ score: 0.9 }, THREAD));
    expect(tree(recording.spans())).toEqual([
      ROOT,
      "  run_step classify",
      "  evaluate_branch routeByScore",
      "  run_step lookup",
      "  run_step lookup",
      "    execute_tool get_order",
      "  run_step approve",
    ]);
    const rootA = first(ROOT);
    expect(rootA.attributes).toMatchObject({
      [WORKFLOW.id]: "refund_flow",
      [WORKFLOW.runResult]: "paused",
      [WORKFLOW.engine]: "langgraph",
      [WORKFLOW.triggerId]: "d-1",
      [OTEL.genAiConversationId]: "t-1",
    });
    expect(rootA.status.code).toBe(SpanStatusCode.UNSET);

    recording.reset();
    const answer = { approved: true, approver: "dana", comment: "fine" };
    await workflow(FACTS, async (run) => {
      await graph.invoke(new Command({ resume: answer }), THREAD);
      expect(run.runId).toBe(rootA.attributes[WORKFLOW.runId]);
    });
    expect(tree(recording.spans())).toEqual([
      ROOT,
      "  run_step approve",
      "    resolve_approval approve",
      "  evaluate_branch approve",
      "  run_step refund",
      "    perform_action shop.refund",
    ]);
    const rootB = first(ROOT);
    expect(rootB.links.map((link) => link.context.spanId)).toEqual([rootA.spanContext().spanId]);
    const runIds = recording.spans().map((span) => span.attributes[WORKFLOW.runId]);
    expect(new Set(runIds)).toEqual(new Set([rootA.attributes[WORKFLOW.runId]]));
    expect(first("perform_action shop.refund").attributes).toMatchObject({
      [WORKFLOW.actionTarget]: "shop",
      [WORKFLOW.actionExternalId]: "r-1",
      [WORKFLOW.actionResult]: "success",
    });
  });

  test("keeps what the routing function said of its decision", async () => {
    await workflow(FACTS, () => refundGraph().invoke({ score: 0.9 }, THREAD));
    expect(first("evaluate_branch routeByScore").attributes).toMatchObject({
      [WORKFLOW.decisionReason]: "score is high",
      [WORKFLOW.decisionConfidence]: 0.9,
      [WORKFLOW.decisionInputs]: '{"score":0.9}',
      [WORKFLOW.decisionSelected]: ["lookup"],
      [WORKFLOW.decisionSkipped]: ["reject"],
    });
  });

  test("begins a new run where a thread gets a new input instead of an answer", async () => {
    const graph = refundGraph();
    await workflow(FACTS, () => graph.invoke({ score: 0.9 }, THREAD));
    await workflow(FACTS, () => graph.invoke({ score: 0.1 }, THREAD));
    const [one, two] = recording.named(ROOT);
    expect(two?.links).toEqual([]);
    expect(two?.attributes[WORKFLOW.runId]).not.toBe(one?.attributes[WORKFLOW.runId]);
  });

  test.each([
    [{ approved: false, actor: { id: "lee" } }, "rejected", "lee"],
    [{ outcome: "expired" }, "expired", undefined],
    [{ type: "edit", user: "kim" }, "edited", "kim"],
    [true, "approved", undefined],
    ["some text of the person", "edited", undefined],
  ])("reads the answer %j as %s", async (answer, outcome, user) => {
    const graph = refundGraph();
    await graph.invoke({ score: 0.9 }, THREAD);
    await graph.invoke(new Command({ resume: answer }), THREAD);
    const { attributes } = first("resolve_approval approve");
    expect(attributes[WORKFLOW.approvalOutcome]).toBe(outcome);
    expect(attributes[OTEL.userId]).toBe(user);
  });
});
