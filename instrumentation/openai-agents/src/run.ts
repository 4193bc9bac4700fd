/**
 * A run of agents: `invoke_workflow NAME`.
 *
 * In: the arguments and the result of `Runner.run`. Out: the context to run in. Side effects: the
 * run's span, unless the application began a run itself with `workflow()`; the definition; at a
 * pause, ids in the state that the application will store. A run inside of another one (an agent as
 * a tool) makes no run of its own.
 */
import { type Context, context } from "@opentelemetry/api";
import {
  activeRun,
  beginRun,
  type EngineOutcome,
  environmentFacts,
  isJson,
  outcomeOfError,
  type RunRecord,
  readField,
  recordApproval,
  runContext,
  safely,
  textOf,
} from "@spanledger/api/internal";
import { type Continuation, continuationOf, keep } from "./continuation.ts";
import { definitionOf, nameOf } from "./definition.ts";
import {
  type Agent,
  type ApprovalItem,
  approvalIdOf,
  type Recorder,
  type RunState,
} from "./internal-types.ts";
import { LiveContext } from "./live-context.ts";
import { RunScope } from "./scope.ts";

/** Value of `workflow.engine`. */
const ENGINE = "openai-agents";

/** The SDK's name for a workflow that has none. */
const UNNAMED = "Agent workflow";

/** Where to run, and whom to tell. */
export interface BegunRun {
  readonly active: Context;
  returned(result: unknown): void;
  threw(error: unknown): void;
}

/** @param args arguments of `Runner.run`: an agent, an input or a state, options */
export function beginAgents(
  recorder: Recorder,
  runner: unknown,
  args: readonly unknown[],
): BegunRun {
  // Inside of another run of agents this is a live context; what counts is where it is now.
  const here = materialised(context.active());
  const [agent, input] = args as [Agent, unknown];
  const state = stateOf(input);
  const first = state === undefined ? undefined : continuationOf(state);
  const around = activeRun(here);
  const adopted = around !== undefined && !around.ended;
  const run = adopted ? around : beginRun(recorder.tracer, factsOf(runner, agent), here).run;
  run.engineBegan(ENGINE);
  if (first !== undefined) run.continueFrom(first);
  run.define(recorder.tracer, definitionOf(agent));
  const base = runContext(here, run, { keepSpan: adopted });
  const answers = state === undefined ? [] : (safely(() => answersOf(state, run, first)) ?? []);
  const scope: RunScope = new RunScope(recorder, base, agent, {
    input: state === undefined ? input : undefined,
    onFirstStep: (step) => {
      for (const answer of answers) recordApproval(answer, step, Date.now());
    },
  });
  const settle = (outcome: EngineOutcome): void => {
    run.engineEnded(outcome);
    if (!adopted) run.settle(outcome);
  };
  const ended = (result: unknown): void => {
    const error = readField(result, "error");
    safely(() => endScope(scope, run, result));
    settle(outcomeOf(result, error));
  };
  const threw = (error: unknown): void => {
    safely(() => scope.end(error));
    settle(outcomeOfError(error));
  };
  return {
    active: new LiveContext(() => safely(() => scope.now()) ?? base),
    returned: (result) => {
      const completed = readField(result, "completed");
      if (!(completed instanceof Promise)) return ended(result);
      // A stream goes on after it was handed out; the SDK handles the rejection of this promise.
      void completed.then(() => ended(result), threw);
    },
    threw,
  };
}

function materialised(active: Context): Context {
  return active instanceof LiveContext ? active.deleteValue(Symbol.for("spanledger.none")) : active;
}

function stateOf(input: unknown): RunState | undefined {
  return typeof readField(input, "getInterruptions") === "function"
    ? (input as RunState)
    : undefined;
}

function factsOf(runner: unknown, agent: Agent) {
  const defaults = environmentFacts();
  const config = readField(runner, "config");
  const given = textOf(readField(config, "workflowName"));
  const own = given === undefined || given === UNNAMED ? nameOf(agent) : given;
  const conversationId = textOf(readField(config, "groupId"));
  return {
    id: defaults.id ?? own,
    name: defaults.name ?? defaults.id ?? own,
    ...(conversationId === undefined ? {} : { conversationId }),
  };
}

/** What persons said to the calls that the state waited for, unless the application has told it. */
function answersOf(state: RunState, run: RunRecord, first: Continuation | undefined) {
  return interruptionsOf(state).flatMap((item) => {
    const id = approvalIdOf(item);
    if (id === undefined || run.isAnswered(id)) return [];
    const toolName = textOf(item.name) ?? textOf(readField(item.rawItem, "name"));
    const approved = ask(state, "isToolApproved", [{ toolName, callId: id }]);
    if (typeof approved !== "boolean") return [];
    const comment = approved
      ? undefined
      : textOf(ask(state, "getRejectionMessage", [toolName, id]));
    const requestedAt = first?.approvals.get(id);
    return [{ id, outcome: approved ? "approved" : "rejected", comment, requestedAt } as const];
  });
}

function ask(state: RunState, method: string, args: readonly unknown[]): unknown {
  const asked = readField(state._context, method);
  if (typeof asked !== "function") return undefined;
  return safely((): unknown => Reflect.apply(asked, state._context, args));
}

function endScope(scope: RunScope, run: RunRecord, result: unknown): void {
  const items = interruptionsOf(result);
  const state = readField(result, "state");
  if (items.length > 0) {
    scope.waitsFor(items);
    const ids = items.map(approvalIdOf).filter((id) => id !== undefined);
    const nowMs = Date.now();
    if (isJson(state)) keep(state as RunState, run, new Map(ids.map((id) => [id, nowMs])));
  } else {
    scope.gave(readField(result, "finalOutput"));
  }
  scope.end();
}

function interruptionsOf(holder: unknown): readonly ApprovalItem[] {
  const ask = readField(holder, "getInterruptions");
  const list: unknown =
    typeof ask === "function"
      ? safely((): unknown => Reflect.apply(ask, holder, []))
      : readField(holder, "interruptions");
  return Array.isArray(list) ? (list as ApprovalItem[]) : [];
}

function outcomeOf(result: unknown, error: unknown): EngineOutcome {
  if (error !== undefined && error !== null) return outcomeOfError(error);
  if (interruptionsOf(result).length > 0) return { result: "paused" };
  return { result: readField(result, "cancelled") === true ? "cancellation" : "success" };
}
