/**
 * Goal: the functional API and cached results yield the same steps as nodes do.
 * Method: the real library in this process, spans kept in memory.
 */
import {
  Annotation,
  Command,
  entrypoint,
  interrupt,
  MemorySaver,
  START,
  StateGraph,
  task,
} from "@langchain/langgraph";
import { SpanStatusCode } from "@opentelemetry/api";
import { WORKFLOW } from "@spanledger/schema";
import { beforeEach, describe, expect, test } from "vitest";
import { first, recording, THREAD } from "./langgraph-graphs.ts";
import { tree } from "./spans.ts";

beforeEach(() => recording.reset());

interface Cached {
  readonly key: unknown;
  readonly value: unknown;
}

/** A cache in memory; LangGraph's own one is in a package that only LangGraph depends on. */
const cache = (): never => {
  const kept = new Map<string, unknown>();
  return {
    get: async (keys: readonly unknown[]): Promise<Cached[]> =>
      keys
        .map((key) => ({ key, value: kept.get(JSON.stringify(key)) }))
        .filter(({ value }) => value !== undefined),
    set: async (pairs: readonly Cached[]) => {
      for (const { key, value } of pairs) kept.set(JSON.stringify(key), structuredClone(value));
    },
    clear: async () => kept.clear(),
  } as never;
};

const RETRY = { maxAttempts: 2, initialInterval: 1, jitter: false, logWarning: false };

describe("an entrypoint", () => {
  test("has a step for itself and, below, one for each task with its attempts", async () => {
    let calls = 0;
    const compose = task("compose", async (topic: string) => `About ${topic}`);
    const check = task({ name: "check", retry: RETRY }, async (text: string) => {
      calls += 1;
      if (calls === 1) throw new RangeError("busy");
      return text.length;
    });
    const flow = entrypoint("review", async (topic: string) => check(await compose(topic)));
    expect(await flow.invoke("cats")).toBe(10);
    expect(tree(recording.spans())).toEqual([
      "invoke_workflow review",
      "  run_step review",
      "    run_step compose",
      "    run_step check",
      "    run_step check",
    ]);
    expect(first("run_step compose").attributes).toMatchObject({
      [WORKFLOW.stepInput]: '["cats"]',
      [WORKFLOW.stepOutput]: '"About cats"',
      [WORKFLOW.stepAttempt]: 1,
    });
    expect(
      recording
        .named("run_step check")
        .map(({ attributes, status }) => [
          attributes[WORKFLOW.stepAttempt],
          attributes[WORKFLOW.stepResult],
          status.code,
        ]),
    ).toEqual([
      [1, "retried", SpanStatusCode.ERROR],
      [2, "success", SpanStatusCode.UNSET],
    ]);
  });

  test("that asks pauses, and is resumed without the tasks that were done", async () => {
    const compose = task("compose", async (topic: string) => `About ${topic}`);
    const flow = entrypoint(
      { name: "review", checkpointer: new MemorySaver() },
      async (topic: string) => {
        const essay = await compose(topic);
        const { approved } = interrupt<unknown, { approved: boolean }>({ essay });
        return { essay, approved };
      },
    );
    await flow.invoke("cats", THREAD);
    expect(first("invoke_workflow review").attributes[WORKFLOW.runResult]).toBe("paused");
    expect(first("run_step review").attributes).toMatchObject({
      [WORKFLOW.stepType]: "approval",
      [WORKFLOW.stepResult]: "paused",
    });
    recording.reset();
    const result: unknown = await flow.invoke(new Command({ resume: { approved: true } }), THREAD);
    expect(result).toEqual({ essay: "About cats", approved: true });
    expect(tree(recording.spans())).toEqual([
      "invoke_workflow review",
      "  run_step review",
      "    resolve_approval review",
    ]);
  });
});

describe("a result from the cache", () => {
  test("of a node is a skipped step, with what it would have given", async () => {
    let runs = 0;
    const graph = new StateGraph(Annotation.Root({ x: Annotation<number>() }))
      .addNode(
        "costly",
        ({ x }) => {
          runs += 1;
          return { x: x + 1 };
        },
        { cachePolicy: { ttl: 60 } },
      )
      .addEdge(START, "costly")
      .compile({ cache: cache() });
    expect([await graph.invoke({ x: 1 }), await graph.invoke({ x: 1 })]).toEqual([
      { x: 2 },
      { x: 2 },
    ]);
    expect(runs).toBe(1);
    const results = recording
      .named("run_step costly")
      .map(({ attributes }) => [
        attributes[WORKFLOW.stepResult],
        attributes[WORKFLOW.stepInput],
        attributes[WORKFLOW.stepOutput],
      ]);
    expect(results).toEqual([
      ["success", '{"x":1}', '{"x":2}'],
      ["skipped", '{"x":1}', '{"x":2}'],
    ]);
  });

  test("of a task is a skipped step below its caller", async () => {
    const costly = task({ name: "costly", cachePolicy: { ttl: 60 } }, async (x: number) => x + 1);
    const flow = entrypoint({ name: "flow", cache: cache() }, (x: number) => costly(x));
    expect([await flow.invoke(1), await flow.invoke(1)]).toEqual([2, 2]);
    expect(tree(recording.spans())).toEqual([
      "invoke_workflow flow",
      "  run_step flow",
      "    run_step costly",
      "invoke_workflow flow",
      "  run_step flow",
      "    run_step costly",
    ]);
    expect(recording.named("run_step costly")[1]?.attributes).toMatchObject({
      [WORKFLOW.stepResult]: "skipped",
      [WORKFLOW.stepOutput]: "2",
    });
  });
});
