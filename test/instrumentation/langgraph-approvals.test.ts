/**
 * Goal: whatever a person does with a run that waits, the parts of the run stay together.
 * Method: the real library in this process, spans kept in memory.
 */
import { Command, interrupt, MemorySaver, START, StateGraph } from "@langchain/langgraph";
import { workflow } from "@spanledger/api";
import { APPROVAL_REQUESTED_EVENT, OTEL, WORKFLOW } from "@spanledger/schema";
import { beforeEach, describe, expect, test } from "vitest";
import { first, recording, State, THREAD } from "./langgraph-graphs.ts";
import { tree } from "./spans.ts";

beforeEach(() => recording.reset());

const ROOT = "invoke_workflow LangGraph";
const ask = (question: string) => () => ({ notes: [String(interrupt(question))] });

/** Ids of the runs, and how many links each root has. */
const runs = () =>
  recording.named(ROOT).map(({ attributes, links }) => ({
    runId: attributes[WORKFLOW.runId],
    result: attributes[WORKFLOW.runResult],
    links: links.length,
  }));

describe("a run that waits at a breakpoint", () => {
  const waiting = () =>
    new StateGraph(State)
      .addNode("one", () => ({ score: 1 }))
      .addNode("two", ({ score }) => ({ notes: [`score ${score}`] }))
      .addEdge(START, "one")
      .addEdge("one", "two")
      .compile({ checkpointer: new MemorySaver(), interruptBefore: ["two"] });

  test.each([1, 3])("is the same run after %i edits of its state", async (edits) => {
    const graph = waiting();
    await graph.invoke({}, THREAD);
    for (let edit = 0; edit < edits; edit += 1) await graph.updateState(THREAD, { score: 5 });
    expect(await graph.invoke(null, THREAD)).toMatchObject({ notes: ["score 5"] });
    const [one, two] = runs();
    expect(two).toEqual({ runId: one?.runId, result: "success", links: 1 });
  });

  test("has a record of who edited it, with the run whose state it is", async () => {
    const graph = waiting();
    await graph.invoke({}, THREAD);
    const facts = { id: "edit", name: "edit", actor: { id: "dana", type: "user" } } as const;
    await graph.updateState(THREAD, { score: 5 });
    await workflow(facts, () => graph.updateState(THREAD, { score: 6 }));
    await expect(graph.updateState(THREAD, { score: 7 }, "nowhere")).rejects.toThrow("nowhere");
    const root = first(ROOT);
    const edits = recording.named("perform_action langgraph.update_state");
    for (const { attributes, links } of edits) {
      expect(links.map((link) => link.context.spanId)).toEqual([root.spanContext().spanId]);
      expect(attributes).toMatchObject({
        [WORKFLOW.actionTarget]: "LangGraph",
        [OTEL.genAiConversationId]: "t-1",
      });
    }
    const told = edits.map(({ attributes }) => [
      attributes[WORKFLOW.runId] === root.attributes[WORKFLOW.runId],
      attributes[WORKFLOW.actorId],
      attributes[WORKFLOW.actionResult],
    ]);
    expect(told).toEqual([
      [true, undefined, "success"],
      [false, "dana", "success"],
      [true, undefined, "failure"],
    ]);
  });

  test("is another run when the edited thread gets a new input", async () => {
    const graph = waiting();
    await graph.invoke({}, THREAD);
    await graph.updateState(THREAD, { score: 5 });
    await graph.invoke({ score: 2 }, THREAD);
    const [one, two] = runs();
    expect(two?.runId).not.toBe(one?.runId);
    expect(two?.links).toBe(0);
  });

  test("goes on where its checkpointer can no longer tell what was before", async () => {
    const saver = new MemorySaver();
    const graph = waiting();
    graph.checkpointer = saver;
    await graph.invoke({}, THREAD);
    await graph.updateState(THREAD, { score: 5 });
    const { getTuple } = saver;
    let reads = 0;
    saver.getTuple = async (config) => {
      reads += 1;
      if (reads > 1) throw new Error("gone");
      return getTuple.call(saver, config);
    };
    expect(await graph.invoke(null, THREAD)).toMatchObject({ notes: ["score 5"] });
    expect(reads).toBe(2);
    expect(runs()[1]?.links).toBe(0);
  });
});

