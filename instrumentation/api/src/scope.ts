/**
 * What travels in OpenTelemetry's context: the run, the step and the decision that code runs in.
 *
 * Instrumentations share these through `@spanledger/api/internal`. Pure but for the context.
 */
import { type Context, context, createContextKey, type SpanContext } from "@opentelemetry/api";
import type { StepType } from "@spanledger/schema";
import type { RunRecord } from "./run-record.ts";
import type { Actor, DecisionExplanation } from "./types.ts";

const RUN = createContextKey("spanledger.run");
const STEP = createContextKey("spanledger.step");
const DECISION = createContextKey("spanledger.decision");
const ACTOR = createContextKey("spanledger.actor");

/** An approval that a step waited for and that is about to be resolved. */
export interface PendingApproval {
  readonly id: string;
  /** When it was asked for, in milliseconds since 1970. */
  readonly requestedAtMs: number | undefined;
}

/** What happens inside one step; filled while it runs. */
export interface StepScope {
  readonly name: string;
  /** What the step held; decides its type when it ends. */
  readonly held: Set<StepType>;
  /** Why the step goes where it goes, said before the decision's span exists. */
  explanation: DecisionExplanation | undefined;
  /** Approvals that may be resolved here, oldest first. */
  readonly pendingApprovals: PendingApproval[];
  /** Ids of the approvals that were resolved here. */
  readonly resolvedApprovals: Set<string>;
  /** Ids of the approvals that were asked for here and wait for an answer. */
  readonly waitingApprovals: Set<string>;
  /** Whether the step said that it waits. */
  paused: boolean;
  readonly spanContext: SpanContext | undefined;
}

/** A decision that is being made. */
export interface DecisionScope {
  explanation: DecisionExplanation | undefined;
}

export function newStepScope(name: string, spanContext?: SpanContext): StepScope {
  return {
    name,
    held: new Set(),
    explanation: undefined,
    pendingApprovals: [],
    resolvedApprovals: new Set(),
    waitingApprovals: new Set(),
    paused: false,
    spanContext,
  };
}

export function withRun(parent: Context, run: RunRecord): Context {
  return parent.setValue(RUN, run);
}

export function activeRun(from: Context = context.active()): RunRecord | undefined {
  return from.getValue(RUN) as RunRecord | undefined;
}

export function withStep(parent: Context, scope: StepScope): Context {
  return parent.setValue(STEP, scope).deleteValue(DECISION);
}

export function activeStep(from: Context = context.active()): StepScope | undefined {
  return from.getValue(STEP) as StepScope | undefined;
}

export function withDecision(parent: Context, scope: DecisionScope): Context {
  return parent.setValue(DECISION, scope);
}

export function activeDecision(from: Context = context.active()): DecisionScope | undefined {
  return from.getValue(DECISION) as DecisionScope | undefined;
}

/** The step's type when nobody said it: the strongest thing that it held. */
export function stepTypeOf(scope: StepScope): StepType {
  if (scope.held.has("approval")) return "approval";
  if (scope.held.has("ai")) return "ai";
  if (scope.held.has("decision")) return "decision";
  return "action";
}

/**
 * Who acts in this context, for runs that begin in it. A function, because who it is may be known
 * only later: a request is authenticated after it was received. Unlike baggage, nobody outside of
 * the process can set it.
 */
export function withActor(parent: Context, actor: () => Actor | undefined): Context {
  return parent.setValue(ACTOR, actor);
}

export function activeActor(from: Context = context.active()): Actor | undefined {
  const actor = from.getValue(ACTOR);
  return typeof actor === "function" ? (actor as () => Actor | undefined)() : undefined;
}
