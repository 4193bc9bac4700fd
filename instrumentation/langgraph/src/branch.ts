/**
 * Conditional edges: `evaluate_branch NAME`.
 *
 * In: a branch of a graph. Side effect: its `_route` records one span per evaluation; what the
 * routing function says with `explainDecision()` goes onto it.
 */
import { context, type Span, SpanKind, type Tracer, trace } from "@opentelemetry/api";
import {
  type DecisionScope,
  observe,
  readField,
  recordError,
  recordSelection,
  safely,
  withDecision,
} from "@spanledger/api/internal";
import { SPAN_NAME, WORKFLOW } from "@spanledger/schema";
import { destinationName, everyNode, withSelected } from "./goto.ts";
import type { Branch, BranchWriter, PregelGraph } from "./internal-types.ts";

/** Keys of a path map that mean: when nothing else applies. */
export const DEFAULT_KEY: RegExp = /^(?:__)?(?:default|fallback|else|otherwise)(?:__)?$/i;

export interface BranchParams {
  readonly graph: PregelGraph;
  readonly source: string;
  readonly name: string;
  readonly branch: Branch;
  readonly tracer: () => Tracer;
  readonly enabled: () => boolean;
}

/** Make a branch record its evaluations. */
export function instrumentBranch(params: BranchParams): void {
  const { branch } = params;
  const route = branch._route;
  branch._route = function routeAndRecord(this: unknown, input, config, writer, reader) {
    const begun = params.enabled() ? safely(() => new Evaluation(params)) : undefined;
    if (begun === undefined) return Reflect.apply(route, this, [input, config, writer, reader]);
    const recording: BranchWriter = (destinations, writerConfig) => {
      begun.decided(destinations);
      return writer(destinations, writerConfig);
    };
    const run = (): unknown => Reflect.apply(route, this, [input, config, recording, reader]);
    return observe(begun.active, run, begun);
  };
}

class Evaluation {
  readonly active;
  readonly #params: BranchParams;
  readonly #span: Span;
  readonly #scope: DecisionScope = { explanation: undefined };
  #selected: readonly string[] = [];
  #isSend = false;

  constructor(params: BranchParams) {
    const name = nameOf(params);
    this.#params = params;
    this.#span = params.tracer().startSpan(`${SPAN_NAME.decision} ${name}`, {
      kind: SpanKind.INTERNAL,
      attributes: {
        [WORKFLOW.decisionId]: `${params.source}.${name}`,
        [WORKFLOW.decisionName]: name,
        [WORKFLOW.decisionSourceStep]: params.source,
      },
    });
    const here = context.active();
    this.active = withDecision(trace.setSpan(here, this.#span), this.#scope);
  }

  decided(destinations: readonly unknown[]): void {
    safely(() => {
      this.#selected = destinations.map(destinationName);
      this.#isSend = destinations.some((one) => typeof one !== "string");
    });
  }

  returned(): void {
    this.#end();
  }

  threw(error: unknown): void {
    recordError(this.#span, error);
    this.#end();
  }

  #end(): void {
    const { branch, graph } = this.#params;
    const declared = branch.ends === undefined ? undefined : Object.values(branch.ends);
    const options = withSelected(declared ?? everyNode(graph), this.#selected);
    const keys = Object.entries(branch.ends ?? {});
    const byDefault = keys.find(([key]) => DEFAULT_KEY.test(key))?.[1];
    const taken = keys.filter(([, node]) => this.#selected.includes(node)).map(([key]) => key);
    const named = taken.length === 1 && !this.#selected.includes(taken[0] ?? "");
    const said = this.#scope.explanation;
    this.#span.setAttribute(WORKFLOW.decisionType, this.#isSend ? "send" : "conditional_edge");
    recordSelection(this.#span, options, this.#selected, {
      ...said,
      condition: said?.condition ?? (named ? taken[0] : undefined),
      defaultTaken:
        said?.defaultTaken ??
        (byDefault === undefined ? undefined : this.#selected.includes(byDefault)),
    });
    this.#span.end();
  }
}

/** The routing function's name; the first versions of LangGraph 1 bind a display name to it. */
function nameOf({ branch, name }: BranchParams): string {
  const bound = readField(branch.path, "bound");
  const func = readField(readField(bound ?? branch.path, "func"), "name");
  return typeof func === "string" && func !== "" ? func : name;
}
