/**
 * What a run leaves in the checkpoints of its thread, so that the process that resumes it finds it.
 *
 * In: a loop that begins, its run. Out: the first part's ids, the approvals that were waited for.
 * Side effect: the metadata of every checkpoint that the loop saves gets three more entries.
 *
 * LangGraph 1.x keeps no `config.metadata` with a checkpoint on its own (savers store the metadata
 * that the loop hands them), so the entries are added where the loop hands it over.
 */
import { type SpanContext, TraceFlags } from "@opentelemetry/api";
import {
  isId,
  type PendingApproval,
  type RunRecord,
  readField,
  safely,
} from "@spanledger/api/internal";
import {
  INTERRUPT_CHANNEL,
  type Interrupt,
  type PregelLoop,
  type RunnableConfig,
} from "./internal-types.ts";

/** Names of the entries in the checkpoint's metadata. Stored: never rename. */
export const CHECKPOINT_METADATA = {
  runId: "spanledger_run_id",
  requestId: "spanledger_request_id",
  /** The W3C traceparent of the root span of the run's first part. */
  root: "spanledger_traceparent",
} as const;

/** What the first part of a run left. */
export interface FirstPart {
  readonly runId: string;
  readonly requestId: string | undefined;
  readonly root: SpanContext;
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** The first part of the run that this loop continues; undefined when a new run begins. */
export function firstPartOf(loop: PregelLoop): FirstPart | undefined {
  return resumes(loop) ? firstPartIn(loop.checkpointMetadata) : undefined;
}

/** Whether a loop goes on with what its thread has begun, instead of a new input. */
export function resumes(loop: PregelLoop): boolean {
  return loop.isResuming === true || (isCommand(loop.input) && hasPending(loop));
}

/** What the metadata of a checkpoint say of the first part. */
export function firstPartIn(metadata: unknown): FirstPart | undefined {
  const runId = readField(metadata, CHECKPOINT_METADATA.runId);
  const requestId = readField(metadata, CHECKPOINT_METADATA.requestId);
  const root = parseTraceparent(readField(metadata, CHECKPOINT_METADATA.root));
  if (!isId(runId) || root === undefined) return undefined;
  return { runId, requestId: isId(requestId) ? requestId : undefined, root };
}

/** Add the run's ids to every checkpoint that the loop saves from now on. */
export function keepWithCheckpoints(loop: PregelLoop, run: RunRecord): void {
  const put = loop._checkpointerPutAfterPrevious;
  if (typeof put !== "function") return;
  loop._checkpointerPutAfterPrevious = function keep(this: unknown, input) {
    safely(() => {
      input.metadata = {
        ...input.metadata,
        [CHECKPOINT_METADATA.runId]: run.runId,
        [CHECKPOINT_METADATA.requestId]: run.requestId,
        [CHECKPOINT_METADATA.root]: formatTraceparent(run.firstRoot),
      };
    });
    return Reflect.apply(put, this, [input]);
  };
}

/**
 * The approvals that the thread waited for when it paused, by task.
 *
 * The time of asking is that of the checkpoint before the step that asked.
 */
export function pendingApprovals(
  loop: PregelLoop,
): ReadonlyMap<string, readonly PendingApproval[]> {
  const at = Date.parse(loop.checkpoint?.ts ?? "");
  const requestedAtMs = Number.isNaN(at) ? undefined : at;
  const byTask = new Map<string, PendingApproval[]>();
  for (const [taskId, channel, value] of loop.checkpointPendingWrites ?? []) {
    if (channel !== INTERRUPT_CHANNEL) continue;
    for (const interrupt of interruptsOf(value)) {
      if (interrupt.id === undefined) continue;
      const known = byTask.get(taskId) ?? [];
      byTask.set(taskId, [...known, { id: interrupt.id, requestedAtMs }]);
    }
  }
  return byTask;
}

/** Interrupts in the value of a pending write or in the `interrupts` of an exception. */
export function interruptsOf(value: unknown): readonly Interrupt[] {
  const many: readonly unknown[] = Array.isArray(value) ? value : [value];
  return many.filter((one): one is Interrupt => typeof one === "object" && one !== null);
}

/** The thread that a config names. */
export function threadIdOf(config: RunnableConfig | undefined): string | undefined {
  const id = config?.configurable?.thread_id;
  return typeof id === "string" && id !== "" ? id : undefined;
}

/** `Command`. */
export interface Command {
  readonly goto?: unknown;
  readonly graph?: unknown;
}

export function isCommand(value: unknown): value is Command {
  return typeof value === "object" && value !== null && Reflect.get(value, "lg_name") === "Command";
}

function hasPending(loop: PregelLoop): boolean {
  return (loop.checkpointPendingWrites ?? []).some(([, channel]) => channel === INTERRUPT_CHANNEL);
}

function formatTraceparent(span: SpanContext): string {
  const flags = (span.traceFlags & 0xff).toString(16).padStart(2, "0");
  return `00-${span.traceId}-${span.spanId}-${flags}`;
}

function parseTraceparent(text: unknown): SpanContext | undefined {
  const match = typeof text === "string" ? TRACEPARENT.exec(text) : null;
  const [, traceId, spanId, flags] = match ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  const sampled = (Number.parseInt(flags, 16) & TraceFlags.SAMPLED) === TraceFlags.SAMPLED;
  return {
    traceId,
    spanId,
    traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
  };
}
