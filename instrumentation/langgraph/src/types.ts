/** Public types of the LangGraph instrumentation. */
import type { InstrumentationConfig } from "@opentelemetry/instrumentation";

/** Options of {@link LangGraphInstrumentation}. */
export interface LangGraphInstrumentationConfig extends InstrumentationConfig {
  /** Keep step inputs and outputs. @default true */
  readonly captureContent?: boolean;
}

/** What {@link LangGraphInstrumentation.manuallyInstrument} takes: the library's own exports. */
export interface LangGraphModules {
  /** `Pregel` of `@langchain/langgraph/pregel`, or a class that extends it. */
  readonly Pregel?: unknown;
  /** `CompiledStateGraph` of `@langchain/langgraph`. */
  readonly CompiledStateGraph?: unknown;
}
