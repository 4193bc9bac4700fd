/** Chat completions: request, response and stream as attributes of the GenAI conventions. */
import {
  appendText,
  isJson,
  type Json,
  jsonList,
  jsonText,
  type ModelOperation,
  numberOf,
  present,
  STREAMED_ITEMS_MAX,
  type StreamCollector,
  textsOf,
} from "@spanledger/api/internal";
import { OTEL } from "@spanledger/schema";
import { inputMessage, outputMessage } from "./messages.ts";
import { outputType, responseFacts, toolDefinitions } from "./operation.ts";

export const chat: ModelOperation = {
  name: "chat",
  request(body, content) {
    const stop = body.stop;
    const choices = numberOf(body.n);
    const [format = {}] = jsonList([body.response_format]);
    return present([
      [OTEL.genAiRequestMaxTokens, numberOf(body.max_completion_tokens ?? body.max_tokens)],
      [OTEL.genAiRequestTemperature, numberOf(body.temperature)],
      [OTEL.genAiRequestTopP, numberOf(body.top_p)],
      [OTEL.genAiRequestFrequencyPenalty, numberOf(body.frequency_penalty)],
      [OTEL.genAiRequestPresencePenalty, numberOf(body.presence_penalty)],
      [OTEL.genAiRequestSeed, numberOf(body.seed)],
      [OTEL.genAiRequestChoiceCount, choices === 1 ? undefined : choices],
      [OTEL.genAiRequestStopSequences, stopSequences(stop)],
      [OTEL.genAiOutputType, outputType(format.type)],
      ...(content
        ? ([
            [OTEL.genAiInputMessages, jsonText(jsonList(body.messages).map(inputMessage))],
            [OTEL.genAiToolDefinitions, toolDefinitions(body.tools)],
          ] as const)
        : []),
    ]);
  },
  response(result, content) {
    const choices = jsonList(result.choices);
    const reasons = textsOf(choices.map((choice) => choice.finish_reason));
    return {
      ...responseFacts(result),
      ...present([
        [OTEL.genAiResponseFinishReasons, reasons],
        [OTEL.genAiOutputMessages, content ? jsonText(choices.map(outputMessage)) : undefined],
      ]),
    };
  },
  collector: () => new ChatCollector(),
};

interface CollectedCall {
  id: unknown;
  name: string;
  text: string;
}

interface CollectedChoice {
  role: unknown;
  content: string;
  refusal: string;
  finishReason: unknown;
  calls: Map<unknown, CollectedCall>;
}

class ChatCollector implements StreamCollector {
  #hasBegun = false;
  /** From the first chunk that names them: in Azure's first one they are empty. */
  #id: unknown;
  #model: unknown;
  #usage: unknown;
  readonly #choices = new Map<unknown, CollectedChoice>();

  add(event: unknown): void {
    if (!isJson(event)) return;
    this.#hasBegun = true;
    this.#id ||= event.id;
    this.#model ||= event.model;
    if (isJson(event.usage)) this.#usage = event.usage;
    for (const choice of jsonList(event.choices)) this.#addChoice(choice);
  }

  result(): Json | undefined {
    if (!this.#hasBegun) return undefined;
    const choices = [...this.#choices.values()].map((choice) => ({
      finish_reason: choice.finishReason,
      message: {
        role: choice.role,
        content: choice.content === "" ? null : choice.content,
        refusal: choice.refusal === "" ? null : choice.refusal,
        tool_calls: [...choice.calls.values()].map((call) => ({
          id: call.id,
          type: "function",
          function: { name: call.name, arguments: call.text },
        })),
      },
    }));
    return { id: this.#id, model: this.#model, usage: this.#usage, choices };
  }

  failure(): undefined {
    return undefined;
  }

  #addChoice(choice: Json): void {
    let known = this.#choices.get(choice.index);
    if (known === undefined) {
      if (this.#choices.size >= STREAMED_ITEMS_MAX) return;
      known = {
        role: "assistant",
        content: "",
        refusal: "",
        finishReason: undefined,
        calls: new Map(),
      };
      this.#choices.set(choice.index, known);
    }
    known.finishReason = choice.finish_reason ?? known.finishReason;
    const [delta = {}] = jsonList([choice.delta]);
    known.role = delta.role ?? known.role;
    known.content = appendText(known.content, delta.content);
    known.refusal = appendText(known.refusal, delta.refusal);
    for (const call of jsonList(delta.tool_calls)) addCall(known.calls, call);
  }
}

function addCall(calls: Map<unknown, CollectedCall>, delta: Json): void {
  let known = calls.get(delta.index);
  if (known === undefined) {
    if (calls.size >= STREAMED_ITEMS_MAX) return;
    known = { id: undefined, name: "", text: "" };
    calls.set(delta.index, known);
  }
  known.id = delta.id ?? known.id;
  const [called = {}] = jsonList([delta.function]);
  known.name = appendText(known.name, called.name);
  known.text = appendText(known.text, called.arguments);
}

/** One stop sequence or a list of them. */
function stopSequences(stop: unknown): string[] | undefined {
  return textsOf(typeof stop === "string" ? [stop] : stop);
}
