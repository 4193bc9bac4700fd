/**
 * What a span stands for in an audit.
 *
 * In: a redacted span. Out: its type and result. Pure.
 */
import { AI_OPERATIONS, OTEL, SPAN_NAME, type SpanType, WORKFLOW } from "@spanledger/schema";
import type { DecodedSpan } from "../base/records.ts";
import { attributeText } from "./attributes.ts";

const BY_OPERATION: ReadonlyMap<string, SpanType> = new Map<string, SpanType>([
  [SPAN_NAME.run, "run"],
  [SPAN_NAME.tool, "tool"],
  ...AI_OPERATIONS.map((operation) => [operation, "ai"] as const),
]);

const BY_FIRST_WORD: ReadonlyMap<string, SpanType> = new Map<string, SpanType>([
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
const REQUIRED: Partial<Record<SpanType, string>> = {
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

const RESULTS: Partial<Record<SpanType, string>> = {
  action: WORKFLOW.actionResult,
  approval: WORKFLOW.approvalOutcome,
  authentication: WORKFLOW.authOutcome,
  policy: WORKFLOW.policyOutcome,
  run: WORKFLOW.runResult,
  step: WORKFLOW.stepResult,
};

/** The type of a span: by `gen_ai.operation.name`, then by the first word of its name. */
export function spanType(span: DecodedSpan): SpanType {
  const byOperation = BY_OPERATION.get(attributeText(span.attributes.get(OTEL.genAiOperationName)));
  const type = byOperation ?? BY_FIRST_WORD.get(firstWord(span.name));
  if (type !== undefined) {
    const required = REQUIRED[type];
    if (required === undefined || span.attributes.has(required)) return type;
  }
  if (span.kind === "Server" && span.attributes.has("http.request.method")) return "http";
  return "other";
}

/** How it ended, in the word of its own kind; `failure` where only the status tells. */
export function spanResult(span: DecodedSpan, type: SpanType): string {
  const attribute = RESULTS[type];
  const own = attribute === undefined ? "" : attributeText(span.attributes.get(attribute));
  if (own !== "") return own;
  return span.statusCode === "Error" ? "failure" : "";
}

function firstWord(name: string): string {
  const space = name.indexOf(" ");
  return space === -1 ? name : name.slice(0, space);
}
