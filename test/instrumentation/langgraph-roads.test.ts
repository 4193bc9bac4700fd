/**
 * Goal: every way through a graph is recorded: conditional entry, sends, commands to other graphs,
 * and every way of reading it, also when the reader leaves.
 * Method: the real library in this process, spans kept in memory.
 */
import { AIMessage } from "@langchain/core/messages";
import { RunnableLambda } from "@langchain/core/runnables";
import {
  Command,
  END,
  MemorySaver,
  MessagesAnnotation,
  Send,
  START,
  StateGraph,
} from "@langchain/langgraph";
import { ToolNode } from "@langchain/langgraph/prebuilt";
import { context, trace } from "@opentelemetry/api";
import { step, workflow } from "@spanledger/api";
import { OTEL, WORKFLOW } from "@spanledger/schema";
import { beforeEach, describe, expect, test, vi } from "vitest";
import {
  FACTS,
  first,
  getOrder,
  instrumentation,
  ROOT,
  recording,
  State,
  THREAD,
} from "./langgraph-graphs.ts";
import { tree } from "./spans.ts";

beforeEach(() => recording.reset());

describe("roads", () => {
  test("a conditional entry is a decision before the first step", async () => {
    const graph = new StateGraph(State)
      .addNode("a", () => ({}))
      .addNode("b", () => ({}))
      .addConditionalEdges(START, function enter() {
        return "b";
      })
      .compile({ name: "entry" });
    await graph.invoke({});
    expect(tree(recording.spans())).toEqual([
      "invoke_workflow entry",
      "  evaluate_branch enter",
      "  run_step b",
    ]);
    expect(first("evaluate_branch enter").attributes).toMatchObject({
      [WORKFLOW.decisionOptions]: ["a", "b", END],
      [WORKFLOW.decisionSelected]: ["b"],
      [WORKFLOW.decisionSourceStep]: START,
    });
  });

  test("a Command may send to many and update; what it selected is told once each", async () => {
    const graph = new StateGraph(State)
      .addNode(
        "plan",
        () =>
          new Command({ goto: [new Send("work", { score: 1 }), new Send("work", { score: 2 })] }),
        { ends: ["work"] },
      )
      .addNode("work", ({ score }: { score: number }) => ({ notes: [String(score)] }))
      .addEdge(START, "plan")
      .compile();
    expect((await graph.invoke({})).notes.toSorted()).toEqual(["1", "2"]);
    expect(recording.named("run_step work")).toHaveLength(2);
    expect(first("evaluate_branch plan").attributes).toMatchObject({
      [WORKFLOW.decisionType]: "command_goto",
      [WORKFLOW.decisionOptions]: ["work"],
      [WORKFLOW.decisionSelected]: ["work", "work"],
    });
  });

  test("a Command to the graph around has that graph's nodes as options", async () => {
    const inner = new StateGraph(State)
      .addNode("triage", () => new Command({ graph: Command.PARENT, goto: "billing" }))
      .addEdge(START, "triage")
      .compile();
    const outer = new StateGraph(State)
      .addNode("front", inner, { ends: ["billing", "sales"] })
      .addNode("billing", () => ({ notes: ["billed"] }))
      .addNode("sales", () => ({}))
      .addEdge(START, "front")
      .compile({ name: "desk" });
    expect((await outer.invoke({})).notes).toEqual(["billed"]);
    expect(tree(recording.spans())).toEqual([
      "invoke_workflow desk",
      "  run_step front",
      "    run_step triage",
      "    evaluate_branch triage",
      "  run_step billing",
    ]);
    expect(first("evaluate_branch triage").attributes).toMatchObject({
      [WORKFLOW.decisionOptions]: ["front", "billing", "sales", END],
      [WORKFLOW.decisionSelected]: ["billing"],
    });
    for (const name of ["run_step front", "run_step triage"]) {
      expect(first(name).attributes[WORKFLOW.stepResult]).toBe("success");
    }
  });

  test("a tool node's tools lie below it, each with the id of its call", async () => {
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("tools", new ToolNode([getOrder as never]))
      .addEdge(START, "tools")
      .compile({ name: "agent" });
    const call = (id: string) =>
      ({ id, name: "get_order", args: { id }, type: "tool_call" }) as const;
    const asked = new AIMessage({ content: "", tool_calls: [call("1"), call("2")] });
    const { messages } = await graph.invoke({ messages: [asked] });
    expect(messages.slice(1).map(({ content }) => content)).toEqual(["order 1", "order 2"]);
    expect(tree(recording.spans())).toEqual([
      "invoke_workflow agent",
      "  run_step tools",
      "    execute_tool get_order",
      "    execute_tool get_order",
    ]);
    const ids = recording
      .named("execute_tool get_order")
      .map((span) => span.attributes[OTEL.genAiToolCallId]);
    expect(ids).toEqual(["1", "2"]);
  });

  test("a chain in a node is a detail of its step", async () => {
    const chain = RunnableLambda.from((x: number) => x + 1).pipe((x: number) => x + 1);
    const graph = new StateGraph(State)
      .addNode("count", async ({ score }) => ({ score: await chain.invoke(score) }))
      .addNode(
        "again",
        RunnableLambda.from(({ score }: typeof State.State) => score).pipe((x) => ({
          score: x + 1,
        })),
      )
      .addEdge(START, "count")
      .addEdge("count", "again")
      .compile({ name: "chains" });
    expect((await graph.invoke({ score: 1 })).score).toBe(4);
    expect(tree(recording.spans())).toEqual([
      "invoke_workflow chains",
      "  run_step count",
      "  run_step again",
    ]);
  });

  test("a node may say its own type in its metadata", async () => {
    const graph = new StateGraph(State)
      .addNode("seal", () => ({}), { metadata: { [WORKFLOW.stepType]: "checkpoint" } })
      .addEdge(START, "seal")
      .compile({ name: "sealing" });
    await graph.invoke({});
    expect(first("run_step seal").attributes[WORKFLOW.stepType]).toBe("checkpoint");
    const definition = String(first("define_workflow sealing").attributes[WORKFLOW.definition]);
    expect(definition).toContain('{"id":"seal","type":"CHECKPOINT"}');
  });
});

