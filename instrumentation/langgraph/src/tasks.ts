/**
 * Tasks that no node of the graph stands for: those of the functional API, and those whose result
 * came from the cache.
 *
 * In: a loop that begins. Side effects, on this loop alone: each task that an entrypoint or a node
 * calls records a step below its caller; each task that is not run, as its result is cached, records
 * a step with the result `skipped`.
 */
import { type Context, context, SpanKind } from "@opentelemetry/api";
import { readField, safely, setJson } from "@spanledger/api/internal";
import { SPAN_NAME, WORKFLOW } from "@spanledger/schema";
import { type Recorder, recordingStep } from "./graph.ts";
import type { PregelLoop, PregelTask } from "./internal-types.ts";

/** Record the tasks of a loop. */
export function recordTasks(loop: PregelLoop, recorder: Recorder): void {
  const { acceptPush, _matchCachedWrites } = loop;
  if (typeof acceptPush === "function") {
    loop.acceptPush = async function acceptAndRecord(this: unknown, ...args) {
      const task = await Reflect.apply(acceptPush, this, args);
      // Without a call it is a `Send`, whose task is a node's.
      if (task !== undefined && args[2] !== undefined) safely(() => recordCall(task, recorder));
      return task;
    };
  }
  if (typeof _matchCachedWrites === "function") {
    loop._matchCachedWrites = async function matchAndRecord(this: unknown) {
      const matched = await Reflect.apply(_matchCachedWrites, this, []);
      safely(() => {
        for (const { task } of matched) recordSkipped(task, recorder, context.active());
      });
      return matched;
    };
  }
}

/** LangGraph builds a new sequence for each call, so nothing of the application is changed. */
function recordCall(task: PregelTask, recorder: Recorder): void {
  const first = task.proc?.first;
  if (task.proc === undefined || first === undefined) return;
  const retryPolicy = task.retry_policy;
  task.proc.first = recordingStep(task.name, { retryPolicy }, first, recorder);
}

function recordSkipped(task: PregelTask, recorder: Recorder, parent: Context): void {
  if (!recorder.enabled()) return;
  const span = recorder.tracer().startSpan(
    `${SPAN_NAME.step} ${task.name}`,
    {
      kind: SpanKind.INTERNAL,
      attributes: {
        [WORKFLOW.stepId]: task.name,
        [WORKFLOW.stepName]: task.name,
        [WORKFLOW.stepType]: "action",
        [WORKFLOW.stepAttempt]: 1,
        [WORKFLOW.stepResult]: "skipped",
      },
    },
    parent,
  );
  const index = readField(readField(task.config, "metadata"), "langgraph_step");
  if (typeof index === "number") span.setAttribute(WORKFLOW.stepIndex, index);
  if (recorder.captureContent()) {
    setJson(span, WORKFLOW.stepInput, task.input);
    setJson(span, WORKFLOW.stepOutput, outputOf(task));
  }
  span.end();
}

/** What the cached task wrote, by channel; what it wrote for LangGraph itself is left out. */
function outputOf(task: PregelTask): unknown {
  const writes = (task.writes ?? []).filter(([channel]) => !/^(?:__|branch:)/.test(channel));
  const returned = (task.writes ?? []).find(([channel]) => channel === "__return__");
  return returned === undefined ? Object.fromEntries(writes) : returned[1];
}
