/**
 * `workflow()`: the run that everything inside belongs to.
 *
 * In: the facts that no library knows and the application's function. Out: what the function
 * returns. Side effect: one span `invoke_workflow NAME`; a LangGraph graph that is invoked inside
 * works for this run instead of making one of its own.
 */

import { newId } from "./ids.ts";
import { observe } from "./observe.ts";
import { beginRun, outcomeOfError } from "./run-record.ts";
import { safely } from "./safely.ts";
import { activeRun } from "./scope.ts";
import { apiTracer } from "./tracer.ts";
import type { WorkflowOptions, WorkflowRun } from "./types.ts";

/**
 * Run a workflow.
 *
 * The run's result is `success`, or what the engine inside says (`paused`, `failure`), or, where
 * the function throws, `failure`, `timeout` or `cancellation`.
 */
export function workflow<T, Node extends string = string>(
  options: WorkflowOptions<Node>,
  fn: (run: WorkflowRun) => T,
): T {
  const begun = safely(() => beginRun(apiTracer(), options));
  if (begun === undefined) return fn(idleRun());
  const { run, active } = begun;
  return observe(active, () => fn(run), {
    returned: () => run.settle({ result: "success" }),
    threw: (error) => run.settle(outcomeOfError(error)),
  });
}

/** The run that the calling code works for, for logs and for other systems; undefined outside. */
export function currentRun(): WorkflowRun | undefined {
  return safely(() => activeRun());
}

/** Stands in where the facts were so wrong that no run could begin: the application goes on. */
function idleRun(): WorkflowRun {
  return { runId: newId(), requestId: newId(), setResult: () => undefined };
}
