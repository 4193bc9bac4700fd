/** Public types of the Mastra instrumentation. */
import type { InstrumentationConfig } from "@opentelemetry/instrumentation";

/** Options of {@link MastraInstrumentation}. */
export interface MastraInstrumentationConfig extends InstrumentationConfig {
  /** Keep step inputs and outputs, messages, tool arguments and results. @default true */
  readonly captureContent?: boolean;
}

/** What {@link MastraInstrumentation.manuallyInstrument} takes: the library's own exports. */
export interface MastraModules {
  /** The class `DefaultExecutionEngine` of `@mastra/core/workflows`. */
  readonly DefaultExecutionEngine?: unknown;
  /** The class `Agent` of `@mastra/core/agent`. */
  readonly Agent?: unknown;
  /** The class `ModelRouterLanguageModel` of `@mastra/core/llm`. */
  readonly ModelRouterLanguageModel?: unknown;
}
