/**
 * The turn of one agent in a run: `run_step AGENT`.
 *
 * In: an `agent` span of the SDK. Out: the step's context. Its span ends when the next agent begins
 * or the run ends, with the time at which the agent ended: only then it is known whether it waits.
 */
import { type Context, type Span, SpanKind, trace } from "@opentelemetry/api";
import {
  newStepScope,
  readField,
  recordApprovalRequest,
  recordError,
  type StepScope,
  setJson,
  stepTypeOf,
  withStep,
} from "@spanledger/api/internal";
import { OTEL, SPAN_NAME, WORKFLOW } from "@spanledger/schema";
import { type ApprovalItem, approvalIdOf, type Recorder } from "./internal-types.ts";
import { failureOf } from "./model.ts";

export class AgentStep {
  readonly name: string;
  readonly active: Context;
  readonly scope: StepScope;
  readonly #recorder: Recorder;
  readonly #span: Span;
  #endedAtMs: number | undefined;
  #error: unknown;
  #ended = false;

  constructor(recorder: Recorder, name: string, index: number, parent: Context) {
    this.name = name;
    this.#recorder = recorder;
    this.#span = recorder.tracer.startSpan(
      `${SPAN_NAME.step} ${name}`,
      {
        kind: SpanKind.INTERNAL,
        attributes: {
          [WORKFLOW.stepId]: name,
          [WORKFLOW.stepName]: name,
          [WORKFLOW.stepIndex]: index,
          [WORKFLOW.stepAttempt]: 1,
          [OTEL.genAiAgentName]: name,
        },
      },
      parent,
    );
    this.scope = newStepScope(name, this.#span.spanContext());
    this.scope.held.add("ai");
    this.active = withStep(trace.setSpan(parent, this.#span), this.scope);
  }

  took(input: unknown): void {
    if (this.#recorder.captureContent) setJson(this.#span, WORKFLOW.stepInput, input);
  }

  gave(output: unknown): void {
    if (this.#recorder.captureContent) setJson(this.#span, WORKFLOW.stepOutput, output);
  }

  /** Calls of tools that wait for a person. */
  waitsFor(items: readonly ApprovalItem[]): void {
    this.gave(
      items.map(({ rawItem }) => ({ tool: readField(rawItem, "name"), ...callOf(rawItem) })),
    );
    for (const item of items) {
      const id = approvalIdOf(item);
      if (id !== undefined) recordApprovalRequest({ id }, this.active);
    }
  }

  /** The agent has ended; the step ends later, with this time. */
  agentEnded(error: unknown): void {
    this.#endedAtMs ??= Date.now();
    this.#error ??= error;
  }

  end(thrown?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    const error = thrown ?? failureOf(this.#error);
    const result = error === undefined ? "success" : "failure";
    this.#span.setAttribute(WORKFLOW.stepType, stepTypeOf(this.scope));
    this.#span.setAttribute(WORKFLOW.stepResult, this.scope.paused ? "paused" : result);
    if (error !== undefined) recordError(this.#span, error);
    this.#span.end(this.#endedAtMs);
  }
}

function callOf(rawItem: unknown): object {
  return { id: readField(rawItem, "callId"), arguments: readField(rawItem, "arguments") };
}
