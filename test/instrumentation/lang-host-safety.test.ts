/**
 * Goal: an application of LangGraph and LangChain never notices the instrumentations.
 * Method: the same code of the real libraries without them, with them, and with an SDK that throws
 * at every turn; what comes out is compared.
 */
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { RunnableBranch, RunnableLambda, RunnableSequence } from "@langchain/core/runnables";
import { StructuredTool, tool } from "@langchain/core/tools";
import { FakeListChatModel } from "@langchain/core/utils/testing";
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
import { Pregel } from "@langchain/langgraph/pregel";
import { diag, type Span, type Tracer } from "@opentelemetry/api";
import { RunSpanProcessor } from "@spanledger/api";
import { LangChainInstrumentation } from "@spanledger/instrumentation-langchain";
import { LangGraphInstrumentation } from "@spanledger/instrumentation-langgraph";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { record } from "./spans.ts";

const recording = record();
const langgraph = new LangGraphInstrumentation();
const langchain = new LangChainInstrumentation();
new RunSpanProcessor();

/** Values that are hard to write down. */
function hostile(): Record<string, unknown> {
  const value: Record<string, unknown> = {
    big: 10n,
    bytes: Buffer.alloc(1_000_000),
    text: "x".repeat(1_000_000),
    map: new Map([[{}, new Set([Symbol("s")])]]),
  };
  value.self = value;
  for (const name of ["bad", "toJSON", "getType"]) {
    Object.defineProperty(value, name, {
      enumerable: true,
      get: () => {
        throw new Error("never read me");
      },
    });
  }
  return value;
}

class Counter {
  readonly #count = 3;

  // A node, a tool and a chain may be a method that is bound to an object with private fields.
  readonly count = (): number => this.#count;
}

const shouted = tool(async ({ text }: { text: string }) => text.toUpperCase(), {
  name: "shout",
  description: "Shout",
  schema: z.object({ text: z.string() }),
});

