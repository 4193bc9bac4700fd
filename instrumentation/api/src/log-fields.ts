/**
 * What a structured log line needs to be found from the record, and the record from the line.
 *
 * In: the active context. Out: fields; a new object at each call, as pino's `mixin` must return.
 */
import { context, isSpanContextValid, propagation, trace } from "@opentelemetry/api";
import { WORKFLOW } from "@spanledger/schema";
import { BAGGAGE_VALUE_CHARS_MAX } from "./run-baggage.ts";
import { safely } from "./safely.ts";

/** Fields of a log line; absent where nothing is known. */
export interface LogFields {
  trace_id?: string;
  span_id?: string;
  /** Two hex digits; `01` when the trace is kept. */
  trace_flags?: string;
  run_id?: string;
  request_id?: string;
  workflow_id?: string;
  workspace_id?: string;
  actor_id?: string;
  actor_type?: string;
}

/** Field by baggage entry. */
const FROM_BAGGAGE = [
  ["run_id", WORKFLOW.runId],
  ["request_id", WORKFLOW.requestId],
  ["workflow_id", WORKFLOW.id],
  ["workspace_id", WORKFLOW.workspaceId],
  ["actor_id", WORKFLOW.actorId],
  ["actor_type", WORKFLOW.actorType],
] as const satisfies readonly (readonly [keyof LogFields, string])[];

/**
 * The ids of the run, request, trace and span that the calling code works for, and the actor.
 *
 * For pino: `pino({ mixin: logFields })`. Names of trace fields: OpenTelemetry, "Trace context in
 * non-OTLP log formats". Never throws.
 */
export function logFields(): LogFields {
  return safely(readFields) ?? {};
}

function readFields(): LogFields {
  const active = context.active();
  const fields: LogFields = {};
  const span = trace.getSpanContext(active);
  if (span !== undefined && isSpanContextValid(span)) {
    fields.trace_id = span.traceId;
    fields.span_id = span.spanId;
    fields.trace_flags = (span.traceFlags & 0xff).toString(16).padStart(2, "0");
  }
  const baggage = propagation.getBaggage(active);
  if (baggage === undefined) return fields;
  for (const [field, entry] of FROM_BAGGAGE) {
    const value = baggage.getEntry(entry)?.value;
    if (value !== undefined) fields[field] = value.slice(0, BAGGAGE_VALUE_CHARS_MAX);
  }
  return fields;
}
