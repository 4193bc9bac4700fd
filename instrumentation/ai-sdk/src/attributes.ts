/** Requests and responses of the AI SDK as attributes of the GenAI conventions. Pure. */
import type { Attributes } from "@opentelemetry/api";
import {
  jsonText,
  numberOf,
  present,
  readField,
  safely,
  textOf,
  textsOf,
} from "@spanledger/api/internal";
import { OTEL } from "@spanledger/schema";
import type { SdkEvent } from "./internal-types.ts";
import {
  finishReasonOf,
  inputMessages,
  instructionParts,
  outputMessage,
  toolDefinitions,
} from "./messages.ts";
import { providerName } from "./provider.ts";

/** What every call to a model says of itself. */
export function modelAttributes(operation: "chat" | "embeddings", event: SdkEvent): Attributes {
  return {
    [OTEL.genAiOperationName]: operation,
    [OTEL.genAiProviderName]: providerName(textOf(event.provider) ?? "unknown"),
    [OTEL.genAiRequestModel]: modelOf(event),
  };
}

export function modelOf(event: SdkEvent): string {
  return textOf(event.modelId) ?? "unknown";
}

export function requestAttributes(event: SdkEvent, content: boolean): Attributes {
  return present([
    [OTEL.genAiRequestMaxTokens, numberOf(event.maxOutputTokens)],
    [OTEL.genAiRequestTemperature, numberOf(event.temperature)],
    [OTEL.genAiRequestTopP, numberOf(event.topP)],
    [OTEL.genAiRequestFrequencyPenalty, numberOf(event.frequencyPenalty)],
    [OTEL.genAiRequestPresencePenalty, numberOf(event.presencePenalty)],
    [OTEL.genAiRequestSeed, numberOf(event.seed)],
    [OTEL.genAiRequestStopSequences, textsOf(event.stopSequences)],
    ...(content && event.recordInputs !== false ? requestContent(event) : []),
  ]);
}

function requestContent(event: SdkEvent) {
  const instructions = instructionParts(event.instructions);
  const tools = toolDefinitions(event.tools);
  return [
    [OTEL.genAiInputMessages, jsonText(inputMessages(event.messages))],
    [OTEL.genAiSystemInstructions, instructions.length === 0 ? undefined : jsonText(instructions)],
    [OTEL.genAiToolDefinitions, tools.length === 0 ? undefined : jsonText(tools)],
  ] as const;
}

export function responseAttributes(event: SdkEvent, content: boolean): Attributes {
  const reason = finishReasonOf(event.finishReason);
  const isKept = content && event.recordOutputs !== false;
  const output = isKept ? jsonText([outputMessage(event.content, reason)]) : undefined;
  return {
    ...usageAttributes(event.usage),
    ...serverAttributes(textOf(readField(event.request, "url"))),
    ...present([
      [OTEL.genAiResponseId, textOf(event.responseId)],
      [OTEL.genAiResponseModel, textOf(event.modelId)],
      [OTEL.genAiResponseFinishReasons, reason === undefined ? undefined : [reason]],
      [OTEL.genAiOutputMessages, output],
    ]),
  };
}

/** Token counts; version 6 also knows them under older names. */
export function usageAttributes(usage: unknown): Attributes {
  const details = readField(usage, "inputTokenDetails");
  const cached = readField(details, "cacheReadTokens") ?? readField(usage, "cachedInputTokens");
  return present([
    [OTEL.genAiUsageInputTokens, numberOf(readField(usage, "inputTokens"))],
    [OTEL.genAiUsageOutputTokens, numberOf(readField(usage, "outputTokens"))],
    [OTEL.genAiUsageCacheReadInputTokens, numberOf(cached)],
    [OTEL.genAiUsageCacheWriteInputTokens, numberOf(readField(details, "cacheWriteTokens"))],
  ]);
}

/** Where the request went, as far as the provider says it. */
function serverAttributes(origin: string | undefined): Attributes {
  const url = origin === undefined ? undefined : safely(() => new URL(origin));
  if (url === undefined) return {};
  const standard = url.protocol === "http:" ? 80 : 443;
  const port = url.port === "" ? standard : Number(url.port);
  return { [OTEL.serverAddress]: url.hostname, [OTEL.serverPort]: port };
}
