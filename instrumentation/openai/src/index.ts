/** `@spanledger/instrumentation-openai`: see the README. */
export { OPENAI_VERSIONS, OpenAIInstrumentation } from "./instrumentation.ts";
export type { OpenAIInstrumentationConfig, OpenAIModule } from "./types.ts";
