/** `@spanledger/instrumentation-langgraph`: see the README. */
export { CHECKPOINT_METADATA } from "./checkpoint.ts";
export { LANGGRAPH_VERSIONS, LangGraphInstrumentation } from "./instrumentation.ts";
export type { CheckpointSequences } from "./sequences.ts";
export { type SignedCheckpointerOptions, signedCheckpointer } from "./signed-checkpointer.ts";
export type { LangGraphInstrumentationConfig, LangGraphModules } from "./types.ts";
