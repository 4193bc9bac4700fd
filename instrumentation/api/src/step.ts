/**
 * `step()`: one step of a run in plain code.
 *
 * In: a name, facts, the application's function. Out: what the function returns. Side effect: one
 * span `run_step NAME`.
 */
import { context, SpanKind, trace } from "@opentelemetry/api";
import { SPAN_NAME, type StepResult, WORKFLOW } from "@spanledger/schema";
import { observe } from "./observe.ts";
import { isBubbleUp, recordError } from "./outcome.ts";
import { safely } from "./safely.ts";
import { newStepScope, stepTypeOf, withStep } from "./scope.ts";
import { setJson, setOptional } from "./set-optional.ts";
import { apiTracer } from "./tracer.ts";
import type { StepHandle, StepOptions } from "./types.ts";

export function step<T>(name: string, fn: (step: StepHandle) => T): T;
export function step<T>(name: string, options: StepOptions, fn: (step: StepHandle) => T): T;
export function step<T>(
  name: string,
  second: StepOptions | ((step: StepHandle) => T),
  third?: (step: StepHandle) => T,
): T {
  const options = typeof second === "function" ? {} : second;
  const fn = typeof second === "function" ? second : third;
  if (fn === undefined) throw new TypeError("step() needs a function");
  const begun = safely(() => beginStep(name, options));
  if (begun === undefined) return fn({ setOutput: () => undefined, setResult: () => undefined });
  return observe(begun.active, () => fn(begun.handle), begun.observer);
}

function beginStep(name: string, options: StepOptions) {
  const span = apiTracer().startSpan(`${SPAN_NAME.step} ${name}`, {
    kind: SpanKind.INTERNAL,
    attributes: {
      [WORKFLOW.stepId]: options.id ?? name,
      [WORKFLOW.stepName]: name,
      [WORKFLOW.stepAttempt]: options.attempt ?? 1,
    },
  });
  setOptional(span, WORKFLOW.stepIndex, options.index);
  setOptional(span, WORKFLOW.stepFallback, options.fallback);
  setJson(span, WORKFLOW.stepInput, options.input);
  const scope = newStepScope(name, span.spanContext());
  const said: { output?: { value: unknown }; result?: StepResult } = {};
  const end = (result: StepResult, output?: unknown): void => {
    const shown = said.output === undefined ? output : said.output.value;
    setJson(span, WORKFLOW.stepOutput, shown);
    span.setAttribute(WORKFLOW.stepType, options.type ?? stepTypeOf(scope));
    span.setAttribute(WORKFLOW.stepResult, said.result ?? (scope.paused ? "paused" : result));
    span.end();
  };
  return {
    active: withStep(trace.setSpan(context.active(), span), scope),
    handle: {
      setOutput: (value: unknown): void => {
        said.output = { value };
      },
      setResult: (result: StepResult): void => {
        said.result = result;
      },
    },
    observer: {
      returned: (value: unknown): void => end("success", value),
      threw: (error: unknown): void => {
        if (!isBubbleUp(error)) recordError(span, error);
        end(isBubbleUp(error) ? "paused" : "failure");
      },
    },
  };
}
