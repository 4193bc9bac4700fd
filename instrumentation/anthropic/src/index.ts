/** `@spanledger/instrumentation-anthropic`: see the README. */
export { ANTHROPIC_VERSIONS, AnthropicInstrumentation } from "./instrumentation.ts";
export { AnthropicSpanProcessor } from "./span-processor.ts";
export type { AnthropicInstrumentationConfig, AnthropicModule } from "./types.ts";
