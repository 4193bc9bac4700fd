/** What the three kinds of calls have in common: how a request and a response become attributes. */
import type { Attributes } from "@opentelemetry/api";
import { type Json, jsonList, jsonText, numberOf, present, textOf } from "@spanledger/api/internal";
import { OTEL } from "@spanledger/schema";

/** Tool definitions in the convention's shape. */
export function toolDefinitions(tools: unknown): string | undefined {
  const shown = jsonList(tools).map((tool) => {
    const inner = jsonList([tool.function, tool.custom]).at(0) ?? tool;
    const { name, description, parameters } = inner;
    return { type: tool.type ?? "function", name, description, parameters };
  });
  return shown.length === 0 ? undefined : jsonText(shown);
}

/** Value of `gen_ai.output.type` for a requested format. */
export function outputType(format: unknown): string | undefined {
  const type = textOf(format);
  if (type === undefined) return undefined;
  return type.startsWith("json") ? "json" : "text";
}

/** Ids and token counts; both APIs name the counts differently. */
export function responseFacts(result: Json): Attributes {
  const [usage = {}] = jsonList([result.usage]);
  const [input = {}] = jsonList([usage.prompt_tokens_details, usage.input_tokens_details]);
  const [output = {}] = jsonList([usage.completion_tokens_details, usage.output_tokens_details]);
  return present([
    [OTEL.genAiResponseId, textOf(result.id)],
    [OTEL.genAiResponseModel, textOf(result.model)],
    [OTEL.genAiUsageInputTokens, numberOf(usage.prompt_tokens ?? usage.input_tokens)],
    [OTEL.genAiUsageOutputTokens, numberOf(usage.completion_tokens ?? usage.output_tokens)],
    [OTEL.genAiUsageCacheReadInputTokens, numberOf(input.cached_tokens)],
    [OTEL.genAiUsageReasoningOutputTokens, numberOf(output.reasoning_tokens) || undefined],
  ]);
}
