/**
 * Goal: a LangGraph run yields the spans of the semantic conventions.
 * Method: the real library in this process, spans kept in memory.
 */
import { END, MemorySaver, START, StateGraph } from "@langchain/langgraph";
import { SpanStatusCode } from "@opentelemetry/api";
import { OTEL, WORKFLOW } from "@spanledger/schema";
import { beforeEach, describe, expect, test } from "vitest";
import { first, recording, State, THREAD } from "./langgraph-graphs.ts";
import { tree } from "./spans.ts";

beforeEach(() => recording.reset());

describe("a graph outside of workflow()", () => {
  const counting = () =>
    new StateGraph(State)
      .addNode("one", () => ({ notes: ["1"] }))
      .addNode("two", () => ({ notes: ["2"] }))
      .addEdge(START, "one")
      .addEdge("one", "two")
      .addEdge("two", END);

  test("makes a run of its own, named as the graph", async () => {
    await counting().compile({ name: "counting" }).invoke({});
    expect(tree(recording.spans())).toEqual([
      "invoke_workflow counting",
      "  run_step one",
      "  run_step two",
    ]);
    expect(first("invoke_workflow counting").attributes).toMatchObject({
      [WORKFLOW.id]: "counting",
      [WORKFLOW.runResult]: "success",
      [WORKFLOW.triggerType]: "manual",
      [WORKFLOW.actorId]: "unknown",
    });
  });

  test("is recorded by stream and streamEvents as by invoke", async () => {
    const graph = counting().compile({ name: "counting" });
    const chunks: unknown[] = [];
    for await (const chunk of await graph.stream({}, { streamMode: "updates" })) chunks.push(chunk);
    expect(chunks).toEqual([{ one: { notes: ["1"] } }, { two: { notes: ["2"] } }]);
    for await (const _ of graph.streamEvents({}, { version: "v2" }));
    expect(tree(recording.spans())).toEqual([
      "invoke_workflow counting",
      "  run_step one",
      "  run_step two",
      "invoke_workflow counting",
      "  run_step one",
      "  run_step two",
    ]);
  });

  test("waits at a breakpoint as paused and goes on under the same run", async () => {
    const checkpointer = new MemorySaver();
    const graph = counting().compile({ name: "counting", checkpointer, interruptBefore: ["two"] });
    await graph.invoke({}, THREAD);
    await graph.invoke(null, THREAD);
    const [one, two] = recording.named("invoke_workflow counting");
    expect(one?.attributes[WORKFLOW.runResult]).toBe("paused");
    expect(two?.attributes[WORKFLOW.runResult]).toBe("success");
    expect(two?.attributes[WORKFLOW.runId]).toBe(one?.attributes[WORKFLOW.runId]);
    expect(two?.links[0]?.context.spanId).toBe(one?.spanContext().spanId);
  });

  test("fails with its own error, and says so on run and step", async () => {
    const graph = new StateGraph(State)
      .addNode("breaks", () => {
        throw new SyntaxError("no");
      })
      .addEdge(START, "breaks")
      .compile({ name: "failing" });
    await expect(graph.invoke({})).rejects.toBeInstanceOf(SyntaxError);
    for (const name of ["invoke_workflow failing", "run_step breaks"]) {
      expect(first(name).status.code).toBe(SpanStatusCode.ERROR);
      expect(first(name).attributes[OTEL.errorType]).toBe("SyntaxError");
    }
    expect(first("invoke_workflow failing").attributes[WORKFLOW.runResult]).toBe("failure");
    expect(first("run_step breaks").attributes[WORKFLOW.stepResult]).toBe("failure");
  });

  test("tells retried attempts from the last one, which failed for good", async () => {
    const retryPolicy = { maxAttempts: 3, initialInterval: 1, jitter: false, logWarning: false };
    const graph = new StateGraph(State)
      .addNode(
        "breaks",
        () => {
          throw new SyntaxError("no");
        },
        { retryPolicy },
      )
      .addEdge(START, "breaks")
      .compile();
    await expect(graph.invoke({})).rejects.toBeInstanceOf(SyntaxError);
    const steps = recording.named("run_step breaks");
    expect(steps.map((span) => span.attributes[WORKFLOW.stepResult])).toEqual([
      "retried",
      "retried",
      "failure",
    ]);
  });

  test("ends an attempt as failed that its policy does not repeat", async () => {
    const graph = new StateGraph(State)
      .addNode(
        "breaks",
        () => {
          throw new SyntaxError("no");
        },
        { retryPolicy: { maxAttempts: 3, retryOn: () => false } },
      )
      .addEdge(START, "breaks")
      .compile();
    await expect(graph.invoke({})).rejects.toBeInstanceOf(SyntaxError);
    expect(first("run_step breaks").attributes[WORKFLOW.stepResult]).toBe("failure");
  });
});
