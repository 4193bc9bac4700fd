/**
 * Whether somebody else makes spans of the same calls: they are not to be counted twice.
 *
 * In: the global list of integrations, the active span. Pure but for reading them.
 */
import { trace } from "@opentelemetry/api";
import { readField } from "@spanledger/api/internal";

/** The tracer of version 6; its spans are active while it makes a call with its own telemetry. */
const SDK_TRACER = "ai";

/** The integrations of `@ai-sdk/otel`: `OpenTelemetry`, `LegacyOpenTelemetry`. */
const OTEL_INTEGRATION = /OpenTelemetry$/;

/** @param own the integration that asks */
export function isRecordedByOthers(own: object): boolean {
  const integrations = globalThis.AI_SDK_TELEMETRY_INTEGRATIONS ?? [];
  return integrations.some(
    (one) => one !== own && OTEL_INTEGRATION.test(String(readField(classOf(one), "name"))),
  );
}

/** Whether the running code is inside of a span of version 6's own telemetry. */
export function isInSpanOfSdk(): boolean {
  const scope = readField(trace.getActiveSpan(), "instrumentationScope");
  return readField(scope, "name") === SDK_TRACER;
}

function classOf(integration: unknown): unknown {
  return readField(integration, "constructor");
}
