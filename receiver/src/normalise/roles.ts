/**
 * What a span of another dialect is in an audit: a run, a step, a tool's execution, a model's call.
 *
 * In: a draft, and a name. Side effect on the draft: the attributes and the span's name that make
 * it one (`base/span-rules.ts`).
 */
import { type DecisionType, OTEL, SPAN_NAME, type StepType, WORKFLOW } from "@spanledger/schema";
import type { AttributeValue } from "../base/records.ts";
import type { SpanDraft } from "./draft.ts";

/** Content that goes in and comes out. */
export interface Exchange {
  readonly input?: AttributeValue | undefined;
  readonly output?: AttributeValue | undefined;
}

/** Whether nothing is above it in this trace. */
export function isRoot(draft: SpanDraft): boolean {
  return draft.span.parentSpanId === "";
}

/** Bits of a span's flags: it is known whether its parent is remote, and it is (`trace.proto`). */
const REMOTE_PARENT = 0x300;

/** Whether nothing is above it in its process. */
function isTop(draft: SpanDraft): boolean {
  return isRoot(draft) || (draft.span.flags & REMOTE_PARENT) === REMOTE_PARENT;
}

/** The trace is the run: it is the only thing that all spans of a foreign run know. */
export function belongsToRun(draft: SpanDraft): void {
  draft.set(WORKFLOW.runId, draft.span.traceId);
}

/** A run that has ended; a span that is not marked as failed has succeeded. */
function isRun(draft: SpanDraft, name: string, exchange: Exchange): void {
  belongsToRun(draft);
  draft.replace(OTEL.genAiOperationName, SPAN_NAME.run);
  draft.set(OTEL.genAiWorkflowName, name);
  draft.set(WORKFLOW.id, name);
  draft.set(WORKFLOW.runResult, resultOf(draft));
  draft.set(WORKFLOW.stepInput, exchange.input);
  draft.set(WORKFLOW.stepOutput, exchange.output);
  draft.nameIt(`${SPAN_NAME.run} ${name}`);
}

export function isStep(draft: SpanDraft, type: StepType, name: string, exchange: Exchange): void {
  // An operation would say that it is something else.
  if (draft.has(OTEL.genAiOperationName)) draft.keep(OTEL.genAiOperationName);
  draft.set(WORKFLOW.stepName, name);
  draft.set(WORKFLOW.stepType, type);
  draft.set(WORKFLOW.stepResult, resultOf(draft));
  draft.set(WORKFLOW.stepInput, exchange.input);
  draft.set(WORKFLOW.stepOutput, exchange.output);
  draft.nameIt(`${SPAN_NAME.step} ${name}`);
}

/** What a branch chose, and from what. */
export interface Choice {
  readonly options: readonly AttributeValue[];
  readonly selected: readonly AttributeValue[];
  readonly inputs: AttributeValue | undefined;
}

export function isDecision(
  draft: SpanDraft,
  name: string,
  { options, selected, inputs }: Choice,
): void {
  if (draft.has(OTEL.genAiOperationName)) draft.keep(OTEL.genAiOperationName);
  const type: DecisionType = "conditional_edge";
  draft.set(WORKFLOW.decisionId, name);
  draft.set(WORKFLOW.decisionName, name);
  draft.set(WORKFLOW.decisionType, type);
  draft.set(WORKFLOW.decisionOptions, options);
  draft.set(WORKFLOW.decisionSelected, selected);
  draft.set(WORKFLOW.decisionInputs, inputs);
  draft.nameIt(`${SPAN_NAME.decision} ${name}`);
}

/** What says itself that it is a run is one wherever it stands, but a step of a run of ours. */
export function isRunOfItsOwn(
  draft: SpanDraft,
  type: StepType,
  name: string,
  exchange: Exchange,
): void {
  const isInRun = draft.has(WORKFLOW.runId) && draft.get(WORKFLOW.runId) !== draft.span.traceId;
  if (isInRun && !isTop(draft)) isStep(draft, type, name, exchange);
  else isRun(draft, name, exchange);
}

/** What orchestrates others is a run where nothing is above it in its process, else a step. */
export function isRunOrStep(
  draft: SpanDraft,
  type: StepType,
  name: string,
  exchange: Exchange,
): void {
  if (isTop(draft)) isRun(draft, name, exchange);
  else isStep(draft, type, name, exchange);
}

export function isTool(draft: SpanDraft, name: string, exchange: Exchange): void {
  draft.replace(OTEL.genAiOperationName, SPAN_NAME.tool);
  draft.set(OTEL.genAiToolName, name);
  draft.set(OTEL.genAiToolCallArguments, exchange.input);
  draft.set(OTEL.genAiToolCallResult, exchange.output);
  draft.nameIt(`${SPAN_NAME.tool} ${name}`);
}

/** A call of a model, once its model is known. */
export function isCall(draft: SpanDraft, operation: string): void {
  draft.set(OTEL.genAiOperationName, operation);
  const model = draft.text(OTEL.genAiRequestModel);
  draft.nameIt(model === "" ? operation : `${operation} ${model}`);
}

function resultOf(draft: SpanDraft): string {
  return draft.span.statusCode === "Error" ? "failure" : "success";
}
