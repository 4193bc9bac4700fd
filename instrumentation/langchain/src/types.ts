/** Public types of the LangChain instrumentation. */
import type { InstrumentationConfig } from "@opentelemetry/instrumentation";

/** Options of {@link LangChainInstrumentation}. */
export interface LangChainInstrumentationConfig extends InstrumentationConfig {
  /** Keep messages, step inputs and outputs, tool arguments and results. @default true */
  readonly captureContent?: boolean;
}

/** What {@link LangChainInstrumentation.manuallyInstrument} takes: the library's own exports. */
export interface LangChainModules {
  /** `StructuredTool` of `@langchain/core/tools`. */
  readonly StructuredTool?: unknown;
  /** `BaseChatModel` of `@langchain/core/language_models/chat_models`. */
  readonly BaseChatModel?: unknown;
  /** `RunnableSequence` of `@langchain/core/runnables`. */
  readonly RunnableSequence?: unknown;
  /** `RunnableBranch` of `@langchain/core/runnables`. */
  readonly RunnableBranch?: unknown;
}
