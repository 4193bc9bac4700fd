/** Public types of the OpenAI instrumentation. */
import type { InstrumentationConfig } from "@opentelemetry/instrumentation";

/** Options of {@link OpenAIInstrumentation}. */
export interface OpenAIInstrumentationConfig extends InstrumentationConfig {
  /** Keep messages, instructions and tool definitions. @default true */
  readonly captureContent?: boolean;
}

/** What {@link OpenAIInstrumentation.manuallyInstrument} takes: the library's own exports. */
export interface OpenAIModule {
  /** The class `OpenAI` of `openai`. */
  readonly OpenAI?: unknown;
}
