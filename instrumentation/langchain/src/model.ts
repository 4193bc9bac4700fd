/**
 * Chat models of LangChain: `chat MODEL`, where no SDK records the call.
 *
 * In: `BaseChatModel.prototype`. Side effect: a CLIENT span for each call that nobody else recorded.
 * It is made when the call has ended, with the time at which it began, since only then it is known
 * whether an instrumented SDK made one; nothing hangs below it.
 */
import { type Attributes, type Context, context, type Span, SpanKind } from "@opentelemetry/api";
import {
  FrameworkCall,
  frameworkCallAround,
  hearsModelSpans,
  jsonList,
  jsonText,
  numberOf,
  observe,
  present,
  readField,
  recordError,
  safely,
  textOf,
  textsOf,
  withFrameworkCall,
} from "@spanledger/api/internal";
import { OTEL } from "@spanledger/schema";
import { answerOfResult, StreamedAnswer } from "./answer.ts";
import { observeGenerator } from "./generator.ts";
import type { ChatModel, Method, Recorder, Wrapper } from "./internal-types.ts";
import { inputMessages } from "./messages.ts";

/** LangChain's names of providers where the conventions have others. */
const PROVIDERS: Readonly<Record<string, string>> = {
  amazon_bedrock: "aws.bedrock",
  azure: "azure.ai.openai",
  bedrock: "aws.bedrock",
  google_genai: "gcp.gemini",
  google_vertexai: "gcp.vertex_ai",
  mistral: "mistral_ai",
  mistralai: "mistral_ai",
  xai: "x_ai",
};

/** Value of `gen_ai.operation.name`. */
const OPERATION = "chat";

/** Wrap `_generateUncached`, which `invoke`, `batch` and `generate` go through. */
export function wrapGenerate(recorder: Recorder): Wrapper {
  return (original): Method =>
    function generateAndRecord(this: unknown, ...args) {
      const run = (): unknown => Reflect.apply(original, this, args);
      const lists: readonly unknown[] = Array.isArray(args[0]) ? args[0] : [];
      const input = (): readonly unknown[] => lists.flatMap(inputMessages);
      const call = begin(recorder, this, input, args[1]);
      if (call === undefined) return run();
      return observe(call.active, run, {
        returned: (result) => call.ended((content) => answerOfResult(result, content)),
        threw: (error) => call.ended(() => ({}), error),
      });
    };
}

/** Wrap `_streamIterator`, which `stream` and `transform` go through. */
export function wrapStream(recorder: Recorder): Wrapper {
  return (original): Method =>
    function streamAndRecord(this: unknown, ...args) {
      const source = Reflect.apply(original, this, args) as AsyncGenerator;
      // The application may go on to use its list of messages while it reads the answer.
      const input: unknown = Array.isArray(args[0]) ? [...(args[0] as unknown[])] : args[0];
      const call = begin(recorder, this, () => inputMessages(input), args[1]);
      if (call === undefined) return source;
      const answer = new StreamedAnswer();
      const attributes = (content: boolean): Attributes => answer.attributes(content);
      return observeGenerator(source, {
        began: () => call.began(),
        yielded: (chunk) => answer.add(chunk),
        ended: () => call.ended(attributes),
        failed: (error) => call.ended(attributes, error),
      });
    };
}

function begin(
  recorder: Recorder,
  model: unknown,
  input: () => readonly unknown[],
  options: unknown,
): Call | undefined {
  if (!recorder.enabled() || !hearsModelSpans()) return undefined;
  return safely(() => new Call(recorder, model as ChatModel, input, options));
}

/** A call that is under way. */
class Call {
  readonly active: Context;
  readonly #parent = context.active();
  readonly #call = new FrameworkCall();
  readonly #recorder: Recorder;
  readonly #describe: () => Attributes;
  readonly #describeContent: () => Attributes;
  #startedAt = performance.now();

  constructor(
    recorder: Recorder,
    model: ChatModel,
    input: () => readonly unknown[],
    options: unknown,
  ) {
    this.#recorder = recorder;
    this.#describe = () => requestOf(model, options);
    this.#describeContent = () => requestContentOf(model, input, options);
    this.active = withFrameworkCall(this.#parent, this.#call);
  }

  /** A stream begins when it is read. */
  began(): Context {
    this.#startedAt = performance.now();
    return this.active;
  }

  ended(answer: (content: boolean) => Attributes, ...thrown: readonly unknown[]): void {
    // A model that calls another one is no call of its own.
    frameworkCallAround(this.#parent)?.mark();
    if (this.#call.recorded) return;
    const attributes = this.#describe();
    const model = textOf(attributes[OTEL.genAiRequestModel]) ?? "unknown";
    const span = this.#recorder
      .tracer()
      .startSpan(
        `${OPERATION} ${model}`,
        { kind: SpanKind.CLIENT, startTime: this.#startedAt, attributes },
        this.#parent,
      );
    if (span.isRecording()) this.#say(span, answer);
    if (thrown.length > 0) recordError(span, thrown[0]);
    span.end();
  }

  #say(span: Span, answer: (content: boolean) => Attributes): void {
    const content = this.#recorder.captureContent();
    const asked = content ? safely(this.#describeContent) : undefined;
    const answered = safely(() => answer(content));
    span.setAttributes({ ...asked, ...answered });
  }
}

function requestOf(model: ChatModel, options: unknown): Attributes {
  const said = safely(() => model.getLsParams?.(options ?? {})) ?? {};
  const provider = textOf(said.ls_provider)?.toLowerCase() ?? "langchain";
  const name = [said.ls_model_name, model.model, model.modelName, model.getName?.()];
  return present([
    [OTEL.genAiOperationName, OPERATION],
    [OTEL.genAiProviderName, PROVIDERS[provider] ?? provider],
    [OTEL.genAiRequestModel, name.map(textOf).find((one) => one !== undefined) ?? "unknown"],
    [OTEL.genAiRequestTemperature, numberOf(said.ls_temperature)],
    [OTEL.genAiRequestMaxTokens, numberOf(said.ls_max_tokens)],
    [OTEL.genAiRequestStopSequences, textsOf(said.ls_stop)],
  ]);
}

function requestContentOf(
  model: ChatModel,
  input: () => readonly unknown[],
  options: unknown,
): Attributes {
  return present([
    [OTEL.genAiInputMessages, safely(() => jsonText(input()))],
    [OTEL.genAiToolDefinitions, safely(() => toolsOf(model, options))],
  ]);
}

function toolsOf(model: ChatModel, options: unknown): string | undefined {
  const sent = readField(model.invocationParams?.(options ?? {}), "tools");
  const tools = jsonList(sent ?? readField(options, "tools")).map((tool) => {
    const [inner = tool] = jsonList([tool.function]);
    const parameters = inner.parameters ?? inner.input_schema;
    return {
      type: tool.type ?? "function",
      name: inner.name,
      description: inner.description,
      parameters,
    };
  });
  return tools.length === 0 ? undefined : jsonText(tools);
}
