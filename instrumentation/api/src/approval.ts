/**
 * `approval`: a question to a person, and the person's answer.
 *
 * In: who decided, how, when it was asked for. Side effects: `request` adds an event to the active
 * span and marks its step as paused; `resolve` makes a span `resolve_approval STEP`.
 */
import { type Context, context, SpanKind, trace } from "@opentelemetry/api";
import { APPROVAL_REQUESTED_EVENT, OTEL, SPAN_NAME, WORKFLOW } from "@spanledger/schema";
import { newId } from "./ids.ts";
import { safely } from "./safely.ts";
import { activeRun, activeStep } from "./scope.ts";
import { setOptional } from "./set-optional.ts";
import { apiTracer } from "./tracer.ts";
import type { ApprovalRequest, ApprovalResolution } from "./types.ts";

/** Approvals in plain code; in LangGraph, `interrupt()` and its resume value do the same. */
export const approval: {
  /** Begin to wait: step and run end as `paused`. @returns the approval's id, to be kept */
  readonly request: (request?: ApprovalRequest) => string;
  /** The person has decided. Inside a resumed LangGraph node it replaces the automatic span. */
  readonly resolve: (resolution: ApprovalResolution) => void;
} = { request, resolve };

function request(asked: ApprovalRequest = {}): string {
  const id = safely(() => asked.id) ?? newId();
  safely(() => recordApprovalRequest({ ...asked, id }, context.active()));
  return id;
}

/** Say that an approval is waited for; shared with the instrumentations. */
export function recordApprovalRequest(
  asked: ApprovalRequest & { readonly id: string },
  parent: Context,
): void {
  trace.getSpan(parent)?.addEvent(APPROVAL_REQUESTED_EVENT, {
    [WORKFLOW.approvalId]: asked.id,
    ...(asked.comment === undefined ? {} : { [WORKFLOW.approvalComment]: asked.comment }),
  });
  const step = activeStep(parent);
  if (step !== undefined) step.paused = true;
  step?.waitingApprovals.add(asked.id);
  step?.held.add("approval");
  activeRun(parent)?.asked(asked.id);
}

function resolve(resolution: ApprovalResolution): void {
  safely(() => recordApproval(resolution, context.active(), Date.now()));
}

/** Make the span of an answer; shared with the instrumentations. */
export function recordApproval(
  resolution: ApprovalResolution,
  parent: Context,
  resolvedAtMs: number,
): void {
  const step = activeStep(parent);
  step?.held.add("approval");
  const pending = step?.pendingApprovals.find(
    (one) => !step.resolvedApprovals.has(one.id) && (resolution.id ?? one.id) === one.id,
  );
  const id = resolution.id ?? pending?.id ?? newId();
  step?.resolvedApprovals.add(id);
  if (step?.waitingApprovals.delete(id) === true && step.waitingApprovals.size === 0) {
    step.paused = false;
  }
  activeRun(parent)?.answered(id);
  const requestedAtMs = millisecondsOf(resolution.requestedAt) ?? pending?.requestedAtMs;
  const waitMs =
    resolution.waitMs ?? (requestedAtMs === undefined ? undefined : resolvedAtMs - requestedAtMs);
  const stepName = resolution.step ?? step?.name ?? id;
  const span = apiTracer().startSpan(
    `${SPAN_NAME.approval} ${stepName}`,
    {
      kind: SpanKind.INTERNAL,
      startTime: resolvedAtMs,
      attributes: {
        [WORKFLOW.approvalId]: id,
        [WORKFLOW.approvalOutcome]: resolution.outcome,
      },
    },
    parent,
  );
  setOptional(span, OTEL.userId, resolution.approver);
  setOptional(span, WORKFLOW.approvalComment, resolution.comment);
  setOptional(span, WORKFLOW.approvalWaitMs, waitMs === undefined ? waitMs : Math.max(0, waitMs));
  if (requestedAtMs !== undefined) {
    span.setAttribute(WORKFLOW.approvalRequestedAt, new Date(requestedAtMs).toISOString());
  }
  span.end(resolvedAtMs);
}

function millisecondsOf(time: Date | string | number | undefined): number | undefined {
  if (time === undefined) return undefined;
  const ms = new Date(time).getTime();
  return Number.isNaN(ms) ? undefined : ms;
}
