/** Public types of the Anthropic instrumentation. */
import type { InstrumentationConfig } from "@opentelemetry/instrumentation";

/** Options of {@link AnthropicInstrumentation}. */
export interface AnthropicInstrumentationConfig extends InstrumentationConfig {
  /** Keep messages, instructions, tool arguments and results. @default true */
  readonly captureContent?: boolean;
  /**
   * Send trace context and baggage to the provider with each request, as the SDK does by itself
   * from 0.134. Baggage names the run and who acts.
   * @default false
   */
  readonly propagate?: boolean;
}

/** What {@link AnthropicInstrumentation.manuallyInstrument} takes: the library's own exports. */
export interface AnthropicModule {
  /** The class `Anthropic` of `@anthropic-ai/sdk`. */
  readonly Anthropic?: unknown;
}
