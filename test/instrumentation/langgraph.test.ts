/**
 * Goal: a LangGraph run yields the spans of the semantic conventions. Method: the real library in
 * this process, spans kept in memory.
 */
import { StructuredTool, tool } from "@langchain/core/tools";
import {
  Annotation,
  Command,
  END,
  interrupt,
  MemorySaver,
  START,
  StateGraph,
} from "@langchain/langgraph";
import { Pregel } from "@langchain/langgraph/pregel";
import { SpanStatusCode } from "@opentelemetry/api";
import { action, explainDecision, workflow } from "@spanledger/api";
import { LangGraphInstrumentation } from "@spanledger/instrumentation-langgraph";
import { WORKFLOW } from "@spanledger/schema";
import { beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { record, tree } from "./spans.ts";

const recording = record();
new LangGraphInstrumentation().manuallyInstrument({ Pregel, StructuredTool });
beforeEach(() => recording.reset());

const State = Annotation.Root({
  score: Annotation<number>,
  notes: Annotation<string[]>({ reducer: (a, b) => [...a, ...b], default: () => [] }),
});

const getOrder = tool(async ({ id }: { id: string }) => `order ${id}`, {
  name: "get_order",
  description: "Look an order up",
  schema: z.object({ id: z.string() }),
});

const FACTS = {
  id: "refund_flow",
  name: "Refund flow",
  version: "3",
  trigger: { type: "webhook", source: "shop", id: "d-1" },
  actor: { id: "svc-shop", type: "service" },
  authorization: "role:support",
} as const;

function refundGraph(saver = new MemorySaver()) {
  let lookups = 0;
  return new StateGraph(State)
    .addNode("classify", async () => ({ notes: ["classified"] }))
    .addNode(
      "lookup",
      async () => {
        lookups += 1;
        if (lookups === 1) throw new TypeError("connection lost");
        return { notes: [await getOrder.invoke({ id: "7" })] };
      },
      { retryPolicy: { maxAttempts: 2, initialInterval: 1, jitter: false, logWarning: false } },
    )
    .addNode("reject", async () => ({}))
    .addNode(
      "approve",
      () => {
        const answer: unknown = interrupt({ question: "refund?" });
        return new Command({ goto: "refund", update: { notes: [JSON.stringify(answer)] } });
      },
      { ends: ["refund", "reject"] },
    )
    .addNode("refund", async () => {
      await action("shop.refund", { target: "shop" }, async (handle) =>
        handle.setExternalId("r-1"),
      );
      return {};
    })
    .addEdge(START, "classify")
    .addConditionalEdges(
      "classify",
      function routeByScore(state: typeof State.State) {
        explainDecision({
          reason: "score is high",
          confidence: 0.9,
          inputs: { score: state.score },
        });
        return state.score > 0.5 ? "high" : "low";
      },
      { high: "lookup", low: "reject" },
    )
    .addEdge("lookup", "approve")
    .addEdge("refund", END)
    .addEdge("reject", END)
    .compile({ checkpointer: saver, name: "refund_graph" });
}

const THREAD = { configurable: { thread_id: "t-1" } };

describe("a run that pauses and is resumed", () => {
  test("has the tree of the semantic conventions", async () => {
    const graph = refundGraph();
    await workflow(FACTS, () => graph.invoke({ score: 0.9 }, THREAD));
    expect(tree(recording.spans())).toEqual([
      "invoke_workflow Refund flow",
      "  run_step classify",
      "  evaluate_branch routeByScore",
      "  run_step lookup",
      "  run_step lookup",
      "    execute_tool get_order",
      "  run_step approve",
    ]);
    const [root] = recording.named("invoke_workflow Refund flow");
    expect(root?.attributes[WORKFLOW.runResult]).toBe("paused");
    expect(root?.status.code).toBe(SpanStatusCode.UNSET);

    recording.reset();
    const answer = { approved: true, approver: "dana", comment: "fine" };
    await workflow(FACTS, () => graph.invoke(new Command({ resume: answer }), THREAD));
    expect(tree(recording.spans())).toEqual([
      "invoke_workflow Refund flow",
      "  run_step approve",
      "    resolve_approval approve",
      "  evaluate_branch approve",
      "  run_step refund",
      "    perform_action shop.refund",
    ]);
  });
});
