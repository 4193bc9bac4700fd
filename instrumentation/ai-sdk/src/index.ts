/** `@spanledger/instrumentation-ai-sdk`: see the README. */
export { AI_SDK_VERSIONS, AiSdkInstrumentation } from "./instrumentation.ts";
export type { AiSdkInstrumentationConfig } from "./types.ts";
