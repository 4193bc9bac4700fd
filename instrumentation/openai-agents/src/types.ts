/** Public types of the instrumentation of the OpenAI Agents SDK. */
import type { InstrumentationConfig } from "@opentelemetry/instrumentation";

/** Options of {@link OpenAIAgentsInstrumentation}. */
export interface OpenAIAgentsInstrumentationConfig extends InstrumentationConfig {
  /** Keep step inputs and outputs, messages, tool arguments and results. @default true */
  readonly captureContent?: boolean;
}

/** What {@link OpenAIAgentsInstrumentation.manuallyInstrument} takes: the library's own exports. */
export interface OpenAIAgentsModule {
  /** The class `Runner` of `@openai/agents`. */
  readonly Runner?: unknown;
  /** The class `MultiTracingProcessor` of `@openai/agents`. */
  readonly MultiTracingProcessor?: unknown;
  /** `getCurrentSpan` of `@openai/agents`. */
  readonly getCurrentSpan?: unknown;
}
