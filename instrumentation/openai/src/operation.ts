/** What the three kinds of calls have in common: how a request and a response become attributes. */
import type { Attributes } from "@opentelemetry/api";
import { jsonText } from "@spanledger/api/internal";
import { OTEL } from "@spanledger/schema";
import { type Json, jsonList, numberOf, textOf } from "./internal-types.ts";

/** One kind of call. */
export interface Operation {
  /** Value of `gen_ai.operation.name`. */
  readonly name: "chat" | "embeddings";
  request(body: Json, content: boolean): Attributes;
  response(result: Json, content: boolean): Attributes;
  /** Collects the events of a streamed response into what it would have been in one piece. */
  collector(): Collector;
}

/** The events of one stream. */
export interface Collector {
  add(event: unknown): void;
  /** The response as far as it came; undefined where nothing came. */
  result(): Json | undefined;
  /** An error that the model told of inside the stream; undefined where there is none. */
  failure(): Json | undefined;
}

/** Keep what is set. */
export function present(entries: readonly (readonly [string, Attributes[string]])[]): Attributes {
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

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
  const [details = {}] = jsonList([usage.prompt_tokens_details, usage.input_tokens_details]);
  return present([
    [OTEL.genAiResponseId, textOf(result.id)],
    [OTEL.genAiResponseModel, textOf(result.model)],
    [OTEL.genAiUsageInputTokens, numberOf(usage.prompt_tokens ?? usage.input_tokens)],
    [OTEL.genAiUsageOutputTokens, numberOf(usage.completion_tokens ?? usage.output_tokens)],
    [OTEL.genAiUsageCacheReadInputTokens, numberOf(details.cached_tokens)],
  ]);
}
