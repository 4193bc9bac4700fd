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
  Send,
  START,
  StateGraph,
} from "@langchain/langgraph";
import { Pregel } from "@langchain/langgraph/pregel";
import { SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { action, approval, explainDecision, step, workflow } from "@spanledger/api";
import { LangGraphInstrumentation } from "@spanledger/instrumentation-langgraph";
import { OTEL, WORKFLOW } from "@spanledger/schema";
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

const ROOT = "invoke_workflow Refund flow";

function first(name: string): ReadableSpan {
  const [span] = recording.named(name);
  if (span === undefined) throw new Error(`no span ${name}`);
  return span;
}

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
