/**
 * What makes a span one of ours: the rules by which both encoders (objects, wire bytes) tell its
 * type and result. Data only.
 */
import { AI_OPERATIONS, OTEL, SPAN_NAME, type SpanType, WORKFLOW } from "@spanledger/schema";

/** Type by the value of `gen_ai.operation.name`. */
export const TYPE_BY_OPERATION: ReadonlyMap<string, SpanType> = new Map<string, SpanType>([
  [SPAN_NAME.run, "run"],
  [SPAN_NAME.tool, "tool"],
  ...AI_OPERATIONS.map((operation) => [operation, "ai"] as const),
]);

/** Type by the first word of the span's name, where the operation says nothing. */
export const TYPE_BY_FIRST_WORD: ReadonlyMap<string, SpanType> = new Map<string, SpanType>([
  [SPAN_NAME.run, "run"],
  [SPAN_NAME.step, "step"],
  [SPAN_NAME.decision, "decision"],
  [SPAN_NAME.action, "action"],
  [SPAN_NAME.approval, "approval"],
  [SPAN_NAME.policy, "policy"],
  [SPAN_NAME.definition, "definition"],
  [SPAN_NAME.authentication, "authentication"],
  [SPAN_NAME.loadCheckpoint, "checkpoint"],
  [SPAN_NAME.saveCheckpoint, "checkpoint"],
  [SPAN_NAME.tool, "tool"],
]);

/** A name alone proves nothing: each type of ours also needs the attribute that makes it one. */
export const REQUIRED_ATTRIBUTE: Partial<Record<SpanType, string>> = {
  action: WORKFLOW.actionName,
  approval: WORKFLOW.approvalOutcome,
  authentication: WORKFLOW.authMethod,
  checkpoint: WORKFLOW.checkpointId,
  decision: WORKFLOW.decisionName,
  definition: WORKFLOW.definitionSha256,
  policy: WORKFLOW.policyName,
  run: WORKFLOW.runId,
  step: WORKFLOW.stepName,
  tool: OTEL.genAiToolName,
};

/** The attribute that says how a span of a type ended. */
export const RESULT_ATTRIBUTE: Partial<Record<SpanType, string>> = {
  action: WORKFLOW.actionResult,
  approval: WORKFLOW.approvalOutcome,
  authentication: WORKFLOW.authOutcome,
  policy: WORKFLOW.policyOutcome,
  run: WORKFLOW.runResult,
  step: WORKFLOW.stepResult,
};

/** On a span of kind SERVER this attribute makes it an HTTP request. */
export const HTTP_METHOD_ATTRIBUTE = "http.request.method";

/** Name of the span event that carries an exception (OpenTelemetry, "Exceptions on spans"). */
export const EXCEPTION_EVENT = "exception";

/** Result of a span that failed and has no word of its own for it. */
export const FAILURE_RESULT = "failure";

/** Longest attribute text kept in the span itself, in bytes (16 KiB). Longer goes to payloads. */
export const INLINE_SIZE_MAX_BYTES = 16_384;

/**
 * Longest attribute text kept whole, in bytes (1 MiB): more than the context of a model. Of a longer
 * one the beginning is kept, with a marker that tells its size and digest.
 */
export const TEXT_SIZE_MAX_BYTES = 1_048_576;
