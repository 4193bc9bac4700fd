/**
 * The real LangGraph, instrumented in this process, and what its tests share.
 *
 * Side effect: patches LangGraph on import; spans are kept in memory.
 */
import { RunnableSequence } from "@langchain/core/runnables";
import { StructuredTool, tool } from "@langchain/core/tools";
import {
  Annotation,
  type AnnotationRoot,
  type BaseChannel,
  Command,
  END,
  interrupt,
  type LastValue,
  MemorySaver,
  type OverwriteValue,
  START,
  StateGraph,
} from "@langchain/langgraph";
import { Pregel } from "@langchain/langgraph/pregel";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { action, explainDecision } from "@spanledger/api";
import { LangChainInstrumentation } from "@spanledger/instrumentation-langchain";
import { LangGraphInstrumentation } from "@spanledger/instrumentation-langgraph";
import { z } from "zod";
import { type Recording, record } from "./spans.ts";

/** Every span of this process. */
export const recording: Recording = record();
/** For tests that switch it off. */
export const instrumentation: LangGraphInstrumentation = new LangGraphInstrumentation();
instrumentation.manuallyInstrument({ Pregel });
new LangChainInstrumentation().manuallyInstrument({ RunnableSequence, StructuredTool });

type Channels = {
  score: LastValue<number>;
  notes: BaseChannel<string[], string[] | OverwriteValue<string[]>>;
};

/** What the graphs of these tests hold. */
export const State: AnnotationRoot<Channels> = Annotation.Root({
  score: Annotation<number>(),
  notes: Annotation<string[]>({ reducer: (a, b) => [...a, ...b], default: () => [] }),
});

/** Tool `get_order`. */
export const getOrder: Invokable = tool(async ({ id }: { id: string }) => `order ${id}`, {
  name: "get_order",
  description: "Look an order up",
  schema: z.object({ id: z.string() }),
});

export const FACTS = {
  id: "refund_flow",
  name: "Refund flow",
  version: "3",
  trigger: { type: "webhook", source: "shop", id: "d-1" },
  actor: { id: "svc-shop", type: "service" },
  authorization: "role:support",
} as const;

interface Invokable {
  invoke(input: unknown, config?: object): Promise<unknown>;
}

/** Classify, look up with one retry, ask a person, refund. */
export function refundGraph(saver: MemorySaver = new MemorySaver()): Invokable {
  let lookups = 0;
  return new StateGraph(State)
    .addNode("classify", async () => ({ notes: ["classified"] }))
    .addNode(
      "lookup",
      async () => {
        lookups += 1;
        if (lookups === 1) throw new TypeError("connection lost");
        return { notes: [String(await getOrder.invoke({ id: "7" }))] };
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

export const THREAD = { configurable: { thread_id: "t-1" } };

export const ROOT = "invoke_workflow Refund flow";

/** The first span of a name. */
export function first(name: string): ReadableSpan {
  const [span] = recording.named(name);
  if (span === undefined) throw new Error(`no span ${name}`);
  return span;
}
