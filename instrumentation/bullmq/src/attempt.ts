/**
 * One attempt at a job: a step, inside the run that was carried here or that the job itself is.
 *
 * In: the job, what it carried, how it ended. Out: the context that its processor runs in. Side
 * effects: a span `run_step JOB`, and `invoke_workflow QUEUE.JOB` around it where the job is a run.
 */
import { type Context, type Span, SpanKind, type Tracer, trace } from "@opentelemetry/api";
import { newId, type StepResult } from "@spanledger/api";
import {
  beginRun,
  environmentFacts,
  errorTypeOf,
  isBubbleUp,
  isId,
  newStepScope,
  outcomeOfError,
  RunRecord,
  readField,
  recordError,
  runContext,
  type StepScope,
  safely,
  setJson,
  setOptional,
  stepTypeOf,
  withStep,
} from "@spanledger/api/internal";
import { ACTOR_TYPES, OTEL, SPAN_NAME, WORKFLOW } from "@spanledger/schema";
import { baggageValue, type Carried, qualifiedName, readCarried } from "./carry.ts";
import { HANDED_BACK, type Job, RATE_LIMIT_MESSAGE, SYSTEM } from "./internal-types.ts";
import { runIdOf } from "./run-id.ts";
import type { BullMQInstrumentationConfig, JobFacts, JobRun } from "./types.ts";

/** An attempt that is under way. */
export interface Attempt {
  /** Where the processor runs. */
  readonly active: Context;
  /** The processor has returned. */
  returned(value: unknown): void;
  /** The worker treats the job as failed, or as handed back. */
  failed(error: unknown): void;
  /** The worker is done with the attempt. */
  end(): void;
}

/** Begin an attempt. */
export function beginAttempt(
  tracer: Tracer,
  job: Job,
  config: BullMQInstrumentationConfig,
): Attempt {
  const carried = readCarried(job.opts?.telemetry?.metadata);
  const facts = factsOf(job);
  if (carried.runId !== undefined) {
    const run = carriedRun(carried, carried.runId);
    const inside = runContext(carried.context, run, { keepSpan: true });
    return beginStep(tracer, job, facts, config, inside);
  }
  const own = safely(() => config.run?.(facts));
  if (own === false) return unrecorded(carried.context);
  const { run, active } = beginRun(tracer, runOptions(job, facts, carried, own), carried.context);
  run.engineBegan(SYSTEM);
  return beginStep(tracer, job, facts, config, active, run);
}

/** A job whose processor makes its own run: only the context is carried. */
function unrecorded(active: Context): Attempt {
  const nothing = (): void => undefined;
  return { active, returned: nothing, failed: nothing, end: nothing };
}

function beginStep(
  tracer: Tracer,
  job: Job,
  facts: JobFacts,
  { captureContent }: BullMQInstrumentationConfig,
  parent: Context,
  run?: RunRecord,
): Attempt {
  const name = facts.name;
  const span = tracer.startSpan(
    `${SPAN_NAME.step} ${name}`,
    {
      kind: SpanKind.INTERNAL,
      attributes: {
        [WORKFLOW.stepId]: qualifiedName(facts.queueName, facts.name),
        [WORKFLOW.stepName]: name,
        [WORKFLOW.stepAttempt]: facts.attemptsMade + 1,
        [OTEL.messagingSystem]: SYSTEM,
        [OTEL.messagingDestinationName]: facts.queueName,
        [OTEL.messagingOperationName]: "process",
        [OTEL.messagingOperationType]: "process",
      },
    },
    parent,
  );
  setOptional(span, OTEL.messagingMessageId, facts.id);
  const keepsContent = captureContent !== false;
  if (keepsContent) setJson(span, WORKFLOW.stepInput, facts.data);
  const scope = newStepScope(name, span.spanContext());
  let error: { readonly value: unknown } | undefined;
  return {
    active: withStep(trace.setSpan(parent, span), scope),
    returned: (value) => {
      if (keepsContent) setJson(span, WORKFLOW.stepOutput, value);
    },
    failed: (value) => {
      error ??= { value };
    },
    end: () => {
      const handedBack = error !== undefined && isHandedBack(error.value);
      const failure = handedBack ? undefined : error;
      const result = handedBack ? "paused" : resultOf(job, facts, failure, scope);
      endStep(span, scope, result, failure);
      if (run === undefined) return;
      const outcome =
        failure === undefined
          ? ({ result: handedBack ? "paused" : "success" } as const)
          : outcomeOfError(failure.value);
      run.engineEnded(outcome);
      run.settle(outcome);
    },
  };
}

