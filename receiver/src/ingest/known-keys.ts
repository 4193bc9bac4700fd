/**
 * The attribute keys that columns are made of, and their ids in the table of keys. Data only.
 */
import { CONTENT_ATTRIBUTES, OTEL, SPAN_TYPES, type SpanType, WORKFLOW } from "@spanledger/schema";
import { HTTP_METHOD_ATTRIBUTE, REQUIRED_ATTRIBUTE, RESULT_ATTRIBUTE } from "../base/span-rules.ts";

/** The key beside which a key of tokens says nothing about its value. */
const LOGPROB_KEY = "logprob";

/** Every known key; its index is its id. */
export const KNOWN_KEYS: readonly string[] = [
  ...new Set([
    ...Object.values(OTEL),
    ...Object.values(WORKFLOW),
    ...CONTENT_ATTRIBUTES,
    ...Object.values(REQUIRED_ATTRIBUTE),
    ...Object.values(RESULT_ATTRIBUTE),
    HTTP_METHOD_ATTRIBUTE,
    LOGPROB_KEY,
  ]),
];

function idOf(key: string): number {
  const id = KNOWN_KEYS.indexOf(key);
  if (id === -1) throw new RangeError(`${key} is not among the known keys`);
  return id;
}

/** Ids by the names of the conventions. */
export const KEY = {
  logprob: idOf(LOGPROB_KEY) as number,
  httpMethod: idOf(HTTP_METHOD_ATTRIBUTE) as number,
  operation: idOf(OTEL.genAiOperationName) as number,
  errorType: idOf(OTEL.errorType) as number,
  exceptionType: idOf(OTEL.exceptionType) as number,
  exceptionMessage: idOf(OTEL.exceptionMessage) as number,
  conversationId: idOf(OTEL.genAiConversationId) as number,
  userId: idOf(OTEL.userId) as number,
  workflowName: idOf(OTEL.genAiWorkflowName) as number,
  runId: idOf(WORKFLOW.runId) as number,
  workflowId: idOf(WORKFLOW.id) as number,
  workflowVersion: idOf(WORKFLOW.version) as number,
  stepName: idOf(WORKFLOW.stepName) as number,
  stepAttempt: idOf(WORKFLOW.stepAttempt) as number,
  stepFallback: idOf(WORKFLOW.stepFallback) as number,
  triggerType: idOf(WORKFLOW.triggerType) as number,
  triggerSource: idOf(WORKFLOW.triggerSource) as number,
  triggerId: idOf(WORKFLOW.triggerId) as number,
  actorId: idOf(WORKFLOW.actorId) as number,
  actorType: idOf(WORKFLOW.actorType) as number,
  authorization: idOf(WORKFLOW.authorization) as number,
  requestId: idOf(WORKFLOW.requestId) as number,
  engine: idOf(WORKFLOW.engine) as number,
  tags: idOf(WORKFLOW.tags) as number,
  definitionSha256: idOf(WORKFLOW.definitionSha256) as number,
  decisionId: idOf(WORKFLOW.decisionId) as number,
  decisionName: idOf(WORKFLOW.decisionName) as number,
  decisionType: idOf(WORKFLOW.decisionType) as number,
  decisionSourceStep: idOf(WORKFLOW.decisionSourceStep) as number,
  decisionCondition: idOf(WORKFLOW.decisionCondition) as number,
  decisionOptions: idOf(WORKFLOW.decisionOptions) as number,
  decisionSelected: idOf(WORKFLOW.decisionSelected) as number,
  decisionSkipped: idOf(WORKFLOW.decisionSkipped) as number,
  decisionDefaultTaken: idOf(WORKFLOW.decisionDefaultTaken) as number,
  decisionReason: idOf(WORKFLOW.decisionReason) as number,
  decisionConfidence: idOf(WORKFLOW.decisionConfidence) as number,
} as const;

/** By span type (its index in `SPAN_TYPES`): the key it needs, and the key of its result, or -1. */
export const REQUIRED_KEYS: Int16Array = keysByType(REQUIRED_ATTRIBUTE);
export const RESULT_KEYS: Int16Array = keysByType(RESULT_ATTRIBUTE);

function keysByType(keys: Partial<Record<SpanType, string>>): Int16Array {
  return Int16Array.from(SPAN_TYPES, (type) => {
    const key = keys[type];
    return key === undefined ? -1 : idOf(key);
  });
}
