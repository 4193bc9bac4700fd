/**
 * One run of a graph: `Pregel._runLoop` from begin to end.
 *
 * In: the graph and its loop. Out: the context that its nodes run in. Side effects: the run's span
 * (unless the graph works for a run that is under way), the loop's checkpoints carry the run's ids.
 */
import { type Context, context, createContextKey, type Tracer } from "@opentelemetry/api";
import {
  activeRun,
  beginRun,
  environmentFacts,
  outcomeOfError,
  type PendingApproval,
  type RunRecord,
  runContext,
  safely,
  withEngine,
} from "@spanledger/api/internal";
import { OTEL } from "@spanledger/schema";
import type { Attempt } from "./attempt.ts";
import {
  type FirstPart,
  firstPartOf,
  keepWithCheckpoints,
  pendingApprovals,
  threadIdOf,
} from "./checkpoint.ts";
import { definitionOf } from "./definition.ts";
import type { PregelGraph, PregelLoop } from "./internal-types.ts";

const LOOP = createContextKey("spanledger.langgraph.loop");

/** Value of `workflow.engine`. */
const ENGINE = "langgraph";

/** A loop that runs. */
export interface LoopState {
  readonly graph: PregelGraph;
  readonly loop: PregelLoop;
  /** The loop in whose step this one runs. */
  readonly outer: LoopState | undefined;
  /** The approvals that the thread waited for when this loop began, by task. */
  readonly pending: ReadonlyMap<string, readonly PendingApproval[]>;
  /** The attempt of each task that has not ended, or whose result is not known yet. */
  readonly attempts: Map<string, Attempt>;
  paused: boolean;
}

export function activeLoop(): LoopState | undefined {
  return context.active().getValue(LOOP) as LoopState | undefined;
}

/** What {@link beginLoop} hands back: where to run, and whom to tell. */
export interface BegunLoop {
  readonly active: Context;
  returned(): void;
  threw(error: unknown): void;
}

/**
 * A graph begins to run.
 *
 * @param found the first part of its run, where it had to be looked for
 */
export function beginLoop(
  tracer: Tracer,
  graph: PregelGraph,
  loop: PregelLoop,
  found?: FirstPart,
): BegunLoop {
  const state: LoopState = {
    graph,
    loop,
    outer: loop.isNested === true ? activeLoop() : undefined,
    pending: pendingApprovals(loop),
    attempts: new Map(),
    paused: false,
  };
  const here = context.active();
  if (loop.isNested === true) {
    return {
      active: withEngine(here, ENGINE).setValue(LOOP, state),
      returned: () => endAttempts(state, undefined),
      threw: (error) => endAttempts(state, error),
    };
  }
  const outer = activeRun(here);
  const adopted = outer !== undefined && !outer.ended;
  const run = adopted ? outer : beginRun(tracer, factsOf(graph, loop)).run;
  run.engineBegan(ENGINE);
  safely(() => run.define(tracer, definitionOf(graph)));
  const thread = threadIdOf(loop.config);
  if (adopted && thread !== undefined && run.facts.conversationId === undefined) {
    run.span.setAttribute(OTEL.genAiConversationId, thread);
  }
  const first = found ?? firstPartOf(loop);
  if (first !== undefined) run.continueFrom(first);
  keepWithCheckpoints(loop, run);
  // Inside a run, spans stay where they are (perhaps in a step); only the ids may have changed.
  const parent = adopted ? runContext(here, run, { keepSpan: true }) : runContext(here, run);
  const settle = (error: unknown): void => endRoot(state, run, adopted, error);
  return {
    active: withEngine(parent, ENGINE).setValue(LOOP, state),
    returned: () => settle(undefined),
    threw: (error) => settle(error ?? new Error("undefined was thrown")),
  };
}

function endRoot(state: LoopState, run: RunRecord, adopted: boolean, error: unknown): void {
  endAttempts(state, error);
  const outcome =
    error !== undefined
      ? outcomeOfError(error)
      : ({ result: isPaused(state) ? "paused" : "success" } as const);
  run.engineEnded(outcome);
  if (!adopted) run.settle(outcome);
}

/** Without an error, a loop that is not done waits: for an answer, or at a breakpoint. */
function isPaused({ loop, paused }: LoopState): boolean {
  return paused || loop.status === "interrupt_before" || loop.status === "interrupt_after";
}

/** Whatever is still open when the loop ends will not be tried again. */
function endAttempts(state: LoopState, error: unknown): void {
  for (const attempt of state.attempts.values()) attempt.abandon(error);
  state.attempts.clear();
}

function factsOf(graph: PregelGraph, loop: PregelLoop) {
  const defaults = environmentFacts();
  const own = graph.getName?.() ?? graph.name ?? "LangGraph";
  return {
    id: defaults.id ?? own,
    name: defaults.name ?? defaults.id ?? own,
    conversationId: threadIdOf(loop.config),
  };
}