function endStep(
  span: Span,
  scope: StepScope,
  result: StepResult,
  failure: { readonly value: unknown } | undefined,
): void {
  if (failure !== undefined) recordError(span, failure.value);
  span.setAttribute(WORKFLOW.stepType, stepTypeOf(scope));
  span.setAttribute(WORKFLOW.stepResult, result);
  span.end();
}

/** What became of the job, as the worker left it. */
function resultOf(
  job: Job,
  facts: JobFacts,
  failure: { readonly value: unknown } | undefined,
  scope: StepScope,
): StepResult {
  if (failure === undefined) return scope.paused ? "paused" : "success";
  const counted = Number(readField(job, "attemptsMade")) > facts.attemptsMade;
  return counted && readField(job, "finishedOn") === undefined ? "retried" : "failure";
}

function isHandedBack(error: unknown): boolean {
  if (isBubbleUp(error) || HANDED_BACK.has(errorTypeOf(error))) return true;
  return readField(error, "message") === RATE_LIMIT_MESSAGE;
}

/** A run that began in another process: its ids and its actor, with no span to write to. */
function carriedRun({ context }: Carried, runId: string): RunRecord {
  const read = (name: string): string | undefined => baggageValue(context, name);
  const defaults = environmentFacts();
  const actorId = read(WORKFLOW.actorId);
  const actorType = ACTOR_TYPES.find((one) => one === read(WORKFLOW.actorType)) ?? "system";
  const requestId = read(WORKFLOW.requestId);
  const facts = {
    id: read(WORKFLOW.id) ?? runId,
    name: read(WORKFLOW.id) ?? runId,
    version: undefined,
    trigger: defaults.trigger,
    actor: actorId === undefined ? defaults.actor : { id: actorId, type: actorType },
    authorization: undefined,
    workspace: read(WORKFLOW.workspaceId),
    tags: [],
    conversationId: undefined,
  };
  const span = trace.wrapSpanContext(
    trace.getSpanContext(context) ?? { traceId: "", spanId: "", traceFlags: 0 },
  );
  const isGiven = isId(requestId);
  return new RunRecord(facts, span, runId, isGiven ? requestId : newId(), isGiven);
}

function runOptions(job: Job, facts: JobFacts, carried: Carried, own: JobRun | undefined) {
  const defaults = environmentFacts();
  const name = qualifiedName(facts.queueName, facts.name);
  const scheduler = typeof job.repeatJobKey === "string" ? job.repeatJobKey : undefined;
  const runId =
    carried.ownRunId ??
    runIdOf(String(job.queueQualifiedName), facts.id ?? "", Number(job.timestamp));
  return {
    id: defaults.id ?? name,
    name: defaults.name ?? defaults.id ?? name,
    trigger: {
      type: scheduler === undefined ? "event" : "schedule",
      source: scheduler ?? facts.queueName,
      id: facts.id,
    } as const,
    // Without a request every attempt has the same id nevertheless: the run's.
    requestId: baggageValue(carried.context, WORKFLOW.requestId) ?? runId,
    ...own,
    runId,
  };
}

function factsOf(job: Job): JobFacts {
  const made = Number(job.attemptsMade);
  return {
    queueName: String(readField(job, "queueName") ?? "unknown"),
    name: String(job.name ?? "unnamed"),
    id: job.id === undefined ? undefined : String(job.id),
    data: job.data,
    attemptsMade: Number.isInteger(made) && made > 0 ? made : 0,
  };
}
