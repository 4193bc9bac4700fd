/** Goal: the roads of a workflow are those that Mastra can take. Method: graphs as Mastra writes them. */
import { describe, expect, test } from "vitest";
import { definitionOf } from "./definition.ts";
import type { Entry, ExecuteParams } from "./internal-types.ts";

const step = (id: string, more: object = {}): Entry => ({ type: "step", step: { id, ...more } });

function edgesOf(...serializedStepGraph: readonly Entry[]): readonly string[] {
  const params: ExecuteParams = { workflowId: "w", runId: "r", serializedStepGraph };
  return definitionOf(params).edges.map(
    ({ from, to, condition, default: byDefault }) =>
      `${from} > ${to}${condition === undefined ? "" : ` if ${condition}`}` +
      `${byDefault === true ? " else" : ""}`,
  );
}

describe("the edges", () => {
  test("of steps follow one another", () => {
    expect(edgesOf(step("a"), step("b"))).toEqual(["__start__ > a", "a > b", "b > __end__"]);
  });

  test("of a branch have conditions, and a way on where none holds", () => {
    const branch = {
      type: "conditional",
      steps: [step("b"), step("c")],
      serializedConditions: [{ fn: "x" }, { fn: "y" }],
    };
    expect(edgesOf(step("a"), branch, step("d"))).toEqual([
      "__start__ > a",
      "a > b if x",
      "a > c if y",
      "b > d",
      "c > d",
      "a > d else",
      "d > __end__",
    ]);
  });

  test("of parallel steps part and meet", () => {
    expect(edgesOf({ type: "parallel", steps: [step("a"), step("b")] }, step("c"))).toEqual([
      "__start__ > a",
      "__start__ > b",
      "a > c",
      "b > c",
      "c > __end__",
    ]);
  });

  test.each([
    [{ type: "loop", loopType: "dowhile", serializedCondition: { fn: "x" } }, "x"],
    [{ type: "loop", loopType: "dountil", serializedCondition: { fn: "x" } }, "not (x)"],
    [{ type: "foreach" }, "next item"],
  ])("of %j lead back", (entry, condition) => {
    expect(edgesOf({ ...entry, step: step("a") })).toEqual([
      "__start__ > a",
      `a > a if ${condition}`,
      "a > __end__",
    ]);
  });

  test("of a nested workflow have the step's name before them", () => {
    const inner = step("inner", { component: "WORKFLOW", serializedStepFlow: [step("a")] });
    expect(edgesOf(inner)).toEqual([
      "inner:__start__ > inner:a",
      "inner:a > inner:__end__",
      "__start__ > inner",
      "inner > __end__",
    ]);
  });
});

test("nodes are approvals where they can wait, and AI where they are agents", () => {
  const serializedStepGraph = [
    step("ask", { canSuspend: true }),
    { type: "agent", id: "helper" },
    { type: "mapping", id: "map" },
    { type: "sleep", id: "rest" },
  ];
  const { nodes } = definitionOf({ workflowId: "w", runId: "r", serializedStepGraph });
  expect(nodes).toEqual({
    __start__: "START",
    ask: "APPROVAL",
    helper: "AI",
    map: "ACTION",
    rest: "ACTION",
    __end__: "END",
  });
});

test("a graph is read once", () => {
  const params = { workflowId: "w", runId: "r", serializedStepGraph: [step("a")] };
  expect(definitionOf(params)).toBe(definitionOf({ ...params, runId: "s" }));
});
