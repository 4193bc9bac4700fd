/**
 * The tools that `runTools` runs in the application: `execute_tool NAME`.
 *
 * In: the body of `runTools`. Out: a copy of it whose functions record; the application's own
 * objects are never changed. A function gets the arguments and the `this` that it gets without us.
 */
import { context, type Span, SpanKind, type Tracer, trace } from "@opentelemetry/api";
import {
  isJson,
  type Json,
  jsonList,
  jsonText,
  observe,
  readField,
  recordError,
  safely,
  setJson,
  setOptional,
  textOf,
} from "@spanledger/api/internal";
import { OTEL, SPAN_NAME } from "@spanledger/schema";

/** What recording a tool needs. */
export interface ToolRecorder {
  readonly tracer: Tracer;
  readonly captureContent: boolean;
}

type ToolFunction = (this: unknown, ...args: unknown[]) => unknown;

/** Calls whose span exists, by the runner that makes them. */
const claimedIds = new WeakMap<object, Set<unknown>>();

/** The body with recording tools; the body itself where it has none. */
export function recordingTools(body: unknown, recorder: ToolRecorder): unknown {
  if (!isJson(body) || !Array.isArray(body.tools)) return body;
  const tools = body.tools.map((tool: unknown) => recordingTool(tool, recorder));
  return copyWith(body, { tools });
}

function recordingTool(tool: unknown, recorder: ToolRecorder): unknown {
  if (!isJson(tool) || tool.type !== "function") return tool;
  const definition = tool.function;
  // What `zodFunction` and its like make keeps the function beside the definition.
  if (typeof tool.$callback === "function") {
    const name = textOf(readField(definition, "name")) ?? tool.$callback.name;
    const callback = recordingFunction(tool.$callback as ToolFunction, name, undefined, recorder);
    return copyWith(tool, { $callback: callback });
  }
  if (!Object.hasOwn(tool, "function") || !isPlain(definition)) return tool;
  const { function: original, parse } = definition;
  if (typeof original !== "function") return tool;
  const name = textOf(definition.name) || original.name;
  const values: Record<string, unknown> = {
    function: recordingFunction(original as ToolFunction, name, definition, recorder),
  };
  if (typeof parse === "function") values.parse = parse.bind(definition);
  return copyWith(tool, { function: copyWith(definition, values) });
}

/** An object of a class of the application may hold what a copy cannot; it is left alone. */
function isPlain(value: unknown): value is Json {
  if (!isJson(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** @param owner what `this` is in the function without us; undefined where it has none */
function recordingFunction(
  original: ToolFunction,
  name: string,
  owner: object | undefined,
  recorder: ToolRecorder,
): ToolFunction {
  const { captureContent } = recorder;
  const recording = function runAndRecord(this: unknown, ...args: unknown[]): unknown {
    const run = (): unknown => Reflect.apply(original, owner ?? this, args);
    const span = safely(() => beginTool(name, args, recorder));
    if (span === undefined) return run();
    return observe(trace.setSpan(context.active(), span), run, {
      returned: (value) => {
        if (captureContent) setJson(span, OTEL.genAiToolCallResult, value);
        span.end();
      },
      threw: (error) => {
        recordError(span, error);
        span.end();
      },
    });
  };
  return Object.defineProperties(recording, {
    name: { value: original.name, configurable: true },
    length: { value: original.length, configurable: true },
  });
}

function beginTool(name: string, args: readonly unknown[], recorder: ToolRecorder): Span {
  const [input, runner] = args;
  const span = recorder.tracer.startSpan(`${SPAN_NAME.tool} ${name}`, {
    kind: SpanKind.INTERNAL,
    attributes: {
      [OTEL.genAiOperationName]: SPAN_NAME.tool,
      [OTEL.genAiToolName]: name,
      [OTEL.genAiToolType]: "function",
    },
  });
  if (!span.isRecording()) return span;
  setOptional(
    span,
    OTEL.genAiToolCallId,
    safely(() => claimCallId(name, input, runner)),
  );
  // Without a parser a function gets the arguments as the model wrote them: JSON text.
  const shown = typeof input === "string" ? input : jsonText(input);
  if (recorder.captureContent) setOptional(span, OTEL.genAiToolCallArguments, shown);
  return span;
}

/**
 * Which of the model's calls this is. The function is not told; but the runner's last message of
 * the assistant lists the calls, and each is run once, those of one name in their order.
 */
function claimCallId(name: string, input: unknown, runner: unknown): string | undefined {
  if (typeof runner !== "object" || runner === null) return undefined;
  const last = jsonList(readField(runner, "messages")).findLast(
    (message) => message.role === "assistant",
  );
  const claimed = claimedIds.get(runner) ?? new Set<unknown>();
  claimedIds.set(runner, claimed);
  const open = jsonList(last?.tool_calls).filter(
    (call) => readField(call.function, "name") === name && !claimed.has(call.id),
  );
  const same = open.find((call) => sameArguments(call, input)) ?? open[0];
  claimed.add(same?.id);
  return textOf(same?.id);
}

function sameArguments(call: Json, input: unknown): boolean {
  const written = readField(call.function, "arguments");
  return written === input || written === jsonText(input);
}

/** A copy with some values replaced; prototype, hidden and computed properties stay. */
function copyWith(source: object, values: Readonly<Record<string, unknown>>): object {
  const prototype: unknown = Object.getPrototypeOf(source);
  const descriptors = Object.getOwnPropertyDescriptors(source) as Record<
    string,
    PropertyDescriptor
  >;
  for (const [name, value] of Object.entries(values)) {
    const { enumerable = true } = descriptors[name] ?? {};
    descriptors[name] = { value, enumerable, configurable: true, writable: true };
  }
  return Object.create(prototype as object | null, descriptors) as object;
}
