/**
 * One run while it happens: its span, its facts, its ids, and the engines that work for it.
 *
 * In: facts and a tracer. Out: the run's span (`invoke_workflow NAME`) and the context to run in.
 */
import {
  type Attributes,
  type Context,
  context,
  propagation,
  type Span,
  type SpanContext,
  SpanKind,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { OTEL, type RunResult, SPAN_NAME, WORKFLOW } from "@spanledger/schema";
import { environmentFacts } from "./defaults.ts";
import { recordDefinition } from "./definition.ts";
import { isId, newId } from "./ids.ts";
import { recordError, resultOfError } from "./outcome.ts";
import { runBaggage } from "./run-baggage.ts";
import { safely } from "./safely.ts";
import { activeActor, withRun } from "./scope.ts";
import type { Actor, Trigger, WorkflowDefinition, WorkflowOptions } from "./types.ts";

/** Spans of a run that wait for its ids; an engine loads one or two checkpoints before it begins. */
const HELD_SPANS_MAX = 100;

/** How an engine's run ended. */
export interface EngineOutcome {
  readonly result: RunResult;
  readonly error?: unknown;
}

/** The facts of a run with every default filled in. */
export interface RunFacts {
  readonly id: string;
  readonly name: string;
  readonly version: string | undefined;
  readonly trigger: Trigger;
  readonly actor: Actor;
  readonly authorization: string | undefined;
  readonly workspace: string | undefined;
  readonly tags: readonly string[];
  readonly conversationId: string | undefined;
}

/** A run that has begun. */
export class RunRecord {
  readonly facts: RunFacts;
  readonly span: Span;
  runId: string;
  requestId: string;
  /** Root span of the run's first part: what a resumed part links to. */
  firstRoot: SpanContext;
  /** Whether the request's id was given and so must not be replaced. */
  readonly #requestIdGiven: boolean;
  /** Ids of the approvals that this part of the run waits for. */
  readonly #waiting: Set<string> = new Set();
  /** Ids of the approvals that were answered in this part. */
  readonly #answered: Set<string> = new Set();
  #explicit: RunResult | undefined;
  #engine: EngineOutcome | undefined;
  #engines = 0;
  #settled: EngineOutcome | undefined;
  #ended = false;
  #defined = false;
  /** Spans that wait for the run's final ids, with the time of their end in milliseconds. */
  #held: { readonly span: Span; readonly endMs: number }[] = [];

  constructor(facts: RunFacts, span: Span, runId: string, requestId: string, given: boolean) {
    this.facts = facts;
    this.span = span;
    this.runId = runId;
    this.requestId = requestId;
    this.firstRoot = span.spanContext();
    this.#requestIdGiven = given;
  }

  /** The part of the run that began elsewhere: same run id, a link to its root. */
  continueFrom(first: { runId: string; requestId: string | undefined; root: SpanContext }): void {
    if (first.root.spanId === this.firstRoot.spanId) return;
    this.runId = first.runId;
    this.span.setAttribute(WORKFLOW.runId, first.runId);
    if (!this.#requestIdGiven && first.requestId !== undefined) {
      this.requestId = first.requestId;
      this.span.setAttribute(WORKFLOW.requestId, first.requestId);
    }
    this.span.addLink({ context: first.root });
    this.firstRoot = first.root;
    this.#releaseHeld();
  }

  /**
   * End a span now, whose run's ids may only be learned from what it recorded: it keeps the time,
   * and ends when the ids are known.
   */
  endWithIds(span: Span): void {
    this.#held.push({ span, endMs: Date.now() });
    const known = this.#engines > 0 || this.#ended;
    if (known || this.#held.length >= HELD_SPANS_MAX) this.#releaseHeld();
  }

  #releaseHeld(): void {
    for (const { span, endMs } of this.#held) {
      span.setAttributes({ [WORKFLOW.runId]: this.runId, [WORKFLOW.requestId]: this.requestId });
      span.end(endMs);
    }
    this.#held = [];
  }

  /** Whether the run's span has ended: what happens now does not belong to it. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Name the definition that this run follows, and record it once.
   *
   * The first one counts: what the application said, else the graph of the first engine.
   */
  define(tracer: Tracer, definition: WorkflowDefinition): void {
    if (this.#defined) return;
    const sha256 = recordDefinition(tracer, this.facts, definition);
    if (sha256 === undefined) return;
    this.#defined = true;
    this.span.setAttribute(WORKFLOW.definitionSha256, sha256);
  }

  setResult(result: RunResult): void {
    this.#explicit = result;
  }

  /** A person is asked: without an answer before its end, the run ends as paused. */
  asked(approvalId: string): void {
    this.#waiting.add(approvalId);
  }

  answered(approvalId: string): void {
    this.#waiting.delete(approvalId);
    this.#answered.add(approvalId);
  }

  /** Whether the answer to an approval is recorded, by whomever. */
  isAnswered(approvalId: string): boolean {
    return this.#answered.has(approvalId);
  }

  /** An engine (LangGraph) begins to work for this run; the run ends only after it. */
  engineBegan(name: string): void {
    this.#engines += 1;
    this.span.setAttribute(WORKFLOW.engine, name);
  }

  engineEnded(outcome: EngineOutcome): void {
    this.#engines -= 1;
    this.#engine = outcome;
    this.#endIfDone();
  }

  /** The function that is the run has ended. */
  settle(outcome: EngineOutcome): void {
    this.#settled = outcome;
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (this.#settled === undefined || this.#engines > 0 || this.#ended) return;
    this.#ended = true;
    this.#releaseHeld();
    const own = this.#settled;
    const outcome = own.error === undefined && own.result === "success" ? this.#engine : own;
    const waits = this.#waiting.size > 0 && outcome?.error === undefined;
    const result = this.#explicit ?? (waits ? "paused" : (outcome?.result ?? "success"));
    this.span.setAttribute(WORKFLOW.runResult, result);
    if (outcome?.error !== undefined) recordError(this.span, outcome.error);
    this.span.end();
  }
}

/** What an exception of the run's own function means. */
export function outcomeOfError(error: unknown): EngineOutcome {
  return { result: resultOfError(error), error: error ?? new Error("undefined was thrown") };
}

/** Begin a run: its span, as a child of what is active, and the context that carries its facts. */
export function beginRun(
  tracer: Tracer,
  options: WorkflowOptions,
  parent: Context = context.active(),
): { readonly run: RunRecord; readonly active: Context } {
  const facts = factsOf(
    options,
    safely(() => activeActor(parent)),
  );
  const runId = isId(options.runId) ? options.runId : newId();
  const inherited = propagation.getBaggage(parent)?.getEntry(WORKFLOW.requestId)?.value;
  const given = [options.requestId, inherited].find(isId);
  const requestId = given ?? newId();
  const span = tracer.startSpan(
    `${SPAN_NAME.run} ${facts.name}`,
    { kind: SpanKind.INTERNAL, attributes: attributesOf(facts, runId, requestId) },
    parent,
  );
  const run = new RunRecord(facts, span, runId, requestId, given !== undefined);
  if (options.definition !== undefined) run.define(tracer, options.definition);
  return { run, active: runContext(parent, run) };
}

/**
 * The context inside a run: its span, its record, its ids as W3C baggage.
 *
 * @param keepSpan leave the active span as it is, where the context is inside the run already
 */
export function runContext(
  parent: Context,
  run: RunRecord,
  { keepSpan = false }: { readonly keepSpan?: boolean } = {},
): Context {
  const at = keepSpan ? parent : trace.setSpan(parent, run.span);
  return runBaggage(withRun(at, run), run);
}

function factsOf(options: WorkflowOptions, actor: Actor | undefined): RunFacts {
  const defaults = environmentFacts();
  return {
    id: options.id,
    name: options.name,
    version: options.version ?? defaults.version,
    trigger: options.trigger ?? defaults.trigger,
    actor: options.actor ?? actor ?? defaults.actor,
    authorization: options.authorization ?? defaults.authorization,
    workspace: options.workspace ?? defaults.workspace,
    tags: options.tags ?? [],
    conversationId: options.conversationId,
  };
}

function attributesOf(facts: RunFacts, runId: string, requestId: string): Attributes {
  const attributes: Attributes = {
    [OTEL.genAiOperationName]: SPAN_NAME.run,
    [OTEL.genAiWorkflowName]: facts.name,
    [WORKFLOW.runId]: runId,
    [WORKFLOW.requestId]: requestId,
    [WORKFLOW.id]: facts.id,
    [WORKFLOW.triggerType]: facts.trigger.type,
    [WORKFLOW.actorId]: facts.actor.id,
    [WORKFLOW.actorType]: facts.actor.type,
  };
  if (facts.actor.type === "user") attributes[OTEL.userId] = facts.actor.id;
  const optional: readonly (readonly [string, string | undefined])[] = [
    [WORKFLOW.version, facts.version],
    [WORKFLOW.triggerSource, facts.trigger.source],
    [WORKFLOW.triggerId, facts.trigger.id],
    [WORKFLOW.authorization, facts.authorization],
    [WORKFLOW.workspaceId, facts.workspace],
    [OTEL.genAiConversationId, facts.conversationId],
  ];
  for (const [name, value] of optional) if (value !== undefined) attributes[name] = value;
  if (facts.tags.length > 0) attributes[WORKFLOW.tags] = [...facts.tags];
  return attributes;
}
