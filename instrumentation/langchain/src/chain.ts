/**
 * Chains outside of graphs: a run `invoke_workflow NAME`, or a part of the run that is under way,
 * and a step `run_step NAME` for each runnable of the sequence.
 *
 * In: `RunnableSequence.prototype`. Side effect: `invoke`, `batch` and `_streamIterator` record.
 * The sequence and its runnables are never changed: the library's own method runs on an object that
 * inherits from the sequence and has recording stand-ins as its runnables.
 *
 * Inside of a step, of a decision or of an engine nothing is recorded: there, a chain is a detail.
 */
import { type Context, context, type Tracer } from "@opentelemetry/api";
import type { WorkflowDefinition } from "@spanledger/api";
import {
  activeDecision,
  activeEngine,
  activeRun,
  activeStep,
  beginRun,
  environmentFacts,
  observe,
  outcomeOfError,
  type RunRecord,
  runContext,
  safely,
  withEngine,
} from "@spanledger/api/internal";
import { definitionOf, namesOf } from "./chain-definition.ts";
import { ChainStep, type ChainStepParams, transformAndRecord } from "./chain-step.ts";
import { observeGenerator } from "./generator.ts";
import type {
  Method,
  Recorder,
  Runnable,
  RunnableConfig,
  RunnableSequence,
  Wrapper,
} from "./internal-types.ts";

type Outcome = Parameters<RunRecord["engineEnded"]>[0];

/** Value of `workflow.engine`. */
const ENGINE = "langchain";

/** Wrap `invoke` and `batch`; a batch is one run, whose steps take lists. */
export function wrapInvoke(recorder: Recorder): Wrapper {
  return (original): Method =>
    function invokeAndRecord(this: unknown, ...args) {
      const run = (on: unknown): unknown => Reflect.apply(original, on, args);
      const chain = begin(recorder, this as RunnableSequence, args[1]);
      if (chain === undefined) return run(this);
      const active = safely(() => chain.began());
      if (active === undefined) return run(this);
      return observe(active, () => run(chain.recording), {
        returned: () => chain.ended(),
        threw: (error) => chain.failed(error),
      });
    };
}

/** Wrap `_streamIterator`, which `stream`, `transform` and `streamEvents` go through. */
export function wrapStream(recorder: Recorder): Wrapper {
  return (original): Method =>
    function streamAndRecord(this: unknown, ...args) {
      const chain = begin(recorder, this as RunnableSequence, args[1]);
      const on = chain?.recording ?? this;
      const source = Reflect.apply(original, on, args) as AsyncGenerator;
      return chain === undefined ? source : observeGenerator(source, chain);
    };
}

function begin(
  recorder: Recorder,
  sequence: RunnableSequence,
  options: unknown,
): Chain | undefined {
  if (!recorder.enabled()) return undefined;
  return safely(() => {
    if (sequence.omitSequenceTags === true || !isPlain(sequence)) return undefined;
    const inside = activeStep() ?? activeDecision() ?? activeEngine();
    if (inside !== undefined) return undefined;
    const config: unknown = Array.isArray(options) ? options[0] : options;
    return new Chain(recorder, sequence, (config ?? {}) as RunnableConfig);
  });
}

/** A class of the application may have private fields, which an inheriting object has not. */
function isPlain(sequence: RunnableSequence): boolean {
  return Object.hasOwn(Object.getPrototypeOf(sequence) as object, "_streamIterator");
}

/** A chain that is under way. */
class Chain {
  /** The sequence with recording stand-ins for its runnables. */
  readonly recording: RunnableSequence;
  readonly #recorder: Recorder;
  readonly #sequence: RunnableSequence;
  readonly #config: RunnableConfig;
  readonly #parent = context.active();
  readonly #steps: ChainStep[] = [];
  #active: Context | undefined;
  #run: RunRecord | undefined;
  #adopted = false;

  constructor(recorder: Recorder, sequence: RunnableSequence, config: RunnableConfig) {
    this.#recorder = recorder;
    this.#sequence = sequence;
    this.#config = config;
    const steps = [sequence.first, ...sequence.middle, sequence.last];
    const names = namesOf(steps);
    const standIns = steps.map((step, index) => this.#standIn(step, names[index] ?? "", index));
    this.recording = Object.create(sequence, {
      first: { value: standIns[0] },
      middle: { value: standIns.slice(1, -1) },
      last: { value: standIns.at(-1) },
    }) as RunnableSequence;
  }

  /** The run begins, or goes on. @returns where the chain runs */
  began(): Context {
    const tracer = this.#recorder.tracer();
    const outer = activeRun(this.#parent);
    this.#adopted = outer !== undefined && !outer.ended;
    const run = this.#adopted && outer !== undefined ? outer : this.#beginRun(tracer);
    this.#run = run;
    run.engineBegan(ENGINE);
    run.define(tracer, this.#definition());
    const inRun = runContext(this.#parent, run, { keepSpan: this.#adopted });
    this.#active = withEngine(inRun, ENGINE);
    return this.#active;
  }

  yielded(): void {}

  ended(): void {
    this.#end({ result: "success" });
  }

  failed(error: unknown): void {
    this.#end(outcomeOfError(error));
  }

  #end(outcome: Outcome): void {
    for (const step of this.#steps) step.abandoned();
    this.#run?.engineEnded(outcome);
    if (!this.#adopted) this.#run?.settle(outcome);
  }

  #step(params: ChainStepParams): ChainStep {
    const step = new ChainStep(params);
    this.#steps.push(step);
    return step;
  }

  #beginRun(tracer: Tracer): RunRecord {
    const defaults = environmentFacts();
    const own = this.#config.runName ?? this.#sequence.getName?.() ?? "RunnableSequence";
    const thread = this.#config.configurable?.thread_id ?? this.#config.configurable?.sessionId;
    const facts = {
      id: defaults.id ?? own,
      name: defaults.name ?? defaults.id ?? own,
      conversationId: typeof thread === "string" && thread !== "" ? thread : undefined,
    };
    return beginRun(tracer, facts, this.#parent).run;
  }

  #definition(): WorkflowDefinition {
    return definitionOf(this.#sequence);
  }

  #standIn(step: Runnable, name: string, index: number): Runnable {
    const begin = (input: unknown): ChainStep | undefined => {
      const parent = this.#active;
      if (parent === undefined) return undefined;
      const recorder = this.#recorder;
      return safely(() => this.#step({ recorder, parent, name, index, input }));
    };
    const recorded = (input: unknown, run: () => unknown): unknown => {
      const begun = begin(input);
      return begun === undefined ? run() : observe(begun.active, run, begun);
    };
    return Object.create(step, {
      invoke: {
        value: (input: unknown, config?: unknown) =>
          recorded(input, () => step.invoke(input, config)),
      },
      batch: {
        value: (inputs: unknown, options?: unknown, batchOptions?: unknown) =>
          recorded(inputs, () => step.batch(inputs, options, batchOptions)),
      },
      transform: {
        value: (generator: AsyncIterable<unknown>, options?: unknown) =>
          transformAndRecord(step, generator, options, begin(undefined)),
      },
      _concatOutputChunks: {
        value: (first: unknown, second: unknown) => step._concatOutputChunks(first, second),
      },
    }) as Runnable;
  }
}
