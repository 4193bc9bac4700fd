/**
 * The ids of a run as W3C baggage, and from baggage onto every span of the process.
 *
 * In: a run, or the context that a span starts in. Out: a context, or attributes on the span.
 */
import {
  type Baggage,
  type BaggageEntry,
  type Context,
  propagation,
  type Span,
} from "@opentelemetry/api";
import { AI_OPERATIONS, OTEL, WORKFLOW } from "@spanledger/schema";
import { type CaptureLevel, captureLevel, withhold } from "./capture.ts";
import {
  attributesOf,
  frameworkCallAround,
  isModelSpan,
  listenForModelSpans,
} from "./framework-call.ts";
import type { RunRecord } from "./run-record.ts";
import { safely } from "./safely.ts";
import { activeStep } from "./scope.ts";

/** Baggage entries that become attributes of every span. Each entry is named as its attribute. */
const BAGGAGE_ATTRIBUTES: readonly string[] = [
  WORKFLOW.runId,
  WORKFLOW.id,
  WORKFLOW.requestId,
  WORKFLOW.workspaceId,
  WORKFLOW.actorId,
  WORKFLOW.actorType,
];

/** Longest value taken from baggage, in characters: baggage may come from outside. */
export const BAGGAGE_VALUE_CHARS_MAX = 256;

type Entries = readonly (readonly [name: string, value: string])[];

/** What the last baggage said. None ever changes, and the spans of a run begin with the same one. */
let last: { readonly baggage: Baggage; readonly attributes: Entries } | undefined;

/** Values of `gen_ai.operation.name` that make a step one that holds an AI call. */
const AI_STEP_OPERATIONS: ReadonlySet<unknown> = new Set(AI_OPERATIONS);

/** Add the run's ids to the baggage of a context. */
export function runBaggage(parent: Context, run: RunRecord): Context {
  const values: readonly (readonly [string, string | undefined])[] = [
    [WORKFLOW.runId, run.runId],
    [WORKFLOW.id, run.facts.id],
    [WORKFLOW.requestId, run.requestId],
    [WORKFLOW.workspaceId, run.facts.workspace],
    [WORKFLOW.actorId, run.facts.actor.id],
    [WORKFLOW.actorType, run.facts.actor.type],
  ];
  // At once: each `setEntry` would copy what there is.
  const entries: Record<string, BaggageEntry> = Object.fromEntries(
    propagation.getBaggage(parent)?.getAllEntries() ?? [],
  );
  for (const [name, value] of values) if (value !== undefined) entries[name] = { value };
  return propagation.setBaggage(parent, propagation.createBaggage(entries));
}

function attributesIn(baggage: Baggage): Entries {
  if (last?.baggage === baggage) return last.attributes;
  const attributes: [name: string, value: string][] = [];
  for (const name of BAGGAGE_ATTRIBUTES) {
    const value = baggage.getEntry(name)?.value;
    if (value !== undefined) attributes.push([name, value.slice(0, BAGGAGE_VALUE_CHARS_MAX)]);
  }
  last = { baggage, attributes };
  return attributes;
}

/**
 * Puts run id, workflow id, request id, workspace and actor onto every span, from the baggage of
 * the context that it starts in, and the name of the surrounding step, which is also told when it
 * holds an AI call. Takes content off spans that end where `SPANLEDGER_CAPTURE` says so.
 *
 * A span processor for any OpenTelemetry SDK; `@spanledger/register` installs it by itself.
 */
export class RunSpanProcessor {
  readonly #capture: CaptureLevel;

  /** @param capture @default what `SPANLEDGER_CAPTURE` says */
  constructor(capture: CaptureLevel = captureLevel()) {
    this.#capture = capture;
    listenForModelSpans();
  }

  onStart(span: Span, parent: Context): void {
    safely(() => {
      const present = attributesOf(span);
      const baggage = propagation.getBaggage(parent);
      for (const [name, value] of baggage === undefined ? [] : attributesIn(baggage)) {
        if (!(name in present)) span.setAttribute(name, value);
      }
      frameworkCallAround(parent)?.began(span);
      const step = activeStep(parent);
      if (step === undefined) return;
      if (!(WORKFLOW.stepName in present)) span.setAttribute(WORKFLOW.stepName, step.name);
      const operation: unknown = Reflect.get(present, OTEL.genAiOperationName);
      if (AI_STEP_OPERATIONS.has(operation) || isModelSpan(present)) step.held.add("ai");
    });
  }

  /** Before any exporter gets it: put this processor first. */
  onEnd(span: object): void {
    withhold(span, this.#capture);
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}
}
