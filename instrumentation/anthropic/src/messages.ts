/** The messages API: request and response as attributes of the GenAI conventions. */
import type { Attributes } from "@opentelemetry/api";
import {
  type Json,
  jsonList,
  jsonText,
  type ModelOperation,
  numberOf,
  present,
  textOf,
  textsOf,
} from "@spanledger/api/internal";
import { ANTHROPIC, OTEL } from "@spanledger/schema";
import { MessageCollector } from "./collector.ts";
import { contentParts } from "./content.ts";
import { finishReason } from "./finish-reason.ts";

export const messages: ModelOperation = {
  name: "chat",
  request(body, content) {
    const [config = {}] = jsonList([body.output_config]);
    const [format = {}] = jsonList([config.format, body.output_format]);
    return {
      ...samplingAndTools(body, content),
      ...present([
        [OTEL.genAiRequestMaxTokens, numberOf(body.max_tokens)],
        [OTEL.genAiRequestStopSequences, textsOf(body.stop_sequences)],
        [OTEL.genAiOutputType, format.type === "json_schema" ? "json" : undefined],
        ...(content
          ? ([
              [OTEL.genAiInputMessages, jsonText(jsonList(body.messages).map(inputMessage))],
              [OTEL.genAiSystemInstructions, instructions(body.system)],
            ] as const)
          : []),
      ]),
    };
  },
  response(result, content) {
    const [usage = {}] = jsonList([result.usage]);
    const stopReason = textOf(result.stop_reason);
    const reason = stopReason === undefined ? undefined : finishReason(stopReason);
    const parts = contentParts(result.content);
    const output = [{ role: "assistant", parts, finish_reason: reason ?? "unknown" }];
    return present([
      [OTEL.genAiResponseId, textOf(result.id)],
      [OTEL.genAiResponseModel, textOf(result.model)],
      [OTEL.genAiResponseFinishReasons, reason === undefined ? undefined : [reason]],
      [ANTHROPIC.stopReason, stopReason],
      [OTEL.genAiUsageInputTokens, inputTokens(usage)],
      [OTEL.genAiUsageOutputTokens, numberOf(usage.output_tokens)],
      [OTEL.genAiUsageCacheReadInputTokens, numberOf(usage.cache_read_input_tokens)],
      [OTEL.genAiUsageCacheWriteInputTokens, numberOf(usage.cache_creation_input_tokens)],
      [OTEL.genAiOutputMessages, content ? jsonText(output) : undefined],
    ]);
  },
  collector: () => new MessageCollector(),
};

/** What the SDK's own spans leave out. */
export function samplingAndTools(body: Json, content: boolean): Attributes {
  return present([
    [OTEL.genAiRequestTemperature, numberOf(body.temperature)],
    [OTEL.genAiRequestTopP, numberOf(body.top_p)],
    [OTEL.genAiRequestTopK, numberOf(body.top_k)],
    [OTEL.genAiToolDefinitions, content ? toolDefinitions(body.tools) : undefined],
  ]);
}

/** The API counts cached tokens apart; in the conventions they are input tokens like the others. */
function inputTokens(usage: Json): number | undefined {
  const fresh = numberOf(usage.input_tokens);
  if (fresh === undefined) return undefined;
  const read = numberOf(usage.cache_read_input_tokens) ?? 0;
  return fresh + read + (numberOf(usage.cache_creation_input_tokens) ?? 0);
}

function inputMessage(message: Json): Json {
  return { role: message.role, parts: contentParts(message.content) };
}

function instructions(system: unknown): string | undefined {
  const parts = contentParts(system);
  return parts.length === 0 ? undefined : jsonText(parts);
}

function toolDefinitions(tools: unknown): string | undefined {
  const shown = jsonList(tools).map((tool) => ({
    type: tool.type === undefined || tool.type === "custom" ? "function" : tool.type,
    name: tool.name,
    description: tool.description,
    parameters: tool.input_schema,
  }));
  return shown.length === 0 ? undefined : jsonText(shown);
}