describe("a run that failed", () => {
  test("is the same run when it is tried again from its last checkpoint", async () => {
    let calls = 0;
    const graph = new StateGraph(State)
      .addNode("one", () => ({ score: 1 }))
      .addNode("two", () => {
        calls += 1;
        if (calls === 1) throw new RangeError("down");
        return {};
      })
      .addEdge(START, "one")
      .addEdge("one", "two")
      .compile({ checkpointer: new MemorySaver() });
    await expect(graph.invoke({}, THREAD)).rejects.toThrow("down");
    await graph.invoke(null, THREAD);
    expect(tree(recording.spans())).toEqual([
      ROOT,
      "  run_step one",
      "  run_step two",
      ROOT,
      "  run_step two",
    ]);
    const [one, two] = runs();
    expect(one?.result).toBe("failure");
    expect(two).toEqual({ runId: one?.runId, result: "success", links: 1 });
  });
});

describe.each(["sync", "async", "exit"] as const)("with durability %s", (durability) => {
  test("a run that waits is resumed as the same run", async () => {
    const graph = new StateGraph(State)
      .addNode("ask", ask("go on?"))
      .addEdge(START, "ask")
      .compile({ checkpointer: new MemorySaver() });
    await graph.invoke({}, { ...THREAD, durability });
    await graph.invoke(new Command({ resume: true }), { ...THREAD, durability });
    const [one, two] = runs();
    expect(one?.result).toBe("paused");
    expect(two).toEqual({ runId: one?.runId, result: "success", links: 1 });
    expect(first("resolve_approval ask").attributes[WORKFLOW.approvalOutcome]).toBe("approved");
  });
});

describe("several questions", () => {
  const asked = () =>
    recording
      .spans()
      .flatMap(({ name, events }) =>
        events.map((event) => ({ name, id: event.attributes?.[WORKFLOW.approvalId] })),
      );

  test("at the same time are answered by their ids, each in its own step", async () => {
    const graph = new StateGraph(State)
      .addNode("left", ask("left?"))
      .addNode("right", ask("right?"))
      .addEdge(START, "left")
      .addEdge(START, "right")
      .compile({ checkpointer: new MemorySaver() });
    await graph.invoke({}, THREAD);
    const [left, right] = asked().toSorted((a, b) => (a.name < b.name ? -1 : 1));
    expect([left?.name, right?.name]).toEqual(["run_step left", "run_step right"]);
    recording.reset();
    const resume = {
      [String(left?.id)]: { approved: true, approver: "dana" },
      [String(right?.id)]: { approved: false, approver: "lee" },
    };
    await graph.invoke(new Command({ resume }), THREAD);
    for (const [name, id, outcome, user] of [
      ["left", left?.id, "approved", "dana"],
      ["right", right?.id, "rejected", "lee"],
    ]) {
      expect(recording.named(`resolve_approval ${name}`).map((span) => span.attributes)).toEqual([
        expect.objectContaining({
          [WORKFLOW.approvalId]: id,
          [WORKFLOW.approvalOutcome]: outcome,
          [OTEL.userId]: user,
        }),
      ]);
    }
  });

  test("one after the other in one node are each asked and answered once", async () => {
    const graph = new StateGraph(State)
      .addNode("ask", () => {
        const answers = [interrupt("first?"), interrupt("second?")];
        return { notes: answers.map(String) };
      })
      .addEdge(START, "ask")
      .compile({ checkpointer: new MemorySaver() });
    await graph.invoke({}, THREAD);
    await graph.invoke(new Command({ resume: "approve" }), THREAD);
    const result = await graph.invoke(new Command({ resume: "reject" }), THREAD);
    expect(result.notes).toEqual(["approve", "reject"]);
    const outcomes = recording
      .named("resolve_approval ask")
      .map((span) => span.attributes[WORKFLOW.approvalOutcome]);
    expect(outcomes).toEqual(["approved", "rejected"]);
    expect(asked()).toHaveLength(2);
    expect(runs().map(({ result: how }) => how)).toEqual(["paused", "paused", "success"]);
    expect(new Set(runs().map(({ runId }) => runId)).size).toBe(1);
  });

  test("of which one is answered leave the run waiting for the other", async () => {
    const graph = new StateGraph(State)
      .addNode("left", ask("left?"))
      .addNode("right", ask("right?"))
      .addEdge(START, "left")
      .addEdge(START, "right")
      .compile({ checkpointer: new MemorySaver() });
    await graph.invoke({}, THREAD);
    const left = asked().find(({ name }) => name === "run_step left");
    recording.reset();
    await graph.invoke(new Command({ resume: { [String(left?.id)]: true } }), THREAD);
    expect(runs()[0]?.result).toBe("paused");
    expect(recording.named("resolve_approval left")).toHaveLength(1);
    expect(recording.named("resolve_approval right")).toHaveLength(0);
    const again = recording.spans().filter(({ events }) => events.length > 0);
    expect(again.map(({ name, events }) => [name, events[0]?.name])).toEqual([
      ["run_step right", APPROVAL_REQUESTED_EVENT],
    ]);
  });
});
