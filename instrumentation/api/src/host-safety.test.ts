/**
 * Goal: whatever an application hands over, it gets its own result back, and spans that began end.
 * Method: each function with facts, results and errors that break naive code; a real SDK.
 */
import { OTEL, WORKFLOW } from "@spanledger/schema";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  action,
  approval,
  authenticate,
  decide,
  explainDecision,
  policy,
  step,
  tool,
  type WorkflowOptions,
  workflow,
} from "./index.ts";
import { JSON_TEXT_CHARS_MAX } from "./json-text.ts";
import { type Recording, record, unregister } from "./spans.test.support.ts";

let recording: Recording;
beforeEach(() => {
  recording = record();
});
afterEach(unregister);

const refuses = (): never => {
  throw new Error("no");
};
/** An object that throws at everything that is done with it. */
const THROWING = new Proxy({}, { get: refuses, has: refuses, ownKeys: refuses }) as never;

const FLOW: WorkflowOptions = { id: "w", name: "w" };

type Run = (facts: never, fn: () => unknown) => unknown;
const FUNCTIONS: readonly (readonly [string, Run])[] = [
  ["workflow", (facts, fn) => workflow(facts, fn)],
  ["step", (facts, fn) => step("x", facts, fn)],
  ["action", (facts, fn) => action("x", facts, fn)],
  ["tool", (facts, fn) => tool("x", facts, fn)],
  ["authenticate", (facts, fn) => authenticate("x", facts, fn)],
  ["policy", (facts, fn) => policy("x", facts, fn as () => "allow")],
  ["decide", (facts, fn) => decide("x", facts, fn as () => "a")],
];

class LazyPromise<T> extends Promise<T> {
  static lazy = true;
}

describe.each(FUNCTIONS)("%s()", (_, run) => {
  test("calls the application once and gives back its very value, whatever the facts", () => {
    const result = { toString: refuses };
    for (const facts of [THROWING, null as never, undefined as never, 1n as never, {} as never]) {
      let calls = 0;
      const fn = (): unknown => {
        calls += 1;
        return result;
      };
      expect(run(facts, fn)).toBe(result);
      expect(calls).toBe(1);
    }
  });

  test("throws the application's very error, whatever it is", async () => {
    const facts = { ...FLOW, options: ["a"] } as never;
    for (const error of [
      THROWING,
      null,
      undefined,
      1n,
      Object.freeze(new Error("e")),
    ] as unknown[]) {
      const thrower = (): never => {
        throw error;
      };
      let caught: { readonly error: unknown } | undefined;
      try {
        run(facts, thrower);
      } catch (thrown) {
        caught = { error: thrown };
      }
      expect(caught !== undefined && Object.is(caught.error, error)).toBe(true);
      const rejection = await (run(facts, () => Promise.reject(error)) as Promise<unknown>).then(
        () => ({ error: "none" as unknown }),
        (reason: unknown) => ({ error: reason }),
      );
      expect(Object.is(rejection.error, error)).toBe(true);
    }
    expect(recording.spans()).toHaveLength(10);
  });

  test("keeps a subclass of Promise, a thenable, an iterator and a stream as they are", async () => {
    const facts = { ...FLOW, options: ["a"] } as never;
    const own = LazyPromise.resolve("a");
    expect(run(facts, () => own)).toBe(own);
    let asked = 0;
    const builder = {
      // biome-ignore lint/suspicious/noThenProperty: a query builder that runs when it is awaited
      then: () => {
        asked += 1;
      },
    };
    expect(run(facts, () => builder)).toBe(builder);
    expect(asked).toBe(0);
    async function* chunks() {
      yield 1;
    }
    const stream = chunks();
    expect(run(facts, () => stream)).toBe(stream);
    expect(await stream.next()).toEqual({ value: 1, done: false });
    await own;
    expect(recording.spans()).toHaveLength(3);
  });
});

describe("content", () => {
  const cycle: Record<string, unknown> = { big: 10n, bytes: new Uint8Array(1_000_000) };
  cycle.self = cycle;

  test("that is cyclic, BigInt or binary is written as words, and stays what it was", () => {
    const returned = step("x", { input: cycle }, () => cycle);
    expect(returned).toBe(cycle);
    const text = '{"big":"10","bytes":"[1000000 bytes]","self":"[cycle]"}';
    expect(recording.one("run_step x").attributes).toMatchObject({
      [WORKFLOW.stepInput]: text,
      [WORKFLOW.stepOutput]: text,
    });
  });

  test("that is huge is bounded", () => {
    const huge = Array.from({ length: 200_000 }, (_, index) => ({ index }));
    tool("x", { arguments: huge }, () => "y".repeat(10_000_000));
    const { attributes } = recording.one("execute_tool x");
    for (const name of [OTEL.genAiToolCallArguments, OTEL.genAiToolCallResult]) {
      expect(String(attributes[name]).length).toBeLessThanOrEqual(JSON_TEXT_CHARS_MAX);
    }
  });

  test("that throws is left out of decisions and approvals", () => {
    const chosen = decide("x", { options: ["a"] }, () => {
      explainDecision(THROWING);
      explainDecision({ inputs: THROWING });
      return "a" as const;
    });
    expect(chosen).toBe("a");
    expect(approval.request(THROWING)).toHaveLength(26);
    expect(approval.resolve(THROWING)).toBeUndefined();
    expect(recording.one("evaluate_branch x").attributes[WORKFLOW.decisionSelected]).toEqual(["a"]);
  });
});

test("wrong use is found by the compiler", () => {
  workflow(FLOW, (run) => {
    // @ts-expect-error done is no result of a run
    run.setResult("done");
    // @ts-expect-error "c" is none of the options
    decide("d", { options: ["a", "b"], defaultOption: "c" }, "a");
    // @ts-expect-error "c" is none of the options
    decide("d", { options: ["a", "b"] }, () => "c");
    // @ts-expect-error an answer has an outcome
    approval.resolve({ approver: "dana" });
    // @ts-expect-error robot is no type of an actor
    workflow({ ...FLOW, actor: { id: "r2", type: "robot" } }, () => 1);
    // @ts-expect-error a trigger has a type
    workflow({ ...FLOW, trigger: { source: "crm" } }, () => 1);
    // @ts-expect-error a workflow has an id
    workflow({ name: "w" }, () => 1);
    // @ts-expect-error ai_call is no type of a step
    step("s", { type: "ai_call" }, () => 1);
  });
  expect(recording.spans().length).toBeGreaterThan(0);
});
