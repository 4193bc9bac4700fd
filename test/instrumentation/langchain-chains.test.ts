/**
 * Goal: chains, branches and tools outside of graphs are recorded as runs, steps and decisions.
 * Method: the real library in this process, spans kept in memory.
 */
import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { RunnableBranch, RunnableLambda, RunnableSequence } from "@langchain/core/runnables";
import { tool } from "@langchain/core/tools";
import { FakeListChatModel } from "@langchain/core/utils/testing";
import { context, SpanStatusCode, trace } from "@opentelemetry/api";
import { decide, explainDecision, step, workflow } from "@spanledger/api";
import { OTEL, WORKFLOW } from "@spanledger/schema";
import { beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { only, recording } from "./langchain-library.ts";
import { tree } from "./spans.ts";

beforeEach(() => recording.reset());

const answering = () => new FakeListChatModel({ responses: ["Hello there"] });
const greeting = () =>
  ChatPromptTemplate.fromMessages([
    ["system", "Be kind to {name}"],
    ["human", "Hello, I am {name}"],
  ])
    .pipe(answering())
    .pipe(new StringOutputParser());

const RUN = "invoke_workflow RunnableSequence";
const TREE = [
  RUN,
  "  run_step ChatPromptTemplate",
  "  run_step FakeListChatModel",
  "    chat FakeListChatModel",
  "  run_step StrOutputParser",
];

describe("a chain", () => {
  test("is a run of its own, with a step for each runnable", async () => {
    expect(await greeting().invoke({ name: "Ada" })).toBe("Hello there");
    expect(tree(recording.spans())).toEqual(TREE);
    expect(only(RUN).attributes).toMatchObject({
      [WORKFLOW.engine]: "langchain",
      [WORKFLOW.runResult]: "success",
    });
    expect(only("run_step FakeListChatModel").attributes).toMatchObject({
      [WORKFLOW.stepType]: "ai",
      [WORKFLOW.stepResult]: "success",
      [WORKFLOW.stepIndex]: 1,
    });
    expect(only("run_step StrOutputParser").attributes).toMatchObject({
      [WORKFLOW.stepType]: "action",
      [WORKFLOW.stepOutput]: '"Hello there"',
    });
  });

  test("is recorded by stream, batch and streamEvents too, and gives what it gives", async () => {
    const streamed: string[] = [];
    for await (const chunk of await greeting().stream({ name: "Ada" })) streamed.push(chunk);
    expect(streamed.join("")).toBe("Hello there");
    expect(streamed.length).toBeGreaterThan(1);
    expect(tree(recording.spans())).toEqual(TREE);
    expect(only("run_step StrOutputParser").attributes).toMatchObject({
      [WORKFLOW.stepInput]: '"Hello there"',
      [WORKFLOW.stepOutput]: '"Hello there"',
    });
    recording.reset();
    expect(await greeting().batch([{ name: "Ada" }, { name: "Bo" }])).toHaveLength(2);
    expect(tree(recording.spans())).toEqual([...TREE.slice(0, 4), ...TREE.slice(3)]);
    recording.reset();
    const events: string[] = [];
    for await (const { event } of greeting().streamEvents({ name: "Ada" }, { version: "v2" })) {
      events.push(event);
    }
    expect(events).toContain("on_chat_model_stream");
    expect(tree(recording.spans())).toEqual(TREE);
  });

  test("works for the run around it, and is a detail inside of a step", async () => {
    const facts = { id: "greet", name: "Greet" };
    await workflow(facts, () => greeting().invoke({ name: "Ada" }));
    expect(tree(recording.spans())).toEqual(["invoke_workflow Greet", ...TREE.slice(1)]);
    recording.reset();
    await workflow(facts, () => step("say", () => greeting().invoke({ name: "Ada" })));
    expect(tree(recording.spans())).toEqual([
      "invoke_workflow Greet",
      "  run_step say",
      "    chat FakeListChatModel",
    ]);
    expect(only("run_step say").attributes[WORKFLOW.stepType]).toBe("ai");
  });

  test("inside of a chain is a detail of its step, and the names of steps are told apart", async () => {
    const inner = RunnableLambda.from((x: number) => x + 1).pipe((x: number) => x + 1);
    const named = (name: string) => RunnableSequence.from([(x: number) => x, inner], name);
    expect(await RunnableSequence.from([named("twice"), named("twice")]).invoke(1)).toBe(5);
    expect(tree(recording.spans())).toEqual([RUN, "  run_step twice", "  run_step twice_2"]);
  });

  test("that fails throws its own error, and says so on run and step", async () => {
    const failing = RunnableLambda.from((): string => {
      throw new SyntaxError("no");
    }).pipe((text: string) => text);
    const failed = (promise: Promise<unknown>): Promise<void> =>
      expect(promise).rejects.toBeInstanceOf(SyntaxError);
    await failed(failing.invoke("x"));
    await failed(failing.batch(["x"]));
    await failed(failing.stream("x").then((stream) => stream.next()));
    expect(recording.named(RUN)).toHaveLength(3);
    for (const run of recording.named(RUN)) {
      expect(run.status.code).toBe(SpanStatusCode.ERROR);
      expect(run.attributes[WORKFLOW.runResult]).toBe("failure");
    }
    for (const one of recording.named("run_step RunnableLambda")) {
      expect(one.attributes[OTEL.errorType]).toBe("SyntaxError");
      expect(one.attributes[WORKFLOW.stepResult]).toBe("failure");
    }
  });

  test("that is left in the middle of its stream ends, with every span", async () => {
    for await (const chunk of await greeting().stream({ name: "Ada" })) {
      expect(chunk).toBe("H");
      break;
    }
    expect(tree(recording.spans())).toEqual(TREE);
    expect(trace.getSpan(context.active())).toBeUndefined();
  });

  test("is recorded with its definition", async () => {
    await greeting().withConfig({ runName: "x" }).invoke({ name: "Ada" });
    const run = recording.spans().find((span) => span.name.startsWith("invoke_workflow"));
    expect(run?.attributes[WORKFLOW.definitionSha256]).toMatch(/^[0-9a-f]{64}$/);
    const texts = recording
      .spans()
      .flatMap((span) => span.attributes[WORKFLOW.definition] ?? [])
      .map((text) => JSON.parse(String(text)) as { nodes: { id: string; type: string }[] });
    expect(texts[0]?.nodes).toContainEqual({ id: "FakeListChatModel", type: "AI" });
  });
});

describe("a branch", () => {
  const routing = () =>
    RunnableBranch.from([
      [
        (score: number) => {
          explainDecision({ reason: "score is high", inputs: { score } });
          return score > 0.8;
        },
        RunnableLambda.from(async function accept() {
          return "accepted";
        }),
      ],
      RunnableLambda.from(function review() {
        return "for review";
      }),
    ]);

  test("in a chain is a decision with its options, what was taken, and why", async () => {
    const chain = RunnableLambda.from((x: number) => x).pipe(routing());
    expect(await chain.invoke(0.9)).toBe("accepted");
    expect(tree(recording.spans())).toEqual([
      RUN,
      "  run_step RunnableLambda",
      "  run_step RunnableBranch",
      "    evaluate_branch RunnableBranch",
    ]);
    expect(only("evaluate_branch RunnableBranch").attributes).toMatchObject({
      [WORKFLOW.decisionType]: "switch",
      [WORKFLOW.decisionOptions]: ["accept", "review"],
      [WORKFLOW.decisionSelected]: ["accept"],
      [WORKFLOW.decisionSkipped]: ["review"],
      [WORKFLOW.decisionDefaultTaken]: false,
      [WORKFLOW.decisionReason]: "score is high",
      [WORKFLOW.decisionInputs]: '{"score":0.9}',
      [WORKFLOW.decisionSourceStep]: "RunnableBranch",
    });
    expect(only("run_step RunnableBranch").attributes[WORKFLOW.stepType]).toBe("decision");
  });

  test("that takes its default says so, also in a stream", async () => {
    const chain = RunnableLambda.from((x: number) => x).pipe(routing());
    const texts: string[] = [];
    for await (const text of await chain.stream(0.1)) texts.push(text);
    expect(texts).toEqual(["for review"]);
    expect(only("evaluate_branch RunnableBranch").attributes).toMatchObject({
      [WORKFLOW.decisionSelected]: ["review"],
      [WORKFLOW.decisionDefaultTaken]: true,
    });
  });

  test("outside of a run is nothing to record", async () => {
    expect(await routing().invoke(0.9)).toBe("accepted");
    expect(recording.spans()).toEqual([]);
  });

  test("whose condition throws keeps the error", async () => {
    const broken = RunnableBranch.from([
      [
        () => {
          throw new RangeError("no");
        },
        () => "never",
      ],
      () => "never",
    ]);
    const run = workflow({ id: "b", name: "b" }, () => broken.invoke(1));
    await expect(run).rejects.toBeInstanceOf(RangeError);
    expect(only("evaluate_branch RunnableBranch").attributes[OTEL.errorType]).toBe("RangeError");
  });
});

describe("a tool", () => {
  const add = tool(async ({ a, b }: { a: number; b: number }) => a + b, {
    name: "add",
    description: "Add",
    schema: z.object({ a: z.number(), b: z.number() }),
  });

  test("outside of a graph is recorded with arguments and result", async () => {
    expect(await add.invoke({ a: 1, b: 2 })).toBe(3);
    expect(only("execute_tool add").attributes).toMatchObject({
      [OTEL.genAiToolCallArguments]: '{"a":1,"b":2}',
      [OTEL.genAiToolCallResult]: "3",
    });
  });

  test("that answers a tool call gives its message back, and the call's id is kept", async () => {
    const call = { type: "tool_call", id: "call_1", name: "add", args: { a: 1, b: 2 } } as const;
    const message = await add.invoke(call);
    expect(message.tool_call_id).toBe("call_1");
    expect(only("execute_tool add").attributes).toMatchObject({
      [OTEL.genAiToolCallId]: "call_1",
      [OTEL.genAiToolCallArguments]: '{"a":1,"b":2}',
    });
  });
});

test("a chain in a decision records the model's call below the decision alone", async () => {
  const options = { options: ["Hello there", "no"] };
  await workflow({ id: "d", name: "d" }, () =>
    decide("pick", options, () => greeting().invoke({ name: "Ada" })),
  );
  expect(tree(recording.spans())).toEqual([
    "invoke_workflow d",
    "  evaluate_branch pick",
    "    chat FakeListChatModel",
  ]);
});

test("inputs that no JSON can hold reach the chain as they are", async () => {
  const strange: Record<string, unknown> = { big: 10n, bytes: Buffer.alloc(8) };
  strange.self = strange;
  const chain = RunnableLambda.from((x: unknown) => x).pipe((x: unknown) => x === strange);
  expect(await chain.invoke(strange)).toBe(true);
  expect(recording.named("run_step RunnableLambda")[0]?.attributes[WORKFLOW.stepInput]).toBe(
    '{"big":"10","bytes":"[8 bytes]","self":"[cycle]"}',
  );
});

test("messages of a model reach the span with their roles", async () => {
  await greeting().invoke({ name: "Ada" });
  const chat = only("chat FakeListChatModel");
  expect(JSON.parse(String(chat.attributes[OTEL.genAiInputMessages]))).toEqual([
    { role: "system", parts: [{ type: "text", content: "Be kind to Ada" }] },
    { role: "user", parts: [{ type: "text", content: "Hello, I am Ada" }] },
  ]);
  expect(JSON.parse(String(chat.attributes[OTEL.genAiOutputMessages]))).toEqual([
    {
      role: "assistant",
      parts: [{ type: "text", content: "Hello there" }],
      finish_reason: "unknown",
    },
  ]);
});
