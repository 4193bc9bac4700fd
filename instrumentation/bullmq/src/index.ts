/** `@spanledger/instrumentation-bullmq`: see the README. */
export { BULLMQ_VERSIONS, BullMQInstrumentation } from "./instrumentation.ts";
export type { BullMQInstrumentationConfig, BullMQModule, JobFacts, JobRun } from "./types.ts";
