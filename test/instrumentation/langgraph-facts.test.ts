/**
 * Goal: what an application says of its answers and decisions is recorded.
 * Method: the real library in this process, spans kept in memory.
 */
import {
  Annotation,
  Command,
  END,
  interrupt,
  MemorySaver,
  START,
  StateGraph,
} from "@langchain/langgraph";
import { approval, explainDecision } from "@spanledger/api";
import { OTEL, WORKFLOW } from "@spanledger/schema";
import { beforeEach, describe, expect, test } from "vitest";
import { first, recording, State, THREAD } from "./langgraph-graphs.ts";

beforeEach(() => recording.reset());

describe("what the application says itself", () => {
  const asking = (answered: (answer: unknown) => void) =>
    new StateGraph(State)
      .addNode("ask", () => {
        answered(interrupt("?"));
        explainDecision({ reason: "asked and answered" });
        return new Command({ goto: END });
      })
      .addEdge(START, "ask")
      .compile({ checkpointer: new MemorySaver() });

  test("approval.resolve() in the node stands instead of the automatic span", async () => {
    const graph = asking(() => approval.resolve({ outcome: "rejected", approver: "lee" }));
    await graph.invoke({}, THREAD);
    await graph.invoke(new Command({ resume: "whatever" }), THREAD);
    const resolved = recording.named("resolve_approval ask");
    expect(resolved).toHaveLength(1);
    expect(resolved[0]?.attributes).toMatchObject({
      [WORKFLOW.approvalOutcome]: "rejected",
      [OTEL.userId]: "lee",
      [WORKFLOW.approvalWaitMs]: expect.any(Number),
    });
  });

  test("explainDecision() in a node explains its Command.goto", async () => {
    const graph = asking(() => undefined);
    await graph.invoke({}, THREAD);
    await graph.invoke(new Command({ resume: true }), THREAD);
    expect(first("evaluate_branch ask").attributes).toMatchObject({
      [WORKFLOW.decisionReason]: "asked and answered",
      [WORKFLOW.decisionSelected]: [END],
    });
  });

  test("a path map's default key says when the default was taken", async () => {
    const graph = (route: string) =>
      new StateGraph(State)
        .addNode("start", () => ({}))
        .addNode("normal", () => ({}))
        .addNode("review", () => ({}))
        .addEdge(START, "start")
        .addConditionalEdges("start", () => route, { sure: "normal", default: "review" })
        .compile();
    await graph("default").invoke({});
    await graph("sure").invoke({});
    const taken = recording
      .spans()
      .filter((span) => span.name.startsWith("evaluate_branch"))
      .map((span) => span.attributes[WORKFLOW.decisionDefaultTaken]);
    expect(taken).toEqual([true, false]);
  });

  test("inputs that no JSON can hold neither fail nor change", async () => {
    const strange: Record<string, unknown> = { big: 10n, at: new Date(0) };
    strange.self = strange;
    Object.defineProperty(strange, "bad", {
      enumerable: true,
      get: () => {
        throw new Error("never read me");
      },
    });
    const Any = Annotation.Root({ value: Annotation<unknown>, seen: Annotation<boolean> });
    const graph = new StateGraph(Any)
      .addNode("look", ({ value }) => ({ seen: value === strange }))
      .addEdge(START, "look")
      .compile();
    expect((await graph.invoke({ value: strange })).seen).toBe(true);
    expect(first("run_step look").attributes[WORKFLOW.stepInput]).toBe(
      '{"value":{"big":"10","at":"1970-01-01T00:00:00.000Z","self":"[cycle]","bad":"[unreadable]"}}',
    );
  });
});
