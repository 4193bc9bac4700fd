/**
 * The attempts of a step: `run_step NAME`.
 *
 * In: the step, its input, what Mastra's retry loop runs. Out: what that comes back with. Side
 * effects: one span per attempt; a suspension is the event that somebody is asked, resuming it the
 * span of the answer.
 */
import {
  type Context,
  context,
  createContextKey,
  type Span,
  SpanKind,
  trace,
} from "@opentelemetry/api";
import { newId } from "@spanledger/api";
import {
  newStepScope,
  numberOf,
  observe,
  type PendingApproval,
  readAnswer,
  readField,
  recordApproval,
  recordError,
  type StepScope,
  safely,
  setJson,
  stepTypeOf,
  withStep,
} from "@spanledger/api/internal";
import { APPROVAL_REQUESTED_EVENT, SPAN_NAME, type StepResult, WORKFLOW } from "@spanledger/schema";
import {
  type AttemptResult,
  type ControlParams,
  type Recorder,
  type StepParams,
  stepIdsOf,
} from "./internal-types.ts";
import { activeScope, type WorkflowScope } from "./run.ts";

const STEP = createContextKey("spanledger.mastra.step");

/** Where a nested workflow's suspension says so in the payload of the step around it. */
const NESTED_META = "__workflow_meta";

/** The step that is executed, for the retry loop inside of it. */
export function withStepParams(params: StepParams): Context {
  return context.active().setValue(STEP, params);
}

/** The attempts of the step that is executed here; undefined outside of a recorded run. */
export function beginAttempts(recorder: Recorder): Attempts | undefined {
  const params = context.active().getValue(STEP) as StepParams | undefined;
  const scope = activeScope();
  if (params === undefined || scope === undefined) return undefined;
  return new Attempts(recorder, scope, params);
}

/** A pause between steps that the workflow itself makes: a step like any other. */
export function beginSleep(recorder: Recorder, { entry }: ControlParams): Attempts | undefined {
  const scope = activeScope();
  const [id] = stepIdsOf(entry);
  if (scope === undefined || id === undefined) return undefined;
  return new Attempts(recorder, scope, { step: { id } });
}

/** One execution of one step. */
export class Attempts {
  readonly #recorder: Recorder;
  readonly #scope: WorkflowScope;
  readonly #params: StepParams;
  #number = 0;
  #latest: Attempt | undefined;

  constructor(recorder: Recorder, scope: WorkflowScope, params: StepParams) {
    this.#recorder = recorder;
    this.#scope = scope;
    this.#params = params;
  }

  /** Mastra's loop tries. */
  run<T>(attempt: () => T): T {
    const begun = safely(() => this.#next());
    return begun === undefined ? attempt() : observe(begun.active, attempt, begun);
  }

  /** The loop has ended: what failed last will not be tried again. */
  ended(): void {
    this.#latest?.end("failure");
  }

  #next(): Attempt {
    this.#latest?.end("retried");
    this.#number += 1;
    this.#latest = new Attempt(this.#recorder, this.#scope, this.#params, this.#number);
    return this.#latest;
  }
}

class Attempt {
  readonly active: Context;
  readonly #recorder: Recorder;
  readonly #workflow: WorkflowScope;
  readonly #params: StepParams;
  readonly #span: Span;
  readonly #scope: StepScope;
  readonly #key: string;
  readonly #startedAtMs: number = Date.now();
  readonly #pending: PendingApproval | undefined;
  #failedAtMs: number | undefined;
  #ended = false;

  constructor(recorder: Recorder, workflow: WorkflowScope, params: StepParams, number: number) {
    const name = params.step?.id ?? "step";
    this.#recorder = recorder;
    this.#workflow = workflow;
    this.#params = params;
    this.#key = `${workflow.workflowId}.${name}`;
    this.#span = recorder.tracer.startSpan(`${SPAN_NAME.step} ${name}`, {
      kind: SpanKind.INTERNAL,
      attributes: {
        [WORKFLOW.stepId]: name,
        [WORKFLOW.stepName]: name,
        [WORKFLOW.stepAttempt]: number,
      },
    });
    if (recorder.captureContent) {
      setJson(this.#span, WORKFLOW.stepInput, params.prevOutput);
    }
    this.#scope = newStepScope(name, this.#span.spanContext());
    this.#pending = number === 1 ? this.#answered(name) : undefined;
    if (this.#pending !== undefined) this.#scope.pendingApprovals.push(this.#pending);
    this.active = withStep(trace.setSpan(context.active(), this.#span), this.#scope);
  }

  returned(value: unknown): void {
    this.#recordAnswer();
    const { output, suspended, bailed, nestedWflowStepPaused } = (value ?? {}) as AttemptResult;
    const shown = suspended?.payload ?? bailed?.payload ?? output;
    if (this.#recorder.captureContent) {
      setJson(this.#span, WORKFLOW.stepOutput, shown);
    }
    if (suspended !== undefined) this.#suspended(suspended.payload);
    this.end(suspended !== undefined || nestedWflowStepPaused === true ? "paused" : "success");
  }

  threw(error: unknown): void {
    this.#recordAnswer();
    recordError(this.#span, error);
    this.#workflow.state.failure = { error };
    // Whether it is tried again is known when it happens, or when the loop ends without it.
    this.#failedAtMs = Date.now();
  }

  end(result: StepResult): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#span.setAttribute(WORKFLOW.stepType, stepTypeOf(this.#scope));
    this.#span.setAttribute(WORKFLOW.stepResult, this.#scope.paused ? "paused" : result);
    this.#span.end(this.#failedAtMs);
  }

  /** A nested workflow that waits has told of it already, in a step of its own. */
  #suspended(payload: unknown): void {
    if (readField(payload, NESTED_META) !== undefined) return;
    const approval = { id: newId(), requestedAtMs: Date.now() };
    this.#workflow.state.approvals.set(this.#key, approval);
    this.#scope.held.add("approval");
    this.#span.addEvent(APPROVAL_REQUESTED_EVENT, { [WORKFLOW.approvalId]: approval.id });
  }

  /** The approval that is answered by this very step, not by one further inside. */
  #answered(name: string): PendingApproval | undefined {
    const steps = this.#params.resume?.steps ?? [];
    if (steps.length !== 1 || steps[0] !== name) return undefined;
    const { approvals } = this.#workflow.state;
    const known = approvals.get(this.#key);
    approvals.delete(this.#key);
    const result = readField(this.#params.resume?.stepResults, name);
    const suspendedAtMs = numberOf(readField(result, "suspendedAt"));
    return known ?? { id: newId(), requestedAtMs: suspendedAtMs };
  }

  /** Calling `approval.resolve()` in the step stands instead of this. */
  #recordAnswer(): void {
    const pending = this.#pending;
    if (pending === undefined || this.#scope.resolvedApprovals.has(pending.id)) return;
    const answer = readAnswer(this.#params.resume?.resumePayload);
    recordApproval({ ...answer, id: pending.id }, this.active, this.#startedAtMs);
  }
}
