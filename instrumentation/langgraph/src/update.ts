/**
 * State that a person changes: `perform_action langgraph.update_state`.
 *
 * In: `Pregel.prototype`. Side effect: `bulkUpdateState`, which `updateState` goes through, records a
 * span with the thread and the run whose state it is, so that an edit between a pause and its resume
 * is in the record. One checkpoint is read for it before the update.
 */
import { type Context, context, type Span, SpanKind, type Tracer, trace } from "@opentelemetry/api";
import { activeRun, observe, readField, recordError, safely } from "@spanledger/api/internal";
import { OTEL, SPAN_NAME, WORKFLOW } from "@spanledger/schema";
import { firstPartFrom } from "./ancestry.ts";
import { type FirstPart, threadIdOf } from "./checkpoint.ts";
import type { Recorder } from "./graph.ts";
import type { CheckpointReader, PregelGraph, RunnableConfig } from "./internal-types.ts";

/** Value of `workflow.action.name`. */
const ACTION = "langgraph.update_state";

/** Key of `config.configurable`: LangGraph itself passes an update on to a subgraph. */
const CHECKPOINTER_KEY = "__pregel_checkpointer";

export type Update = (this: PregelGraph, ...args: unknown[]) => unknown;

/** Wrap `bulkUpdateState`. */
export function wrapUpdate(recorder: Recorder): (original: Update) => Update {
  return (original) =>
    function updateAndRecord(this: PregelGraph, ...args) {
      const run = (): unknown => Reflect.apply(original, this, args);
      const config = (args[0] ?? {}) as RunnableConfig;
      const { checkpointer } = this;
      const isPassedOn = readField(readField(config, "configurable"), CHECKPOINTER_KEY);
      const reads = typeof readField(checkpointer, "getTuple") === "function";
      if (!recorder.enabled() || isPassedOn !== undefined || !reads) return run();
      const record = (first: FirstPart | undefined): unknown => {
        const begun = safely(() => beginUpdate(recorder.tracer(), this, config, first));
        return begun === undefined ? run() : observe(begun.active, run, begun);
      };
      return firstPartFrom(checkpointer as CheckpointReader, config)
        .catch(() => undefined)
        .then(record);
    };
}

function beginUpdate(
  tracer: Tracer,
  graph: PregelGraph,
  config: RunnableConfig,
  first: FirstPart | undefined,
) {
  const parent = context.active();
  const span = tracer.startSpan(
    `${SPAN_NAME.action} ${ACTION}`,
    {
      kind: SpanKind.CLIENT,
      attributes: {
        [WORKFLOW.actionName]: ACTION,
        [WORKFLOW.actionTarget]: graph.getName?.() ?? graph.name ?? "LangGraph",
        ...ofRun(first, parent),
      },
      ...(first === undefined ? {} : { links: [{ context: first.root }] }),
    },
    parent,
  );
  const thread = threadIdOf(config);
  if (thread !== undefined) span.setAttribute(OTEL.genAiConversationId, thread);
  return {
    active: trace.setSpan(parent, span),
    returned: (): void => end(span, "success"),
    threw: (error: unknown): void => {
      recordError(span, error);
      end(span, "failure");
    },
  };
}

/** Inside of a run, the span belongs to that run; its link says whose state was changed. */
function ofRun(first: FirstPart | undefined, parent: Context): Record<string, string> {
  if (first === undefined || activeRun(parent) !== undefined) return {};
  return {
    [WORKFLOW.runId]: first.runId,
    ...(first.requestId === undefined ? {} : { [WORKFLOW.requestId]: first.requestId }),
  };
}

function end(span: Span, result: string): void {
  span.setAttribute(WORKFLOW.actionResult, result);
  span.end();
}
