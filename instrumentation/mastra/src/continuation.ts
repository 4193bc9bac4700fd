/**
 * What the process that resumes a run must know of its first part.
 *
 * In: a run that pauses; the request context of a run that goes on. Out: an entry that Mastra keeps
 * in the snapshot's request context, and what was read from it. Side effect: the entry is taken out
 * again before the application's steps see the context.
 */
import { isSpanContextValid, type SpanContext } from "@opentelemetry/api";
import { isId, isJson, type Json, numberOf, type PendingApproval } from "@spanledger/api/internal";
import type { RequestContext } from "./internal-types.ts";
import type { RunState } from "./run.ts";

/** Name of the entry in the snapshot. */
export const SNAPSHOT_KEY = "spanledger";

/** Most approvals that are kept; a run that waits for more people at once is none. */
const APPROVALS_MAX = 256;

/** The first part of a run. */
export interface Continuation {
  readonly runId: string;
  readonly requestId: string | undefined;
  readonly root: SpanContext;
  readonly approvals: ReadonlyMap<string, PendingApproval>;
}

/** What is kept: ids and times alone. */
export function continuationOf({ run, approvals }: RunState): Json {
  const { traceId, spanId, traceFlags } = run.firstRoot;
  return {
    runId: run.runId,
    requestId: run.requestId,
    root: { traceId, spanId, traceFlags },
    approvals: [...approvals].slice(0, APPROVALS_MAX),
  };
}

/** Take the entry out. Snapshots are stored by the application: only what is well-formed counts. */
export function takeContinuation(context: RequestContext | undefined): Continuation | undefined {
  const kept = context?.get(SNAPSHOT_KEY);
  if (kept === undefined) return undefined;
  context?.delete(SNAPSHOT_KEY);
  if (!isJson(kept) || !isId(kept.runId) || !isJson(kept.root)) return undefined;
  const root = { ...kept.root, traceFlags: numberOf(kept.root.traceFlags) ?? 1 } as SpanContext;
  if (!isSpanContextValid(root)) return undefined;
  const requestId = isId(kept.requestId) ? kept.requestId : undefined;
  return {
    runId: kept.runId,
    requestId,
    root: { ...root, isRemote: true },
    approvals: new Map(approvalsOf(kept.approvals)),
  };
}

function approvalsOf(kept: unknown): readonly (readonly [string, PendingApproval])[] {
  if (!Array.isArray(kept)) return [];
  return kept.slice(0, APPROVALS_MAX).flatMap((pair: unknown) => {
    const [step, approval] = Array.isArray(pair) ? (pair as readonly unknown[]) : [];
    if (typeof step !== "string" || !isJson(approval) || !isId(approval.id)) return [];
    const { id, requestedAtMs } = approval;
    return [[step, { id, requestedAtMs: numberOf(requestedAtMs) }] as const];
  });
}
