/**
 * A call to a model: `chat MODEL`, where no SDK records it.
 *
 * In: a `response` or `generation` span of the Agents SDK that has ended. Out: attributes of the
 * GenAI conventions. Pure. Calls through the package `openai` are recorded by its instrumentation;
 * these are for models of other providers behind the same interface.
 */
import type { Attributes } from "@opentelemetry/api";
import {
  isJson,
  type Json,
  jsonList,
  jsonText,
  numberOf,
  parsedArguments,
  present,
  textOf,
} from "@spanledger/api/internal";
import { OTEL } from "@spanledger/schema";

/** Value of `gen_ai.operation.name`. */
export const CHAT = "chat";

export function modelAttributes(data: Json): Attributes {
  const [answer = {}] = jsonList([data._response ?? jsonList(data.output)[0]]);
  const [config = {}] = jsonList([data.model_config]);
  const [usage = {}] = jsonList([data.usage ?? answer.usage]);
  const provider = textOf(config.provider)?.split(".")[0] ?? "openai";
  return present([
    [OTEL.genAiOperationName, CHAT],
    [OTEL.genAiProviderName, provider],
    [OTEL.genAiRequestModel, textOf(data.model)],
    [OTEL.genAiResponseModel, textOf(answer.model)],
    [OTEL.genAiResponseId, textOf(data.response_id) ?? textOf(answer.id)],
    [OTEL.genAiRequestTemperature, numberOf(config.temperature)],
    [OTEL.genAiRequestTopP, numberOf(config.top_p) ?? numberOf(config.topP)],
    [OTEL.genAiRequestMaxTokens, numberOf(config.max_tokens) ?? numberOf(config.maxTokens)],
    [OTEL.genAiUsageInputTokens, numberOf(usage.input_tokens)],
    [OTEL.genAiUsageOutputTokens, numberOf(usage.output_tokens)],
  ]);
}

/** What was said. */
export function modelContent(data: Json): Attributes {
  const [answer = {}] = jsonList([data._response ?? jsonList(data.output)[0]]);
  return present([
    [OTEL.genAiInputMessages, messagesText(data._input ?? data.input, "user")],
    [OTEL.genAiOutputMessages, messagesText(answer.output ?? data.output, "assistant")],
  ]);
}

function messagesText(given: unknown, role: string): string | undefined {
  if (typeof given === "string") return jsonText([message({ content: given }, role)]);
  return Array.isArray(given)
    ? jsonText(jsonList(given).map((one) => message(one, role)))
    : undefined;
}

function message(item: Json, role: string): Json {
  const type = textOf(item.type) ?? "message";
  const id = item.callId ?? item.call_id;
  if (/_(?:result|output)$/.test(type)) {
    return { role: "tool", parts: [{ type: "tool_call_response", id, response: item.output }] };
  }
  if (type.endsWith("_call")) {
    const call = {
      type: "tool_call",
      id,
      name: item.name,
      arguments: parsedArguments(item.arguments),
    };
    return { role: "assistant", parts: [call] };
  }
  return { role: textOf(item.role) ?? role, parts: parts(item.content) };
}

function parts(content: unknown): readonly Json[] {
  if (typeof content === "string") return [{ type: "text", content }];
  return jsonList(content).map((part) => {
    const text = textOf(part.text) ?? textOf(part.refusal);
    // Media are no text to audit: their type says that there were some.
    return text === undefined
      ? { type: textOf(part.type) ?? "unknown" }
      : { type: "text", content: text };
  });
}

/** The error of a span of the SDK, as an exception. */
export function failureOf(error: unknown): Error | undefined {
  if (!isJson(error)) return undefined;
  const data = isJson(error.data) ? error.data : {};
  const detail = textOf(data.error);
  const said = textOf(error.message) ?? "";
  // The SDK keeps an exception as its text, "RangeError: no such order".
  const [, name, message] =
    /^(?:Error: )?([A-Z]\w*(?:Error|Exception)): ([\s\S]*)$/.exec(detail ?? "") ?? [];
  const failure = new Error(message ?? detail ?? said);
  failure.name = name ?? "AgentsError";
  // Nobody threw this one here.
  delete failure.stack;
  return failure;
}
