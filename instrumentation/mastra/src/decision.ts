/**
 * Branches and loops: `evaluate_branch NAME`.
 *
 * In: an entry of a workflow with conditions. Out: a copy of it whose conditions are the same
 * functions, observed. Side effect: one span per evaluation, which ends with its last condition; what
 * conditions say with `explainDecision()` goes onto it.
 */
import { type Context, context, type Span, SpanKind, trace } from "@opentelemetry/api";
import {
  type DecisionScope,
  isJson,
  jsonList,
  observe,
  recordError,
  recordSelection,
  textOf,
  withDecision,
} from "@spanledger/api/internal";
import { type DecisionType, SPAN_NAME, WORKFLOW } from "@spanledger/schema";
import { type ControlParams, type Entry, type Recorder, stepIdsOf } from "./internal-types.ts";
import { activeScope } from "./run.ts";

/** Longest text of conditions that is kept, in characters: a rule fits, a program does not. */
const CONDITION_CHARS_MAX = 1_024;

/** Name of a workflow's end where a loop may lead to it; LangGraph calls it the same. */
export const END = "__end__";

type Condition = (this: unknown, ...args: unknown[]) => unknown;

/** A branch, as a copy that records. */
export function recordBranch(recorder: Recorder, params: ControlParams): ControlParams {
  const { entry } = params;
  const conditions = entry.conditions as readonly Condition[] | undefined;
  if (!Array.isArray(conditions)) return params;
  const evaluation = new Evaluation(recorder, params, stepIdsOf(entry), conditions.length);
  const texts = jsonList(serializedOf(params)?.serializedConditions).map(({ fn }) => textOf(fn));
  const options = jsonList(entry.steps).map((step) => stepIdsOf(step));
  const recording = conditions.map((condition, index) =>
    evaluation.observing(condition, (holds) =>
      holds ? { selected: options[index] ?? [], condition: texts[index] } : undefined,
    ),
  );
  return { ...params, entry: { ...entry, conditions: recording } };
}

/** A loop, as a copy that records: again, or on to what follows. */
export function recordLoop(recorder: Recorder, params: ControlParams): ControlParams {
  const { entry } = params;
  const condition = entry.condition as Condition | undefined;
  if (typeof condition !== "function") return params;
  const again = stepIdsOf(entry);
  const following = stepIdsOf(neighbour(params, 1));
  const onward = following.length === 0 ? [END] : following;
  const text = textOf(jsonList([serializedOf(params)?.serializedCondition])[0]?.fn);
  const repeats = entry.loopType === "dowhile";
  const recording: Condition = function evaluateAndRecord(...args) {
    const evaluation = new Evaluation(recorder, params, [...again, ...onward], 1, again);
    const observed = evaluation.observing(condition, (holds) => ({
      selected: holds === repeats ? again : onward,
      condition: holds ? text : undefined,
    }));
    return Reflect.apply(observed, this, args);
  };
  return { ...params, entry: { ...entry, condition: recording } };
}

/** What one condition chose. */
interface Choice {
  readonly selected: readonly string[];
  readonly condition: string | undefined;
}

class Evaluation {
  readonly #span: Span;
  readonly #active: Context;
  readonly #scope: DecisionScope = { explanation: undefined };
  readonly #options: readonly string[];
  readonly #choices: Choice[] = [];
  #open: number;

  constructor(
    recorder: Recorder,
    params: ControlParams,
    options: readonly string[],
    conditions: number,
    after: readonly string[] = stepIdsOf(neighbour(params, -1)),
  ) {
    const source = after.length === 1 ? after[0] : undefined;
    const kind = params.entry.type === "loop" ? "loop" : "branch";
    const authored = textOf(params.entry.id);
    const name = authored ?? (source === undefined ? kind : `${source}.${kind}`);
    const type: DecisionType = "conditional_edge";
    this.#options = options;
    this.#open = conditions;
    this.#span = recorder.tracer.startSpan(`${SPAN_NAME.decision} ${name}`, {
      kind: SpanKind.INTERNAL,
      attributes: {
        [WORKFLOW.decisionId]: name,
        [WORKFLOW.decisionName]: name,
        [WORKFLOW.decisionType]: type,
        ...(source === undefined ? {} : { [WORKFLOW.decisionSourceStep]: source }),
      },
    });
    const here = trace.setSpan(context.active(), this.#span);
    this.#active = withDecision(here, this.#scope);
  }

  /** The condition, observed; the last one of an evaluation ends the span. */
  observing(condition: Condition, choose: (holds: boolean) => Choice | undefined): Condition {
    const evaluation = this;
    return function observedCondition(this: unknown, ...args) {
      return observe(evaluation.#active, () => Reflect.apply(condition, this, args), {
        returned: (value) => evaluation.#evaluated(choose(Boolean(value))),
        threw: (error) => {
          recordError(evaluation.#span, error);
          evaluation.#evaluated(undefined);
        },
      });
    };
  }

  #evaluated(choice: Choice | undefined): void {
    if (choice !== undefined) this.#choices.push(choice);
    this.#open -= 1;
    if (this.#open !== 0) return;
    const chosen = this.#choices.flatMap(({ selected }) => selected);
    // Conditions end in any order; what they chose is told in the order of the options.
    const selected = this.#options.filter((option) => chosen.includes(option));
    const texts = this.#choices.flatMap(({ condition }) => condition ?? []);
    const explanation = this.#scope.explanation;
    const text = texts.length === 0 ? undefined : texts.join("\n").slice(0, CONDITION_CHARS_MAX);
    const condition = explanation?.condition ?? text;
    recordSelection(this.#span, this.#options, selected, { ...explanation, condition });
    this.#span.end();
  }
}

/** The entry as it is written into snapshots: with the conditions' sources. */
function serializedOf({ executionContext, entry }: ControlParams): Entry | undefined {
  const index = executionContext?.executionPath?.at(-1);
  const serialized = index === undefined ? undefined : activeScope()?.serialized[index];
  return isJson(serialized) && serialized.type === entry.type ? serialized : undefined;
}

/** The entry before or after this one. */
function neighbour({ executionContext }: ControlParams, offset: -1 | 1): Entry | undefined {
  const index = executionContext?.executionPath?.at(-1);
  return index === undefined ? undefined : activeScope()?.entries[index + offset];
}
