/**
 * `@spanledger/api`: what an application says about its workflow runs.
 *
 * Every function returns what the application's own function returns, records nothing when no
 * OpenTelemetry SDK is registered, and never throws by itself; `checkpoint` alone refuses.
 */
export { action, tool } from "./action.ts";
export { approval } from "./approval.ts";
export type { CaptureLevel } from "./capture.ts";
export {
  type CheckpointExpectation,
  type CheckpointFacts,
  type CheckpointScope,
  checkpoint,
  type SignedCheckpoint,
  type VerifiedCheckpoint,
} from "./checkpoint.ts";
export { CheckpointError, type CheckpointErrorCode } from "./checkpoint-error.ts";
export type {
  CheckpointSigner,
  CheckpointSigningKey,
  CheckpointVerificationKey,
  CheckpointVerifier,
  Ed25519CheckpointKey,
  Ed25519CheckpointPublicKey,
  HmacCheckpointKey,
} from "./checkpoint-keys.ts";
export { decide, explainDecision } from "./decide.ts";
export { isId, newId } from "./ids.ts";
export { type LogFields, logFields } from "./log-fields.ts";
export { authenticate, policy } from "./policy.ts";
export { currentRun, workflow } from "./run.ts";
export { RunSpanProcessor } from "./run-baggage.ts";
export { step } from "./step.ts";
export type {
  ActionHandle,
  ActionOptions,
  Actor,
  ActorType,
  ApprovalOutcome,
  ApprovalRequest,
  ApprovalResolution,
  AuthenticateOptions,
  DecisionExplanation,
  DecisionOptions,
  DecisionType,
  DefinitionEdge,
  NodeType,
  PolicyFacts,
  PolicyOutcome,
  PolicyVerdict,
  RunResult,
  StepHandle,
  StepOptions,
  StepResult,
  StepType,
  ToolOptions,
  Trigger,
  TriggerType,
  WorkflowDefinition,
  WorkflowOptions,
  WorkflowRun,
} from "./types.ts";
