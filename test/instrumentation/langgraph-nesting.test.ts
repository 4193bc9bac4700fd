/**
 * Goal: subgraphs, fan-outs and simultaneous runs keep their places in the tree.
 * Method: the real library in this process, spans kept in memory.
 */
import { Command, interrupt, MemorySaver, Send, START, StateGraph } from "@langchain/langgraph";
import { SpanStatusCode } from "@opentelemetry/api";
import { step, workflow } from "@spanledger/api";
import { WORKFLOW } from "@spanledger/schema";
import { beforeEach, describe, expect, test } from "vitest";
import { FACTS, first, ROOT, recording, State, THREAD } from "./langgraph-graphs.ts";
import { tree } from "./spans.ts";

beforeEach(() => recording.reset());

describe("graphs in graphs, and many at once", () => {
  test("a subgraph's steps lie below the step that runs it, without a root of their own", async () => {
    const inner = new StateGraph(State)
      .addNode("deep", () => ({ notes: ["deep"] }))
      .addEdge(START, "deep")
      .compile({ name: "inner" });
    const outer = new StateGraph(State).addNode("nested", inner).addEdge(START, "nested").compile();
    await workflow(FACTS, () => outer.invoke({}));
    expect(tree(recording.spans())).toEqual([ROOT, "  run_step nested", "    run_step deep"]);
  });

  test("a question inside a subgraph pauses both steps and is told once", async () => {
    const inner = new StateGraph(State)
      .addNode("ask", () => ({ notes: [String(interrupt("go on?"))] }))
      .addEdge(START, "ask")
      .compile();
    const outer = new StateGraph(State)
      .addNode("nested", inner)
      .addEdge(START, "nested")
      .compile({ checkpointer: new MemorySaver() });
    await workflow(FACTS, () => outer.invoke({}, THREAD));
    expect(first(ROOT).attributes[WORKFLOW.runResult]).toBe("paused");
    const asked = recording.spans().filter((span) => span.events.length > 0);
    expect(asked.map((span) => span.name)).toEqual(["run_step ask"]);
    for (const name of ["run_step ask", "run_step nested"]) {
      expect(first(name).attributes[WORKFLOW.stepResult]).toBe("paused");
      expect(first(name).status.code).toBe(SpanStatusCode.UNSET);
    }
    recording.reset();
    await workflow(FACTS, () => outer.invoke(new Command({ resume: true }), THREAD));
    expect(tree(recording.spans())).toEqual([
      ROOT,
      "  run_step nested",
      "    run_step ask",
      "      resolve_approval ask",
    ]);
  });

  test("a fan-out by Send is one decision and one step per packet", async () => {
    const graph = new StateGraph(State)
      .addNode("plan", () => ({}))
      .addNode("work", (state: typeof State.State) => ({ notes: [`${state.score}`] }))
      .addEdge(START, "plan")
      .addConditionalEdges("plan", () => [1, 2].map((score) => new Send("work", { score })), [
        "work",
      ])
      .compile();
    await workflow(FACTS, () => graph.invoke({}));
    expect(recording.named("run_step work")).toHaveLength(2);
    const [decision] = recording.spans().filter((span) => span.name.startsWith("evaluate_branch"));
    expect(decision?.attributes).toMatchObject({
      [WORKFLOW.decisionType]: "send",
      [WORKFLOW.decisionOptions]: ["work"],
    });
  });

  test("runs at the same time keep their spans apart", async () => {
    const graph = new StateGraph(State)
      .addNode("work", async (state) => step("inner", async () => ({ score: state.score })))
      .addEdge(START, "work")
      .compile();
    const ids = ["r1", "r2", "r3"];
    await Promise.all(
      ids.map((runId, score) => workflow({ ...FACTS, runId }, () => graph.invoke({ score }))),
    );
    expect(tree(recording.spans())).toEqual(
      ids.flatMap(() => [ROOT, "  run_step work", "    run_step inner"]),
    );
    for (const runId of ids) {
      const own = recording.spans().filter((span) => span.attributes[WORKFLOW.runId] === runId);
      expect(own).toHaveLength(3);
      expect(new Set(own.map((span) => span.spanContext().traceId)).size).toBe(1);
    }
  });
});
