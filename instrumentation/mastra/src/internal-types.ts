/** The parts of Mastra's execution engine that the instrumentation looks at. */
import type { Tracer } from "@opentelemetry/api";
import { type Json, numberOf, readField } from "@spanledger/api/internal";

/** What everything here needs to record. */
export interface Recorder {
  readonly tracer: Tracer;
  readonly captureContent: boolean;
}

/** `InternalSpans.WORKFLOW`: the workflow is a part of Mastra (an agent's loop), not of the user. */
const INTERNAL_WORKFLOW = 1;

/** Whether an engine runs a workflow of Mastra's own. */
export function isInternal(engine: unknown): boolean {
  const policy = readField(readField(engine, "options"), "tracingPolicy");
  return ((numberOf(readField(policy, "internal")) ?? 0) & INTERNAL_WORKFLOW) !== 0;
}

/** An entry of a workflow: a step, or a group of steps with what leads to them. */
export type Entry = Json;

/** Which step is resumed, and with what. */
export interface Resume {
  /** The step, or the way to it through nested workflows. */
  readonly steps?: readonly string[];
  readonly resumePayload?: unknown;
  /** What the snapshot knows of each step. */
  readonly stepResults?: Json;
}

/** A map of values that travels with a run and is kept in its snapshots. */
export interface RequestContext {
  get(key: string): unknown;
  delete(key: string): unknown;
}

/** Arguments of `DefaultExecutionEngine.prototype.execute`. */
export interface ExecuteParams {
  readonly workflowId: string;
  /** Mastra's own id of the run: the same before and after a pause. */
  readonly runId: string;
  readonly graph?: { readonly steps?: readonly Entry[] };
  readonly serializedStepGraph?: readonly Entry[];
  readonly resume?: Resume;
  readonly requestContext?: RequestContext;
}

/** Arguments of `executeStep`. */
export interface StepParams {
  readonly workflowId?: string;
  readonly runId?: string;
  readonly step?: { readonly id?: string };
  readonly prevOutput?: unknown;
  readonly resume?: Resume;
}

/** Arguments of `executeConditional` and `executeLoop`. */
export interface ControlParams {
  readonly entry: Entry;
  readonly executionContext?: { readonly executionPath?: readonly number[] };
}

/** What the function that `executeStepWithRetry` runs comes back with. */
export interface AttemptResult {
  readonly output?: unknown;
  readonly suspended?: { readonly payload?: unknown };
  readonly bailed?: { readonly payload?: unknown };
  readonly nestedWflowStepPaused?: boolean;
}

/** Ids of the steps that an entry may run. */
export function stepIdsOf(entry: Entry | undefined): readonly string[] {
  if (entry === undefined) return [];
  const { steps, step, id } = entry;
  if (Array.isArray(steps)) return steps.flatMap((one: Entry) => stepIdsOf(one));
  if (typeof step === "object" && step !== null) return stepIdsOf(step as Entry);
  return typeof id === "string" ? [id] : [];
}
