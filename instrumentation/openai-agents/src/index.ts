/** `@spanledger/instrumentation-openai-agents`: see the README. */
export { OPENAI_AGENTS_VERSIONS, OpenAIAgentsInstrumentation } from "./instrumentation.ts";
export type { OpenAIAgentsInstrumentationConfig, OpenAIAgentsModule } from "./types.ts";
