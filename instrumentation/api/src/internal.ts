/**
 * What the instrumentations share with this package. Not for applications: it may change in any
 * version.
 */
export { readAnswer } from "./answer.ts";
export { recordApproval, recordApprovalRequest } from "./approval.ts";
export { CAPTURE_LEVELS, CAPTURE_VARIABLE, type CaptureLevel, captureLevel } from "./capture.ts";
export {
  type CheckpointExpectation,
  type CheckpointFacts,
  recordLoad,
  recordRefusal,
  recordSave,
  type SignedCheckpoint,
  signCheckpoint,
  verifyCheckpoint,
} from "./checkpoint.ts";
export { recordSelection } from "./decide.ts";
export { environmentFacts } from "./defaults.ts";
export { canonicalDefinition, type DefinedWorkflow, recordDefinition } from "./definition.ts";
export {
  activeEngine,
  FrameworkCall,
  frameworkCallAround,
  hearsModelSpans,
  withEngine,
  withFrameworkCall,
} from "./framework-call.ts";
export { isId } from "./ids.ts";
export { jsonText } from "./json-text.ts";
export * from "./model-call/index.ts";
export { type Observer, observe } from "./observe.ts";
export { errorTypeOf, isBubbleUp, readField, recordError, resultOfError } from "./outcome.ts";
export {
  beginRun,
  type EngineOutcome,
  outcomeOfError,
  RunRecord,
  runContext,
} from "./run-record.ts";
export { safely } from "./safely.ts";
export {
  activeActor,
  activeDecision,
  activeRun,
  activeStep,
  type DecisionScope,
  newStepScope,
  type PendingApproval,
  type StepScope,
  stepTypeOf,
  withActor,
  withDecision,
  withStep,
} from "./scope.ts";
export { setJson, setOptional } from "./set-optional.ts";
