/** Public types of the AI SDK instrumentation. */
import type { InstrumentationConfig } from "@opentelemetry/instrumentation";

/** Options of {@link AiSdkInstrumentation}. */
export interface AiSdkInstrumentationConfig extends InstrumentationConfig {
  /** Keep messages, instructions, tool definitions, tool arguments and results. @default true */
  readonly captureContent?: boolean;
}
