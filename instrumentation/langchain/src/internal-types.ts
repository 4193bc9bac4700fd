/**
 * The parts of LangChain that the instrumentation looks at. The library's own types hide some of
 * them, so every field is optional and read with care.
 */
import type { Tracer } from "@opentelemetry/api";

/** What the patched methods ask at each call. */
export interface Recorder {
  tracer(): Tracer;
  enabled(): boolean;
  captureContent(): boolean;
}

export type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Makes a recording method of the library's own. */
export type Wrapper = (original: Method) => Method;

/** `RunnableConfig`. */
export interface RunnableConfig {
  readonly runName?: string;
  readonly configurable?: Readonly<Record<string, unknown>>;
}

/** `Runnable`. */
export interface Runnable {
  readonly name?: string;
  readonly func?: { readonly name?: string };
  getName?(): string;
  invoke(input: unknown, config?: unknown): unknown;
  batch(inputs: unknown, options?: unknown, batchOptions?: unknown): unknown;
  stream(input: unknown, config?: unknown): unknown;
  _concatOutputChunks(first: unknown, second: unknown): unknown;
  transform(generator: AsyncIterable<unknown>, options?: unknown): AsyncGenerator;
}

/** `RunnableSequence`. */
export interface RunnableSequence extends Runnable {
  readonly first: Runnable;
  readonly middle: readonly Runnable[];
  readonly last: Runnable;
  /** Set on the sequences that LangGraph builds for its own use. */
  readonly omitSequenceTags?: boolean;
}

/** `RunnableBranch`. */
export interface RunnableBranch extends Runnable {
  readonly branches: readonly (readonly [condition: Runnable, branch: Runnable])[];
  readonly default: Runnable;
}

/** `BaseChatModel`. */
export interface ChatModel {
  readonly model?: unknown;
  readonly modelName?: unknown;
  getName?(): string;
  getLsParams?(options: unknown): Readonly<Record<string, unknown>>;
  invocationParams?(options: unknown): Readonly<Record<string, unknown>>;
}

/** The name of a runnable: its own, its function's, else its class's. */
export function nameOf(runnable: Runnable): string {
  const own = runnable.name ?? runnable.func?.name;
  if (typeof own === "string" && own !== "") return own;
  return runnable.getName?.() ?? "Runnable";
}