/** Everything that an application may see, as text. */
const EXAMPLES: Readonly<Record<string, () => Promise<unknown>>> = {
  "a graph with hostile state": async () => {
    const value = hostile();
    const State = Annotation.Root({ value: Annotation<unknown>, same: Annotation<boolean> });
    const graph = new StateGraph(State)
      .addNode("look", (state) => ({ same: state.value === value }))
      .addEdge(START, "look")
      .compile();
    const result = await graph.invoke({ value });
    return [result.same, result.value === value, Object.keys(result)];
  },
  "a graph that asks": async () => {
    const State = Annotation.Root({ answer: Annotation<string> });
    const graph = new StateGraph(State)
      .addNode("ask", () => new Command({ update: { answer: String(interrupt("?")) } }))
      .addEdge(START, "ask")
      .compile({ checkpointer: new MemorySaver() });
    const config = { configurable: { thread_id: "1" } };
    const asked = await graph.invoke({}, config);
    const waiting = await graph.getState(config);
    const answered = await graph.invoke(new Command({ resume: "yes" }), config);
    return [asked, waiting.next, waiting.tasks.map(({ interrupts }) => interrupts), answered];
  },
  "an error of a node, with its class and stack": async () => {
    class OwnError extends Error {
      readonly code = 7;
    }
    const graph = new StateGraph(Annotation.Root({ x: Annotation<number> }))
      .addNode("fail", () => {
        throw new OwnError("mine");
      })
      .addEdge(START, "fail")
      .compile();
    const error: unknown = await graph.invoke({ x: 1 }).catch((thrown: unknown) => thrown);
    return error instanceof OwnError && [error.message, error.code, error.stack?.split("\n")[0]];
  },
  tasks: async () => {
    const add = task("add", async (a: number, b: number) => a + b);
    return entrypoint("sum", (x: number) => Promise.all([add(x, 1), add(x, 2)])).invoke(1);
  },
  "methods with private fields": async () => {
    const counter = new Counter();
    const graph = new StateGraph(Annotation.Root({ x: Annotation<number> }))
      .addNode("count", () => ({ x: counter.count() }))
      .addEdge(START, "count")
      .compile();
    return [
      await graph.invoke({}),
      await RunnableLambda.from(counter.count).pipe(String).invoke(1),
    ];
  },
  "a sequence of a class of the application": async () => {
    class Own extends RunnableSequence {
      readonly #secret = 42;

      override async invoke(...args: Parameters<RunnableSequence["invoke"]>): Promise<unknown> {
        return [this.#secret, await super.invoke(...args)];
      }
    }
    const first = RunnableLambda.from((x: number) => x + 1);
    return new Own({ first, last: RunnableLambda.from((x: number) => x * 2) }).invoke(1);
  },
  "a chain by invoke, batch, stream, streamLog and streamEvents": async () => {
    const chain = () =>
      ChatPromptTemplate.fromTemplate("Hi {name}")
        .pipe(new FakeListChatModel({ responses: ["Hello"] }))
        .pipe(new StringOutputParser());
    const streamed: unknown[] = [];
    for await (const chunk of await chain().stream({ name: "a" })) streamed.push(chunk);
    const events: unknown[] = [];
    for await (const event of chain().streamEvents({ name: "a" }, { version: "v2" })) {
      events.push([event.event, event.name, event.tags, event.data.chunk?.content]);
    }
    const logged: unknown[] = [];
    for await (const patch of chain().streamLog({ name: "a" })) logged.push(patch.ops.length);
    const batch = await chain().batch([{ name: "a" }, { name: "b" }]);
    return [await chain().invoke({ name: "a" }), batch, streamed, events, logged];
  },
  "a chain that is left, one that is aborted, and hostile input": async () => {
    const value = hostile();
    const same = RunnableLambda.from((x: unknown) => x).pipe((x: unknown) => x === value);
    const slow = RunnableLambda.from(() => new Promise<string>(() => undefined)).pipe(String);
    const stopped = AbortSignal.abort(new RangeError("stop"));
    const left: unknown[] = [];
    const words = RunnableLambda.from(async function* words() {
      yield* ["a", "b", "c"];
    }).pipe(new StringOutputParser() as never);
    for await (const chunk of await words.stream("x")) {
      left.push(chunk);
      break;
    }
    const aborted: unknown = await slow
      .invoke(1, { signal: stopped })
      .catch((error: unknown) => String(error));
    return [await same.invoke(value), left, aborted];
  },
  "a branch, its default, and a falsy result": async () => {
    const branch = RunnableBranch.from<number, unknown>([
      [(x: number) => x > 5, () => 0],
      [async (x: number) => x > 3, () => "some"],
      () => "default",
    ]);
    const streamed: unknown[] = [];
    for await (const chunk of await branch.stream(4)) streamed.push(chunk);
    return [await branch.batch([9, 4, 1]), streamed];
  },
  "a tool, and wrong arguments for it": async () => {
    const wrong: unknown = await shouted.invoke({ text: 7 } as never).catch(String);
    return [await shouted.invoke({ text: "a" }), wrong];
  },
};

const plain = new Map<string, string>();
const run = async (name: string): Promise<string> =>
  JSON.stringify(await EXAMPLES[name]?.()).replaceAll(
    /[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}/g,
    "…",
  );

beforeAll(async () => {
  for (const name of Object.keys(EXAMPLES)) plain.set(name, await run(name));
  langgraph.manuallyInstrument({ Pregel });
  langchain.manuallyInstrument({
    BaseChatModel,
    RunnableBranch,
    RunnableSequence,
    StructuredTool,
  });
});

test.each(Object.keys(EXAMPLES))("%s gives with us what it gives without us", async (name) => {
  expect(await run(name)).toBe(plain.get(name));
});

test("the examples are recorded", () => {
  const names = new Set(recording.spans().map((span) => span.name));
  expect(names).toContain("run_step ask");
  expect(names).toContain("run_step add");
  expect(names).toContain("run_step StrOutputParser");
  expect(names).toContain("chat FakeListChatModel");
  expect(names).toContain("execute_tool shout");
});

describe("with an SDK that throws at every turn", () => {
  beforeAll(() => {
    const broken = brokenTracer();
    diag.disable();
    for (const one of [langgraph, langchain]) one.setTracerProvider({ getTracer: () => broken });
  });

  test.each(Object.keys(EXAMPLES))("%s gives what it gives without us", async (name) => {
    expect(await run(name)).toBe(plain.get(name));
  });
});

/** Every span that this tracer starts throws at whatever is done to it; every third is not started. */
function brokenTracer(): Tracer {
  let started = 0;
  const fail = (): never => {
    throw new Error("broken SDK");
  };
  const span = new Proxy({} as Span, {
    get: (_, name) =>
      name === "spanContext" ? () => ({ traceId: "", spanId: "", traceFlags: 0 }) : fail,
  });
  const startSpan = (): Span => {
    started += 1;
    return started % 3 === 0 ? fail() : span;
  };
  return { startSpan, startActiveSpan: fail };
}
