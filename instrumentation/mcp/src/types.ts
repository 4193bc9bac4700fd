/** Public types of the MCP instrumentation. */
import type { InstrumentationConfig } from "@opentelemetry/instrumentation";

/** Options of {@link McpInstrumentation}. */
export interface McpInstrumentationConfig extends InstrumentationConfig {
  /** Keep arguments and results of tools. @default true */
  readonly captureContent?: boolean;
  /**
   * Put trace context and baggage into `params._meta`, as the conventions say, by the propagators
   * that are registered. Baggage names the run and who acts: switch it off for servers of others.
   * @default true
   */
  readonly propagate?: boolean;
}

/** What {@link McpInstrumentation.manuallyInstrument} takes: the library's own exports. */
export interface McpModule {
  /** The class `Client` of `@modelcontextprotocol/sdk/client`. */
  readonly Client?: unknown;
}
