/**
 * `decide()` and `explainDecision()`: branches that no library can see, and why they were taken.
 *
 * In: the options, what was selected, why. Out: the selection, unchanged. Side effect: one span
 * `evaluate_branch NAME`.
 */
import { type Attributes, context, type Span, SpanKind, trace } from "@opentelemetry/api";
import { SPAN_NAME, WORKFLOW } from "@spanledger/schema";
import { jsonText } from "./json-text.ts";
import { observe } from "./observe.ts";
import { recordError } from "./outcome.ts";
import { safely } from "./safely.ts";
import { activeDecision, activeStep, type DecisionScope, withDecision } from "./scope.ts";
import { apiTracer } from "./tracer.ts";
import type { DecisionExplanation, DecisionOptions } from "./types.ts";

type Selection<Option extends string> = Option | readonly Option[];

/**
 * Record a decision.
 *
 * @param selection what was selected, or the function that selects it (it may be asynchronous and
 *   may call {@link explainDecision})
 * @returns the selection, or what the function returns
 */
export function decide<
  Option extends string,
  Chosen extends Selection<Option> | PromiseLike<Selection<Option>>,
>(name: string, options: DecisionOptions<Option>, selection: (() => Chosen) | Chosen): Chosen {
  const select = typeof selection === "function" ? selection : (): Chosen => selection;
  const begun = safely(() => beginDecision(name, options));
  if (begun === undefined) return select();
  return observe(begun.active, select, begun.observer);
}

/**
 * Say why a decision comes out as it does, from inside the code that makes it: a routing function
 * of a conditional edge, a function given to {@link decide}, or a node that returns
 * `Command({ goto })`. Later calls add to earlier ones. Outside of a decision it does nothing.
 */
export function explainDecision(explanation: DecisionExplanation): void {
  safely(() => {
    const scope: DecisionScope | undefined = activeDecision() ?? activeStep();
    if (scope !== undefined) scope.explanation = { ...scope.explanation, ...explanation };
  });
}

/** A decision's facts on its span; shared with the instrumentations. */
export function recordSelection(
  span: Span,
  options: readonly string[],
  selected: readonly string[],
  explanation: DecisionExplanation | undefined,
): void {
  if (span.isRecording()) span.setAttributes(selectionAttributes(options, selected, explanation));
}

function selectionAttributes(
  options: readonly string[],
  selected: readonly string[],
  explanation: DecisionExplanation | undefined,
): Attributes {
  const attributes: Attributes = {
    [WORKFLOW.decisionOptions]: [...options],
    [WORKFLOW.decisionSelected]: [...selected],
    [WORKFLOW.decisionSkipped]: options.filter((option) => !selected.includes(option)),
  };
  if (explanation === undefined) return attributes;
  const { reason, condition, confidence, defaultTaken, inputs } = explanation;
  if (reason !== undefined) attributes[WORKFLOW.decisionReason] = reason;
  if (condition !== undefined) attributes[WORKFLOW.decisionCondition] = condition;
  if (confidence !== undefined && confidence >= 0 && confidence <= 1) {
    attributes[WORKFLOW.decisionConfidence] = confidence;
  }
  if (defaultTaken !== undefined) attributes[WORKFLOW.decisionDefaultTaken] = defaultTaken;
  const text = jsonText(inputs);
  if (text !== undefined) attributes[WORKFLOW.decisionInputs] = text;
  return attributes;
}

function beginDecision(name: string, options: DecisionOptions) {
  const step = activeStep();
  step?.held.add("decision");
  const sourceStep = options.sourceStep ?? step?.name;
  const span = apiTracer().startSpan(`${SPAN_NAME.decision} ${name}`, {
    kind: SpanKind.INTERNAL,
    attributes: {
      [WORKFLOW.decisionId]: options.id ?? name,
      [WORKFLOW.decisionName]: name,
      [WORKFLOW.decisionType]: options.type ?? "rule",
      ...(sourceStep === undefined ? {} : { [WORKFLOW.decisionSourceStep]: sourceStep }),
    },
  });
  const scope: DecisionScope = { explanation: undefined };
  return {
    active: withDecision(trace.setSpan(context.active(), span), scope),
    observer: {
      returned: (value: unknown): void => endDecision(span, options, scope, value),
      threw: (error: unknown): void => {
        safely(() => recordSelection(span, options.options, [], options));
        recordError(span, error);
        span.end();
      },
    },
  };
}

function endDecision(
  span: Span,
  options: DecisionOptions,
  scope: DecisionScope,
  value: unknown,
): void {
  safely(() => {
    const selected = (Array.isArray(value) ? value : [value]).map(String);
    const byDefault = options.defaultOption;
    const explanation = { ...options, ...scope.explanation };
    const defaultTaken =
      explanation.defaultTaken ??
      (byDefault === undefined ? undefined : selected.includes(byDefault));
    recordSelection(span, options.options, selected, { ...explanation, defaultTaken });
  });
  // Whatever the facts are: a span that began ends.
  span.end();
}
