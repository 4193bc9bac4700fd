/** `@spanledger/instrumentation-langchain`: see the README. */
export { LANGCHAIN_CORE_VERSIONS, LangChainInstrumentation } from "./instrumentation.ts";
export type { LangChainInstrumentationConfig, LangChainModules } from "./types.ts";
