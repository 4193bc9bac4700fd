/**
 * A run of a workflow: `invoke_workflow NAME`.
 *
 * In: the arguments and the result of the engine's `execute`. Out: the context to run in. Side
 * effects: the run's span, unless the application began a run itself with `workflow()`; the
 * workflow's definition. A workflow that is a step of another one makes no run of its own.
 */
import { type Context, context, createContextKey } from "@opentelemetry/api";
import {
  activeRun,
  beginRun,
  type EngineOutcome,
  environmentFacts,
  outcomeOfError,
  type PendingApproval,
  type RunRecord,
  readField,
  runContext,
} from "@spanledger/api/internal";
import { takeContinuation } from "./continuation.ts";
import { definitionOf } from "./definition.ts";
import type { Entry, ExecuteParams, Recorder } from "./internal-types.ts";

/** Value of `workflow.engine`. */
const ENGINE = "mastra";

const SCOPE = createContextKey("spanledger.mastra.scope");

/** What is known of a run while it goes on; nested workflows share it. */
export interface RunState {
  readonly run: RunRecord;
  /** Approvals that are waited for, by workflow and step. */
  readonly approvals: Map<string, PendingApproval>;
  /** The latest exception of a step: Mastra hands out a copy without its class. */
  failure: { readonly error: unknown } | undefined;
}

/** Where in a run the code is. */
export interface WorkflowScope {
  readonly state: RunState;
  readonly workflowId: string;
  /** The entries of the workflow that runs here. */
  readonly entries: readonly Entry[];
  /** The same entries as they are written into snapshots. */
  readonly serialized: readonly Entry[];
}

export function activeScope(): WorkflowScope | undefined {
  return context.active().getValue(SCOPE) as WorkflowScope | undefined;
}

/** Where to run, and whom to tell. */
export interface BegunExecution {
  readonly active: Context;
  returned(result: unknown): void;
  threw(error: unknown): void;
}

export function beginExecution(recorder: Recorder, params: ExecuteParams): BegunExecution {
  const here = context.active();
  const { workflowId } = params;
  const entries = params.graph?.steps ?? [];
  const serialized = params.serializedStepGraph ?? [];
  const continuation = takeContinuation(params.requestContext);
  const outer = activeScope();
  if (outer !== undefined && !outer.state.run.ended) {
    const { state } = outer;
    return {
      active: here.setValue(SCOPE, { state, workflowId, entries, serialized }),
      returned: () => undefined,
      threw: () => undefined,
    };
  }
  const around = activeRun(here);
  const adopted = around !== undefined && !around.ended;
  const run = adopted ? around : beginRun(recorder.tracer, factsOf(workflowId)).run;
  run.engineBegan(ENGINE);
  if (continuation !== undefined) run.continueFrom(continuation);
  run.define(recorder.tracer, definitionOf(params));
  const state: RunState = {
    run,
    approvals: new Map(continuation?.approvals),
    failure: undefined,
  };
  const settle = (outcome: EngineOutcome): void => {
    run.engineEnded(outcome);
    if (!adopted) run.settle(outcome);
  };
  // Inside of a run, spans stay where they are (perhaps in a step); only the ids may have changed.
  const parent = adopted ? runContext(here, run, { keepSpan: true }) : runContext(here, run);
  return {
    active: parent.setValue(SCOPE, { state, workflowId, entries, serialized }),
    returned: (result) => settle(outcomeOf(result, state)),
    threw: (error) => settle(outcomeOfError(error)),
  };
}

/** What the result's status means. */
function outcomeOf(result: unknown, state: RunState): EngineOutcome {
  switch (readField(result, "status")) {
    case "suspended":
    case "paused":
      return { result: "paused" };
    case "canceled":
      return { result: "cancellation" };
    case "failed":
      return outcomeOfError(state.failure?.error ?? readField(result, "error"));
    case "tripwire": {
      const reason = readField(readField(result, "tripwire"), "reason");
      return outcomeOfError({ name: "TripWire", message: reason });
    }
    default:
      return { result: "success" };
  }
}

function factsOf(workflowId: string) {
  const defaults = environmentFacts();
  return {
    id: defaults.id ?? workflowId,
    name: defaults.name ?? defaults.id ?? workflowId,
  };
}
