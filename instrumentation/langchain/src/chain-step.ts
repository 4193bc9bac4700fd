/**
 * One step of a chain: `run_step NAME`.
 *
 * In: the runnable, its input. Side effect: the step's span, with what went in and came out.
 */
import { type Context, type Span, SpanKind, trace } from "@opentelemetry/api";
import {
  isBubbleUp,
  newStepScope,
  recordError,
  type StepScope,
  setJson,
  stepTypeOf,
  withStep,
} from "@spanledger/api/internal";
import { SPAN_NAME, type StepResult, WORKFLOW } from "@spanledger/schema";
import { Chunks } from "./chunks.ts";
import { observeGenerator } from "./generator.ts";
import type { Recorder, Runnable } from "./internal-types.ts";

export interface ChainStepParams {
  readonly recorder: Recorder;
  readonly parent: Context;
  readonly name: string;
  /** Place in the chain, from 0. */
  readonly index: number;
  readonly input: unknown;
}

/** A step that has begun. */
export class ChainStep {
  readonly active: Context;
  readonly #content: boolean;
  readonly #span: Span;
  readonly #scope: StepScope;
  #ended = false;

  constructor({ recorder, parent, name, index, input }: ChainStepParams) {
    this.#content = recorder.captureContent();
    this.#span = recorder.tracer().startSpan(
      `${SPAN_NAME.step} ${name}`,
      {
        kind: SpanKind.INTERNAL,
        attributes: {
          [WORKFLOW.stepId]: name,
          [WORKFLOW.stepName]: name,
          [WORKFLOW.stepIndex]: index,
          [WORKFLOW.stepAttempt]: 1,
        },
      },
      parent,
    );
    this.#scope = newStepScope(name, this.#span.spanContext());
    this.active = withStep(trace.setSpan(parent, this.#span), this.#scope);
    this.#set(WORKFLOW.stepInput, input);
  }

  returned(value: unknown): void {
    this.#set(WORKFLOW.stepOutput, value);
    this.#end("success");
  }

  threw(error: unknown): void {
    if (!isBubbleUp(error)) recordError(this.#span, error);
    this.#end(isBubbleUp(error) ? "paused" : "failure");
  }

  /** What went in, where it came piece by piece. */
  took(input: unknown): void {
    this.#set(WORKFLOW.stepInput, input);
  }

  /** The chain has ended without asking for what this step makes. */
  abandoned(): void {
    this.#end("skipped");
  }

  #set(name: string, value: unknown): void {
    if (this.#content) setJson(this.#span, name, value);
  }

  #end(result: StepResult): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#span.setAttribute(WORKFLOW.stepType, stepTypeOf(this.#scope));
    this.#span.setAttribute(WORKFLOW.stepResult, this.#scope.paused ? "paused" : result);
    this.#span.end();
  }
}

/**
 * A step of a stream. The steps of a stream run together: each begins when the stream is put
 * together, in the order of the chain, though the last one is the first that is asked for a value.
 */
export function transformAndRecord(
  step: Runnable,
  generator: AsyncIterable<unknown>,
  options: unknown,
  begun: ChainStep | undefined,
): AsyncGenerator {
  if (begun === undefined) return step.transform(generator, options);
  const [input, output] = [new Chunks(), new Chunks()];
  return observeGenerator(step.transform(noting(generator, input), options), {
    began: () => begun.active,
    yielded: (value) => output.add(value),
    ended: () => {
      begun.took(input.value());
      begun.returned(output.value());
    },
    failed: (error) => {
      begun.took(input.value());
      begun.threw(error);
    },
  });
}

async function* noting(generator: AsyncIterable<unknown>, chunks: Chunks): AsyncGenerator {
  for await (const value of generator) {
    chunks.add(value);
    yield value;
  }
}
