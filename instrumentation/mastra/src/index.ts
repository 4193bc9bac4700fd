/** `@spanledger/instrumentation-mastra`: see the README. */
export { MASTRA_VERSIONS, MastraInstrumentation } from "./instrumentation.ts";
export type { MastraInstrumentationConfig, MastraModules } from "./types.ts";
