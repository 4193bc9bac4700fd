/** The responses API: request, response and stream as attributes of the GenAI conventions. */
import {
  isJson,
  type Json,
  jsonList,
  jsonText,
  type ModelOperation,
  numberOf,
  parsedArguments,
  present,
  type StreamCollector,
  textOf,
} from "@spanledger/api/internal";
import { OTEL } from "@spanledger/schema";
import { contentParts, type Message } from "./messages.ts";
import { outputType, responseFacts, toolDefinitions } from "./operation.ts";

export const responses: ModelOperation = {
  name: "chat",
  request(body, content) {
    const [text = {}] = jsonList([body.text]);
    const [format = {}] = jsonList([text.format]);
    const [conversation = {}] = jsonList([body.conversation]);
    return present([
      [OTEL.genAiRequestMaxTokens, numberOf(body.max_output_tokens)],
      [OTEL.genAiRequestTemperature, numberOf(body.temperature)],
      [OTEL.genAiRequestTopP, numberOf(body.top_p)],
      [OTEL.genAiOutputType, outputType(format.type)],
      [OTEL.genAiConversationId, textOf(body.conversation) ?? textOf(conversation.id)],
      ...(content
        ? ([
            [OTEL.genAiInputMessages, inputText(body.input)],
            [OTEL.genAiSystemInstructions, instructions(body.instructions)],
            [OTEL.genAiToolDefinitions, toolDefinitions(body.tools)],
          ] as const)
        : []),
    ]);
  },
  response(result, content) {
    const reason = finishReason(result);
    const output = [{ ...outputMessage(result), finish_reason: reason ?? "unknown" }];
    return {
      ...responseFacts(result),
      ...present([
        [OTEL.genAiResponseFinishReasons, reason === undefined ? undefined : [reason]],
        [OTEL.genAiOutputMessages, content ? jsonText(output) : undefined],
      ]),
    };
  },
  collector: () => new ResponseCollector(),
};

/** Every event of the end carries the whole response; the ones before carry its beginning. */
class ResponseCollector implements StreamCollector {
  #latest: Json | undefined;
  #error: Json | undefined;

  add(event: unknown): void {
    if (!isJson(event)) return;
    if (isJson(event.response)) this.#latest = event.response;
    if (event.type === "error") this.#error = event;
  }

  result(): Json | undefined {
    return this.#latest;
  }

  failure(): Json | undefined {
    if (this.#error !== undefined) return this.#error;
    return this.#latest?.status === "failed"
      ? (jsonList([this.#latest.error])[0] ?? {})
      : undefined;
  }
}

function inputText(input: unknown): string | undefined {
  const text = textOf(input);
  if (text !== undefined) return jsonText([{ role: "user", parts: contentParts(text) }]);
  return Array.isArray(input) ? jsonText(jsonList(input).map(itemMessage)) : undefined;
}

function instructions(given: unknown): string | undefined {
  const parts = contentParts(given);
  return parts.length === 0 ? undefined : jsonText(parts);
}

/** One item of the input: a message, a call that the model made, or a tool's answer to it. */
function itemMessage(item: Json): Message {
  const type = textOf(item.type) ?? "message";
  if (type.endsWith("_call_output")) {
    const { call_id: id, output: response } = item;
    return { role: "tool", parts: [{ type: "tool_call_response", id, response }] };
  }
  if (type.endsWith("_call")) return { role: "assistant", parts: [callPart(item)] };
  return { role: item.role ?? "user", parts: contentParts(item.content) };
}

function outputMessage(result: Json): Message {
  const parts = jsonList(result.output).flatMap((item) => {
    const type = textOf(item.type) ?? "";
    if (type === "message") return contentParts(item.content);
    if (type === "reasoning") {
      return contentParts(item.summary).map((part) => ({ ...part, type: "reasoning" }));
    }
    return type.endsWith("_call") ? [callPart(item)] : [{ type }];
  });
  return { role: "assistant", parts };
}

function callPart(item: Json) {
  return {
    type: "tool_call",
    id: item.call_id ?? item.id,
    name: item.name ?? item.type,
    arguments: parsedArguments(item.arguments ?? item.input),
  };
}

/** The reason in the words of the conventions. */
function finishReason(result: Json): string | undefined {
  const status = textOf(result.status);
  if (status === "incomplete") {
    const [details = {}] = jsonList([result.incomplete_details]);
    return details.reason === "max_output_tokens" ? "length" : textOf(details.reason);
  }
  if (status === "failed") return "error";
  if (status !== "completed") return undefined;
  const calls = jsonList(result.output).some((item) => item.type === "function_call");
  return calls ? "tool_call" : "stop";
}
