/**
 * The parts of BullMQ that the instrumentation looks at. What comes from Redis was written by any
 * version of any producer, so every field is optional and read with care.
 */

/** Options of one job. */
export interface JobOptions {
  readonly attempts?: number;
  readonly telemetry?: { readonly metadata?: unknown; readonly omitContext?: unknown };
}

/** `Job`, as a worker has it. */
export interface Job {
  readonly id?: string;
  readonly name?: unknown;
  readonly data?: unknown;
  readonly opts?: JobOptions;
  readonly queueName?: unknown;
  readonly queueQualifiedName?: unknown;
  readonly timestamp?: unknown;
  readonly attemptsMade?: unknown;
  readonly finishedOn?: unknown;
  readonly repeatJobKey?: unknown;
}

/** `FlowJob`: one node of a flow and what it waits for. */
export interface FlowNode {
  readonly name?: unknown;
  readonly queueName?: unknown;
  readonly opts?: JobOptions;
  readonly children?: readonly FlowNode[];
}

/** One entry of `Queue.addBulk`. */
export interface BulkEntry {
  readonly opts?: JobOptions;
}

/** Value of `messaging.system` and of `workflow.engine`. */
export const SYSTEM = "bullmq";

/** Errors by which a processor hands its job back; the job has not failed. */
export const HANDED_BACK: ReadonlySet<string> = new Set([
  "DelayedError",
  "RateLimitError",
  "WaitingChildrenError",
  "WaitingError",
]);

/** Message of the error of `Worker.RateLimitError()`, which has no class of its own everywhere. */
export const RATE_LIMIT_MESSAGE = "bullmq:rateLimitExceeded";
