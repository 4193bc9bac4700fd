/**
 * `@spanledger/api`: what an application says about its workflow runs.
 *
 * Every function returns what the application's own function returns, records nothing when no
 * OpenTelemetry SDK is registered, and never throws by itself.
 */
export { action, tool } from "./action.ts";
export { approval } from "./approval.ts";
export { decide, explainDecision } from "./decide.ts";
export { isId, newId } from "./ids.ts";
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
  DecisionExplanation,
  DecisionOptions,
  DecisionType,
  DefinitionEdge,
  NodeType,
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
