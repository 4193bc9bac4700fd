/**
 * Mastra's own OpenTelemetry export (`@mastra/otel-exporter`, `@mastra/otel-bridge`): `mastra.*`.
 *
 * Side effect on a draft: our names. Calls of models and tools come in the conventions' names
 * already; a workflow is a run wherever it stands, a root agent is one; a branch that tells what it
 * selected is a decision; steps, other control flow and agents below are steps.
 */
import { OTEL, type StepType, WORKFLOW } from "@spanledger/schema";
import type { AttributeValue } from "../base/records.ts";
import { FINISH_REASONS } from "./ai-sdk.ts";
import type { SpanDraft } from "./draft.ts";
import { jsonList } from "./json-value.ts";
import { belongsToRun, isDecision, isRunOfItsOwn, isRunOrStep, isStep } from "./roles.ts";

const TYPE = "mastra.span.type";

/** Most roads of one branch that are named; bounds what a count in a span can ask for. */
const OPTIONS_MAX = 1_000;

/** How a run ended, by Mastra's word for it; what is not here is told by the span's status. */
const RUN_RESULTS: ReadonlyMap<string, string> = new Map([
  ["canceled", "cancellation"],
  ["failed", "failure"],
  ["paused", "paused"],
  ["success", "success"],
  ["suspended", "paused"],
  ["tripwire", "failure"],
  ["waiting", "paused"],
]);

/** The same of a step. */
const STEP_RESULTS: ReadonlyMap<string, string> = new Map([
  ["failed", "failure"],
  ["paused", "paused"],
  ["skipped", "skipped"],
  ["success", "success"],
  ["suspended", "paused"],
  ["waiting", "paused"],
]);

/** What is a step, and of which type; the conditions of a branch are a detail of its decision. */
const STEPS: ReadonlyMap<string, StepType> = new Map<string, StepType>([
  ["workflow_step", "action"],
  ["workflow_conditional", "decision"],
  ["workflow_parallel", "action"],
  ["workflow_loop", "decision"],
  ["workflow_sleep", "action"],
  ["workflow_wait_event", "action"],
]);

/** Put a span of Mastra into our names. */
export function normaliseMastra(draft: SpanDraft): void {
  const type = draft.text(TYPE);
  if (type === "") return;
  const isFirst = draft.isUnknown;
  draft.speaks("mastra");
  belongsToRun(draft);
  draft.set(WORKFLOW.engine, "mastra");
  if (isFirst) takeRole(draft, type);
  spellReasons(draft);
  const key = `mastra.${type}`;
  draft.keepAll((name) => name === `${key}.input` || name === `${key}.output`);
  draft.keepAll((name) => name === "mastra.metadata.body" || name === "mastra.metadata.headers");
}

function takeRole(draft: SpanDraft, type: string): void {
  const exchange = () => ({
    input: draft.take(`mastra.${type}.input`),
    output: draft.take(`mastra.${type}.output`),
  });
  const name = nameOf(draft);
  const status = draft.text(`mastra.${type}.status`);
  const step = STEPS.get(type);
  if (type === "workflow_conditional" && isBranch(draft)) return;
  if (step !== undefined) {
    draft.set(WORKFLOW.stepResult, STEP_RESULTS.get(status));
    isStep(draft, step, name, exchange());
  } else if (type === "workflow_run") {
    draft.set(WORKFLOW.runResult, RUN_RESULTS.get(status));
    isRunOfItsOwn(draft, "action", name, exchange());
  } else if (type === "agent_run") {
    draft.set(OTEL.genAiAgentName, name);
    isRunOrStep(draft, "ai", name, exchange());
  }
}

/** Mastra calls models through the AI SDK, and keeps its spelling. */
function spellReasons(draft: SpanDraft): void {
  const reasons = jsonList(draft.get(OTEL.genAiResponseFinishReasons));
  if (reasons?.some((reason) => FINISH_REASONS.has(reason)) !== true) return;
  draft.take(OTEL.genAiResponseFinishReasons);
  const spelled = reasons.map((reason) => FINISH_REASONS.get(reason) ?? reason);
  draft.set(OTEL.genAiResponseFinishReasons, spelled);
}

/**
 * A branch that says which steps it selected. Of the other roads it tells only how many conditions
 * there were: they go by the number of their condition.
 *
 * @returns false where it says too little to be a decision
 */
function isBranch(draft: SpanDraft): boolean {
  const say = (name: string): string => draft.text(`mastra.workflow_conditional.${name}`);
  const selected = jsonList(say("selected_steps"));
  const holding = jsonList(say("truthy_indexes"))?.map(Number);
  const count = Number(draft.get("mastra.workflow_conditional.condition_count"));
  if (selected === undefined || holding === undefined || !(count <= OPTIONS_MAX)) return false;
  const options: AttributeValue[] = [...selected];
  for (let index = 0; index < count; index += 1) {
    if (!holding.includes(index)) options.push(`condition ${index}`);
  }
  const name = say("entry_id") || draft.span.name;
  const inputs = draft.take("mastra.workflow_conditional.input");
  isDecision(draft, name, { options, selected, inputs });
  return true;
}

/** Its names are an operation and what it is done to, but of control flow a text alone. */
function nameOf(draft: SpanDraft): string {
  const { name } = draft.span;
  const operation = `${draft.text(OTEL.genAiOperationName)} `;
  return name.startsWith(operation) ? name.slice(operation.length) : name;
}
