/**
 * What the process that resumes a run must know of its first part.
 *
 * In: a run that pauses; the state of a run that goes on. Out: ids and times in the metadata of the
 * trace that the SDK keeps in its `RunState`, and what was read from there.
 */
import { isSpanContextValid, type SpanContext } from "@opentelemetry/api";
import { isId, isJson, type Json, numberOf, type RunRecord } from "@spanledger/api/internal";
import type { RunState } from "./internal-types.ts";

/** Name of the entry in the trace's metadata. */
const METADATA_KEY = "spanledger";

/** Most approvals that are kept; a run that waits for more people at once is none. */
const APPROVALS_MAX = 256;

/** The first part of a run. */
export interface Continuation {
  readonly runId: string;
  readonly requestId: string | undefined;
  readonly root: SpanContext;
  /** When each approval was asked for, in milliseconds since 1970, by the id of the call. */
  readonly approvals: ReadonlyMap<string, number>;
}

/** Keep the ids where the state is written from. Without a trace (tracing is off) there is none. */
export function keep(state: RunState, run: RunRecord, waiting: ReadonlyMap<string, number>): void {
  const kept = state._trace;
  if (!kept) return;
  const { traceId, spanId, traceFlags } = run.firstRoot;
  const entry = {
    runId: run.runId,
    requestId: run.requestId,
    root: { traceId, spanId, traceFlags },
    approvals: [...waiting].slice(0, APPROVALS_MAX),
  };
  // The object may be the application's own: a new one takes its place.
  kept.metadata = { ...(isJson(kept.metadata) ? kept.metadata : {}), [METADATA_KEY]: entry };
}

/** States are stored by the application: only what is well-formed counts. */
export function continuationOf(state: RunState): Continuation | undefined {
  const metadata = state._trace?.metadata;
  const kept = isJson(metadata) ? metadata[METADATA_KEY] : undefined;
  if (!isJson(kept) || !isId(kept.runId) || !isJson(kept.root)) return undefined;
  const root = { ...kept.root, traceFlags: numberOf(kept.root.traceFlags) ?? 1 };
  if (!isSpanContextValid(root as unknown as SpanContext)) return undefined;
  return {
    runId: kept.runId,
    requestId: isId(kept.requestId) ? kept.requestId : undefined,
    root: { ...(root as unknown as SpanContext), isRemote: true },
    approvals: new Map(approvalsOf(kept)),
  };
}

function approvalsOf({ approvals }: Json): readonly (readonly [string, number])[] {
  if (!Array.isArray(approvals)) return [];
  return approvals.slice(0, APPROVALS_MAX).flatMap((pair: unknown) => {
    const [id, at] = Array.isArray(pair) ? (pair as readonly unknown[]) : [];
    const atMs = numberOf(at);
    return typeof id === "string" && atMs !== undefined ? [[id, atMs] as const] : [];
  });
}
