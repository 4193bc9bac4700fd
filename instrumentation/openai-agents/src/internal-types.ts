/**
 * The parts of `@openai/agents-core` that are looked at. State may come from a database and spans
 * from the application, so every field is optional and read with care.
 */
import type { Tracer } from "@opentelemetry/api";
import type { Json } from "@spanledger/api/internal";

/** `Span` of the SDK's own tracing. */
export interface SdkSpan {
  readonly spanId?: unknown;
  readonly parentId?: unknown;
  readonly spanData?: Json;
  readonly error?: unknown;
}

/** `Agent`. */
export interface Agent {
  readonly name?: unknown;
  /** Agents, or `Handoff` objects with one. */
  readonly handoffs?: unknown;
}

/** `RunToolApprovalItem`: a call of a tool that waits for a person. */
export interface ApprovalItem {
  readonly rawItem?: unknown;
  readonly agent?: Agent;
  readonly name?: unknown;
}

/** `RunState`: what a paused run needs to go on. */
export interface RunState {
  _trace?: { metadata?: unknown } | null;
  readonly _context?: unknown;
  getInterruptions?: () => unknown;
}

/** Asked at each call. */
export interface Recorder {
  readonly tracer: Tracer;
  readonly captureContent: boolean;
  /** The span of the SDK's own tracing that the calling code runs in. */
  readonly currentSpan: () => SdkSpan | undefined;
}

/** Id of a call that waits for a person: stable over pause and resume, the join key. */
export function approvalIdOf(item: ApprovalItem): string | undefined {
  const raw = item.rawItem as { callId?: unknown; id?: unknown } | undefined;
  const id = raw?.callId ?? raw?.id;
  return typeof id === "string" ? id : undefined;
}
