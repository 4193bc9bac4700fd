/**
 * Who works inside whom, so that nothing is told twice: an engine inside a run, and an SDK inside a
 * framework's call to a model.
 *
 * In: contexts, and the attributes with which spans begin. Pure but for the call that is marked.
 */
import { type Context, context, createContextKey } from "@opentelemetry/api";
import { OTEL } from "@spanledger/schema";

const ENGINE = createContextKey("spanledger.engine");
const FRAMEWORK_CALL = createContextKey("spanledger.framework-call");

/** Values of `gen_ai.operation.name` that mean one answer of a model. */
const MODEL_OPERATIONS: readonly unknown[] = ["chat", "generate_content", "text_completion"];

/** How instrumentations of others mark the same: OpenInference, and Traceloop before GenAI names. */
const FOREIGN_MARKS = { "openinference.span.kind": ["LLM"], "llm.request.type": ["chat"] } as const;

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
export interface FrameworkCall {
  /** Whether a span of the same call has begun. Set by the run's span processor. */
  recorded: boolean;
}

export function withFrameworkCall(parent: Context, call: FrameworkCall): Context {
  return parent.setValue(FRAMEWORK_CALL, call);
}

/** Tell the framework's call around this context, if there is one, that it is recorded. */
export function markFrameworkCall(parent: Context): void {
  const call = parent.getValue(FRAMEWORK_CALL) as FrameworkCall | undefined;
  if (call !== undefined) call.recorded = true;
}

/** Whether a span that begins with these attributes is a call to a model, whoever records it. */
export function isModelSpan(attributes: object): boolean {
  const read = (name: string): unknown => Reflect.get(attributes, name);
  return (
    MODEL_OPERATIONS.includes(read(OTEL.genAiOperationName)) ||
    Object.entries(FOREIGN_MARKS).some(([name, values]) =>
      values.some((value) => value === read(name)),
    )
  );
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
