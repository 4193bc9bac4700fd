/**
 * One attempt of one step: `run_step NAME`.
 *
 * In: the node, its input, its config. Out: what the node returns. Side effects: the step's span,
 * the span of an approval that was resolved in it, the span of a `Command({ goto })` it returned.
 */
import {
  type Context,
  context,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import {
  errorTypeOf,
  isBubbleUp,
  newStepScope,
  readAnswer,
  readField,
  recordApproval,
  recordError,
  type StepScope,
  setJson,
  stepTypeOf,
  withStep,
} from "@spanledger/api/internal";
import {
  APPROVAL_REQUESTED_EVENT,
  OTEL,
  SPAN_NAME,
  STEP_TYPES,
  type StepResult,
  WORKFLOW,
} from "@spanledger/schema";
import { interruptsOf } from "./checkpoint.ts";
import { recordGoto } from "./goto.ts";
import {
  ERROR_HANDLER_PREFIX,
  RESUME_MAP_KEY,
  type RunnableConfig,
  SCRATCHPAD_KEY,
  type StepSource,
  TASK_ID_KEY,
} from "./internal-types.ts";
import type { LoopState } from "./loop.ts";

/** Attempts that LangGraph makes when a retry policy names no number. */
const ATTEMPTS_DEFAULT = 3;

/** What an attempt needs to know. */
export interface AttemptParams {
  readonly tracer: Tracer;
  readonly captureContent: boolean;
  readonly state: LoopState;
  readonly name: string;
  readonly node: StepSource;
  readonly input: unknown;
  readonly config: RunnableConfig | undefined;
}

/** An attempt that has begun. */
export class Attempt {
  readonly active: Context;
  readonly #params: AttemptParams;
  readonly #parent: Context;
  readonly #span: Span;
  readonly #scope: StepScope;
  readonly #taskId: string;
  readonly #number: number;
  readonly #answersBefore: number;
  readonly #startedAtMs: number;
  #failedAtMs: number | undefined;
  #ended = false;

  constructor(params: AttemptParams) {
    const { state, config, name } = params;
    this.#params = params;
    this.#parent = context.active();
    this.#taskId = String(config?.configurable?.[TASK_ID_KEY] ?? name);
    const previous = state.attempts.get(this.#taskId);
    // The first versions of LangGraph 1 do not count attempts.
    const counted = (previous === undefined ? 0 : previous.#number) + 1;
    this.#number = config?.executionInfo?.nodeAttempt ?? counted;
    previous?.retried();
    this.#span = startStep(params, this.#number, this.#parent);
    this.#startedAtMs = Date.now();
    this.#scope = newStepScope(name, this.#span.spanContext());
    const pending = state.pending.get(this.#taskId) ?? [];
    this.#scope.pendingApprovals.push(...pending);
    this.#answersBefore = this.#answers().length - (this.#answeredById() ? 1 : 0);
    this.active = withStep(trace.setSpan(this.#parent, this.#span), this.#scope);
    state.attempts.set(this.#taskId, this);
  }

  returned(value: unknown): void {
    if (this.#ended) return;
    this.#recordAnswers();
    if (this.#params.captureContent) {
      setJson(this.#span, WORKFLOW.stepOutput, value);
    }
    const explanation = this.#scope.explanation;
    const { tracer, state, name, node } = this.#params;
    const decision = recordGoto({ tracer, state, name, node, value, explanation });
    if (decision !== undefined) this.#scope.held.add("decision");
    this.#end("success");
    decision?.(this.#parent);
  }

  threw(error: unknown): void {
    if (this.#ended) return;
    this.#recordAnswers();
    if (isBubbleUp(error)) {
      this.#paused(error);
      return;
    }
    recordError(this.#span, error);
    this.#failedAtMs = Date.now();
    const policy = this.#params.node.retryPolicy ?? this.#params.state.graph.retryPolicy;
    const last = policy === undefined || this.#number >= (policy.maxAttempts ?? ATTEMPTS_DEFAULT);
    // Whether it is tried again is known when it happens, or when the loop ends without it.
    if (last) this.#end("failure");
  }

  /** The next attempt begins. */
  retried(): void {
    if (this.#failedAtMs === undefined) this.#failUnsettled("timeout");
    this.#end("retried");
  }

  /** The loop has ended; there is no next attempt. */
  abandon(error: unknown): void {
    if (this.#ended) return;
    if (this.#failedAtMs === undefined) {
      this.#failUnsettled(error === undefined ? "abandoned" : errorTypeOf(error));
    }
    this.#end("failure");
  }

  /** The node goes on in the background, but nobody waits for it any more. */
  #failUnsettled(errorType: string): void {
    this.#span.setAttribute(OTEL.errorType, errorType);
    this.#span.setStatus({ code: SpanStatusCode.ERROR });
  }

  #paused(error: unknown): void {
    const interrupts = interruptsOf(readField(error, "interrupts"));
    if (readField(error, "name") !== "GraphInterrupt" && interrupts.length === 0) {
      // A command for the parent graph, or a drain: the step did what it could.
      this.#end(readField(error, "name") === "GraphDrained" ? "paused" : "success");
      return;
    }
    this.#params.state.paused = true;
    this.#scope.held.add("approval");
    for (const interrupt of interrupts.filter(firstSeen)) {
      this.#span.addEvent(APPROVAL_REQUESTED_EVENT, {
        ...(interrupt.id === undefined ? {} : { [WORKFLOW.approvalId]: interrupt.id }),
      });
    }
    if (this.#params.captureContent && interrupts.length > 0) {
      setJson(this.#span, WORKFLOW.stepOutput, { interrupts });
    }
    this.#end("paused");
  }

  #end(result: StepResult): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#params.state.attempts.get(this.#taskId) === this) {
      this.#params.state.attempts.delete(this.#taskId);
    }
    const said = readField(this.#params.node.metadata, WORKFLOW.stepType);
    const type = STEP_TYPES.find((one) => one === said) ?? stepTypeOf(this.#scope);
    this.#span.setAttribute(WORKFLOW.stepType, type);
    this.#span.setAttribute(WORKFLOW.stepResult, this.#scope.paused ? "paused" : result);
    this.#span.end(this.#failedAtMs);
  }

  /** The resume values that the node has taken so far; LangGraph keeps them with the task. */
  #answers(): readonly unknown[] {
    const scratchpad = this.#params.config?.configurable?.[SCRATCHPAD_KEY];
    const resume = readField(scratchpad, "resume");
    return Array.isArray(resume) ? resume : [];
  }

  /** Whether the answer came by the interrupt's id, and so lies ready before the node asks. */
  #answeredById(): boolean {
    const byId = this.#params.config?.configurable?.[RESUME_MAP_KEY];
    return (
      typeof byId === "object" &&
      byId !== null &&
      this.#number === 1 &&
      this.#scope.pendingApprovals.some(({ id }) => id in byId)
    );
  }

  /** Each answer that this attempt took is an approval that was resolved here. */
  #recordAnswers(): void {
    const pending = this.#scope.pendingApprovals.at(0);
    if (pending === undefined || this.#scope.resolvedApprovals.has(pending.id)) return;
    for (const answer of this.#answers().slice(Math.max(0, this.#answersBefore))) {
      recordApproval({ ...readAnswer(answer), id: pending.id }, this.active, this.#startedAtMs);
    }
  }
}

const seen = new WeakSet<object>();

/** An interrupt passes through every graph around it; only the innermost step tells of it. */
function firstSeen(interrupt: object): boolean {
  if (seen.has(interrupt)) return false;
  seen.add(interrupt);
  return true;
}

function startStep(params: AttemptParams, attempt: number, parent: Context): Span {
  const { tracer, name, node, config, input, captureContent } = params;
  const span = tracer.startSpan(
    `${SPAN_NAME.step} ${name}`,
    {
      kind: SpanKind.INTERNAL,
      attributes: {
        [WORKFLOW.stepId]: name,
        [WORKFLOW.stepName]: name,
        [WORKFLOW.stepAttempt]: attempt,
      },
    },
    parent,
  );
  const index = config?.metadata?.langgraph_step;
  if (typeof index === "number") span.setAttribute(WORKFLOW.stepIndex, index);
  if (node.isErrorHandler === true && name.startsWith(ERROR_HANDLER_PREFIX)) {
    span.setAttribute(WORKFLOW.stepFallback, name.slice(ERROR_HANDLER_PREFIX.length));
  }
  if (captureContent) setJson(span, WORKFLOW.stepInput, input);
  return span;
}
