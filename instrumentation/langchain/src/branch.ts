/**
 * `RunnableBranch`: `evaluate_branch NAME`.
 *
 * In: `RunnableBranch.prototype`. Side effect: inside of a run, `_invoke` and `_streamIterator`
 * record the decision: its conditions run inside of it, the branch that is taken after it. The
 * branch itself is never changed (see chain.ts).
 */
import { type Context, context, type Span, SpanKind, trace } from "@opentelemetry/api";
import {
  activeRun,
  activeStep,
  type DecisionScope,
  recordError,
  recordSelection,
  safely,
  withDecision,
} from "@spanledger/api/internal";
import { SPAN_NAME, WORKFLOW } from "@spanledger/schema";
import { namesOf } from "./chain-definition.ts";
import type { Method, Recorder, Runnable, RunnableBranch, Wrapper } from "./internal-types.ts";

/** Wrap `_invoke` and `_streamIterator`. */
export function wrapBranch(recorder: Recorder): Wrapper {
  return (original): Method =>
    function branchAndRecord(this: unknown, ...args) {
      const branch = this as RunnableBranch;
      const decision =
        recorder.enabled() && activeRun() !== undefined
          ? safely(() => new Decision(recorder, branch))
          : undefined;
      return Reflect.apply(original, decision?.recording ?? this, args);
    };
}

/** A decision that begins with its first condition. */
class Decision {
  /** The branch with recording stand-ins for its conditions and branches. */
  readonly recording: RunnableBranch;
  readonly #recorder: Recorder;
  readonly #branch: RunnableBranch;
  readonly #options: readonly string[];
  readonly #parent = context.active();
  readonly #scope: DecisionScope = { explanation: undefined };
  #span: Span | undefined;
  #ended = false;

  constructor(recorder: Recorder, branch: RunnableBranch) {
    this.#recorder = recorder;
    this.#branch = branch;
    const ways = [...branch.branches.map(([, way]) => way), branch.default];
    this.#options = namesOf(ways);
    const branches = branch.branches.map(([condition, way], index) => [
      this.#condition(condition),
      this.#way(way, index),
    ]);
    this.recording = Object.create(branch, {
      branches: { value: branches },
      default: { value: this.#way(branch.default, ways.length - 1) },
    }) as RunnableBranch;
  }

  #condition(condition: Runnable): Runnable {
    const invoke = async (input: unknown, config?: unknown): Promise<unknown> => {
      const active = safely(() => this.#begin()) ?? context.active();
      try {
        return await context.with(active, () => condition.invoke(input, config));
      } catch (error) {
        safely(() => this.#failed(error));
        throw error;
      }
    };
    return Object.create(condition, { invoke: { value: invoke } }) as Runnable;
  }

  #way(way: Runnable, index: number): Runnable {
    const take = (): void => {
      safely(() => this.#taken(index));
    };
    return Object.create(way, {
      invoke: {
        value: (input: unknown, config?: unknown) => {
          take();
          return way.invoke(input, config);
        },
      },
      stream: {
        value: (input: unknown, config?: unknown) => {
          take();
          return way.stream(input, config);
        },
      },
    }) as Runnable;
  }

  #begin(): Context {
    this.#span ??= this.#start();
    return withDecision(trace.setSpan(this.#parent, this.#span), this.#scope);
  }

  #start(): Span {
    const step = activeStep(this.#parent);
    step?.held.add("decision");
    const name = this.#branch.name ?? "RunnableBranch";
    const attributes = {
      [WORKFLOW.decisionId]: step === undefined ? name : `${step.name}.${name}`,
      [WORKFLOW.decisionName]: name,
      [WORKFLOW.decisionType]: "switch",
      ...(step === undefined ? {} : { [WORKFLOW.decisionSourceStep]: step.name }),
    };
    return this.#recorder
      .tracer()
      .startSpan(
        `${SPAN_NAME.decision} ${name}`,
        { kind: SpanKind.INTERNAL, attributes },
        this.#parent,
      );
  }

  #taken(index: number): void {
    if (this.#ended) return;
    this.#begin();
    const isDefault = index === this.#options.length - 1;
    this.#end([this.#options[index] ?? ""], isDefault);
  }

  #failed(error: unknown): void {
    if (this.#ended || this.#span === undefined) return;
    recordError(this.#span, error);
    this.#end([], undefined);
  }

  #end(selected: readonly string[], isDefault: boolean | undefined): void {
    this.#ended = true;
    const said = this.#scope.explanation;
    const defaultTaken = said?.defaultTaken ?? isDefault;
    if (this.#span === undefined) return;
    recordSelection(this.#span, this.#options, selected, { ...said, defaultTaken });
    this.#span.end();
  }
}