describe("ways to read a run", () => {
  const counting = () =>
    new StateGraph(State)
      .addNode("one", async () => ({ notes: ["1"] }))
      .addNode("two", () => step("inner", async () => ({ notes: ["2"] })))
      .addEdge(START, "one")
      .addEdge("one", "two");
  const TREE = [
    "invoke_workflow counting",
    "  run_step one",
    "  run_step two",
    "    run_step inner",
  ];

  test.each(["v1", "v2"] as const)("streamEvents %s yields the tree of invoke", async (version) => {
    const names = new Set<string>();
    const graph = counting().compile({ name: "counting" });
    for await (const event of graph.streamEvents({}, { version })) names.add(event.event);
    expect(names).toContain("on_chain_end");
    expect(tree(recording.spans())).toEqual(TREE);
  });

  test("streamEvents v3 yields the tree of invoke, and its output", async () => {
    const run = await counting().compile({ name: "counting" }).streamEvents({}, { version: "v3" });
    expect(await run.output).toMatchObject({ notes: ["1", "2"] });
    expect(tree(recording.spans())).toEqual(TREE);
  });

  test.each(["values", "updates", "messages", "debug", "tasks", "checkpoints"] as const)(
    "the stream of %s gives what it gives without us",
    async (streamMode) => {
      const read = async (): Promise<string> => {
        const chunks: unknown[] = [];
        const checkpointer = new MemorySaver();
        const graph = counting().compile({ name: "counting", checkpointer });
        for await (const chunk of await graph.stream({}, { ...THREAD, streamMode })) {
          chunks.push(chunk);
        }
        return JSON.stringify(chunks).replaceAll(/"(?:[0-9a-f-]{36}|[^"]*T[^"]*Z)"/g, '"…"');
      };
      const recorded = await read();
      expect(tree(recording.spans())).toEqual(TREE);
      instrumentation.disable();
      const plain = await read();
      instrumentation.enable();
      expect(recorded).toBe(plain);
    },
  );

  test("a run whose reader left goes on, as without us, and ends with its spans", async () => {
    const gate = Promise.withResolvers<object>();
    const graph = new StateGraph(State)
      .addNode("one", async () => ({ notes: ["1"] }))
      .addNode("two", () => gate.promise)
      .addEdge(START, "one")
      .addEdge("one", "two")
      .compile({ name: "left" });
    for await (const chunk of await graph.stream({}, { streamMode: "updates" })) {
      expect(chunk).toEqual({ one: { notes: ["1"] } });
      break;
    }
    expect(recording.named("invoke_workflow left")).toEqual([]);
    gate.resolve({});
    await vi.waitFor(() => first("invoke_workflow left"));
    expect(tree(recording.spans())).toEqual([
      "invoke_workflow left",
      "  run_step one",
      "  run_step two",
    ]);
    expect(trace.getSpan(context.active())).toBeUndefined();
  });

  test("an aborted run is a cancellation, and throws what it throws", async () => {
    const controller = new AbortController();
    const graph = new StateGraph(State)
      .addNode("wait", () => new Promise(() => controller.abort()))
      .addEdge(START, "wait")
      .compile({ name: "waiting" });
    await expect(graph.invoke({}, { signal: controller.signal })).rejects.toThrow("aborted");
    expect(first("invoke_workflow waiting").attributes[WORKFLOW.runResult]).toBe("cancellation");
    expect(first("run_step wait").attributes[WORKFLOW.stepResult]).toBe("failure");
  });

  test("batch gives one run for each input", async () => {
    await counting().compile({ name: "counting" }).batch([{}, {}]);
    expect(tree(recording.spans())).toEqual([...TREE, ...TREE]);
  });

  test("a stream that is read after workflow() has returned belongs to its run", async () => {
    const graph = counting().compile({ name: "counting" });
    const stream = await workflow(FACTS, () => graph.stream({}, { streamMode: "updates" }));
    for await (const _ of stream);
    expect(tree(recording.spans())).toEqual([ROOT, ...TREE.slice(1)]);
    expect(first(ROOT).attributes[WORKFLOW.runResult]).toBe("success");
  });
});
