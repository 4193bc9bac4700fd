/**
 * Mastra's own OpenTelemetry export (`@mastra/otel-exporter`, `@mastra/otel-bridge`): `mastra.*`.
 *
 * Side effect on a draft: our names. Calls of models and tools come in the conventions' names
 * already; a workflow is a run wherever it stands, a root agent is one; steps, branches and agents
 * below are steps.
 */
import { OTEL, type StepType, WORKFLOW } from "@spanledger/schema";
import type { SpanDraft } from "./draft.ts";
import { belongsToRun, isRunOfItsOwn, isRunOrStep, isStep } from "./roles.ts";

const TYPE = "mastra.span.type";

/** What is a step, and of which type. */
const STEPS: ReadonlyMap<string, StepType> = new Map<string, StepType>([
  ["workflow_step", "action"],
  ["workflow_conditional", "decision"],
  ["workflow_conditional_eval", "decision"],
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
  const step = STEPS.get(type);
  if (step !== undefined) isStep(draft, step, name, exchange());
  else if (type === "workflow_run") isRunOfItsOwn(draft, "action", name, exchange());
  else if (type === "agent_run") {
    draft.set(OTEL.genAiAgentName, name);
    isRunOrStep(draft, "ai", name, exchange());
  }
}

/** Its names are an operation and what it is done to. */
function nameOf(draft: SpanDraft): string {
  const { name } = draft.span;
  const space = name.indexOf(" ");
  return space === -1 ? name : name.slice(space + 1);
}
