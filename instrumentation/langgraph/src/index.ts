/** `@spanledger/instrumentation-langgraph`: see the README. */
export { CHECKPOINT_METADATA } from "./checkpoint.ts";
export {
  LANGCHAIN_CORE_VERSIONS,
  LANGGRAPH_VERSIONS,
  LangGraphInstrumentation,
} from "./instrumentation.ts";
export type { LangGraphInstrumentationConfig, LangGraphModules } from "./types.ts";
