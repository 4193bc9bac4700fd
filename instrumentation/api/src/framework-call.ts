/**
 * Who works inside whom, so that nothing is told twice: an engine inside a run, and an SDK inside a
 * framework's call to a model.
 *
 * In: contexts, and the spans that begin in them. Pure but for the calls, which remember them.
 */
import { type Context, context, createContextKey, type Span } from "@opentelemetry/api";
import { OTEL } from "@spanledger/schema";

const ENGINE = createContextKey("spanledger.engine");
const FRAMEWORK_CALL = createContextKey("spanledger.framework-call");

/** Values of `gen_ai.operation.name` that mean one answer of a model. */
const MODEL_OPERATIONS: readonly unknown[] = ["chat", "generate_content", "text_completion"];

/** How instrumentations of others mark the same: OpenInference, and Traceloop before GenAI names. */
const FOREIGN_MARKS = [
  ["openinference.span.kind", "LLM"],
  ["llm.request.type", "chat"],
] as const;

/** Most spans inside of one call that are looked at: its own is among the first. */
const SPANS_MAX = 32;

/** Inside of an engine's own code; its steps have contexts of their own below. */
export function withEngine(parent: Context, engine: string): Context {
  return parent.setValue(ENGINE, engine);
}

/** The engine whose code runs here; undefined in plain code. */
export function activeEngine(from: Context = context.active()): string | undefined {
  return from.getValue(ENGINE) as string | undefined;
}

/**
 * A call to a model that a framework (LangChain) makes, perhaps through an SDK that is recorded
 * itself. The framework records it when it has ended, and only if nobody else did.
 */
export class FrameworkCall {
  readonly #spans: Span[] = [];
  #marked = false;

  /** A span begins inside of the call; it may get its attributes later. */
  began(span: Span): void {
    if (this.#spans.length < SPANS_MAX) this.#spans.push(span);
  }

  mark(): void {
    this.#marked = true;
  }

  /** Whether somebody else recorded the call. */
  get recorded(): boolean {
    return this.#marked || this.#spans.some((span) => isModelSpan(attributesOf(span)));
  }
}

export function withFrameworkCall(parent: Context, call: FrameworkCall): Context {
  return parent.setValue(FRAMEWORK_CALL, call);
}

/** The framework's call around a context. */
export function frameworkCallAround(parent: Context): FrameworkCall | undefined {
  return parent.getValue(FRAMEWORK_CALL) as FrameworkCall | undefined;
}

/** Whether a span with these attributes is a call to a model, whoever records it. */
export function isModelSpan(attributes: object): boolean {
  const operation: unknown = Reflect.get(attributes, OTEL.genAiOperationName);
  if (MODEL_OPERATIONS.includes(operation)) return true;
  return FOREIGN_MARKS.some(([name, value]) => Reflect.get(attributes, name) === value);
}

/** The attributes of a span as far as they are known; the SDK's spans show them. */
export function attributesOf(span: Span): object {
  const attributes: unknown = Reflect.get(span, "attributes");
  return typeof attributes === "object" && attributes !== null ? attributes : {};
}

let listening = false;

/** Said by the run's span processor: calls that others record will be noticed. */
export function listenForModelSpans(): void {
  listening = true;
}

/** Whether calls that others record are noticed. Where not, a framework must record none. */
export function hearsModelSpans(): boolean {
  return listening;
}
