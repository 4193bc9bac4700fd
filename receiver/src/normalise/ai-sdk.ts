/**
 * The AI SDK's own spans (`experimental_telemetry` up to version 6): `ai.*`.
 *
 * Side effect on a draft: our names. The call of a model is `ai.….doGenerate` and its like; the
 * span around it, which has the same tokens again, is a run, or a step of a run of ours: most often
 * it stands below a request, which is none.
 */
import { OTEL } from "@spanledger/schema";
import type { AttributeMap, AttributeValue } from "../base/records.ts";
import type { SpanDraft } from "./draft.ts";
import { isList, isMap, jsonList, jsonOrText } from "./json-value.ts";
import { contentParts, mapOf, messageOf, textPart, toolCallPart, toolDefinition } from "./parts.ts";
import { providerName } from "./provider.ts";
import { belongsToRun, isCall, isRoot, isRunOfItsOwn, isTool } from "./roles.ts";

const OPERATION = "ai.operationId";

/** Finish reasons that the SDK spells otherwise than the conventions. */
export const FINISH_REASONS: ReadonlyMap<AttributeValue, string> = new Map([
  ["tool-calls", "tool_call"],
  ["content-filter", "content_filter"],
]);

/** Of a call; where two stand for one, versions differ. */
const CALL_RENAMED: readonly (readonly [from: string, to: string])[] = [
  ["ai.model.id", OTEL.genAiRequestModel],
  ["ai.response.id", OTEL.genAiResponseId],
  ["ai.response.model", OTEL.genAiResponseModel],
  ["ai.usage.inputTokens", OTEL.genAiUsageInputTokens],
  ["ai.usage.promptTokens", OTEL.genAiUsageInputTokens],
  ["ai.usage.tokens", OTEL.genAiUsageInputTokens],
  ["ai.usage.outputTokens", OTEL.genAiUsageOutputTokens],
  ["ai.usage.completionTokens", OTEL.genAiUsageOutputTokens],
  ["ai.usage.inputTokenDetails.cacheReadTokens", OTEL.genAiUsageCacheReadInputTokens],
  ["ai.usage.cachedInputTokens", OTEL.genAiUsageCacheReadInputTokens],
  ["ai.usage.inputTokenDetails.cacheWriteTokens", OTEL.genAiUsageCacheWriteInputTokens],
  ["ai.usage.outputTokenDetails.reasoningTokens", OTEL.genAiUsageReasoningOutputTokens],
  ["ai.usage.reasoningTokens", OTEL.genAiUsageReasoningOutputTokens],
  ["ai.settings.temperature", OTEL.genAiRequestTemperature],
  ["ai.settings.maxOutputTokens", OTEL.genAiRequestMaxTokens],
  ["ai.settings.maxTokens", OTEL.genAiRequestMaxTokens],
  ["ai.settings.topP", OTEL.genAiRequestTopP],
  ["ai.settings.topK", OTEL.genAiRequestTopK],
  ["ai.settings.seed", OTEL.genAiRequestSeed],
];

/** Attributes that hold content and have no name of their own in ours. */
const CONTENT_PREFIXES: readonly string[] = [
  "ai.documents",
  "ai.embedding",
  "ai.prompt",
  "ai.ranking",
  "ai.response.files",
  "ai.response.object",
  "ai.response.providerMetadata",
  "ai.response.reasoning",
  "ai.response.text",
  "ai.response.toolCalls",
  "ai.schema",
  "ai.toolCall.",
  "ai.value",
];

/** Put a span of the AI SDK into our names. */
export function normaliseAiSdk(draft: SpanDraft): void {
  const operation = draft.text(OPERATION);
  if (operation === "") return;
  const isFirst = draft.isUnknown;
  draft.speaks("ai-sdk");
  if (isFirst) takeRole(draft, operation);
  draft.keepAll((key) => CONTENT_PREFIXES.some((prefix) => key.startsWith(prefix)));
}

function takeRole(draft: SpanDraft, operation: string): void {
  if (operation === "ai.toolCall") {
    belongsToRun(draft);
    const name = draft.take("ai.toolCall.name");
    draft.rename("ai.toolCall.id", OTEL.genAiToolCallId);
    isTool(draft, typeof name === "string" ? name : draft.span.name, {
      input: draft.take("ai.toolCall.args"),
      output: draft.take("ai.toolCall.result"),
    });
    return;
  }
  const isEmbedding = operation.startsWith("ai.embed");
  if (/\.do[A-Z]/.test(operation)) {
    call(draft, isEmbedding);
    return;
  }
  belongsToRun(draft);
  const name = draft.text("ai.telemetry.functionId") || operation;
  isRunOfItsOwn(draft, "ai", name, {
    input: draft.take("ai.prompt") ?? draft.take("ai.value") ?? draft.take("ai.values"),
    output:
      draft.take("ai.response.text") ??
      draft.take("ai.response.object") ??
      draft.take("ai.response.toolCalls"),
  });
}

function call(draft: SpanDraft, isEmbedding: boolean): void {
  if (!isRoot(draft)) belongsToRun(draft);
  draft.rename("ai.model.provider", OTEL.genAiProviderName, providerName);
  for (const [from, to] of CALL_RENAMED) draft.rename(from, to);
  draft.rename("ai.response.msToFirstChunk", OTEL.genAiResponseTimeToFirstChunk, seconds);
  const reason = finishReason(draft);
  if (isEmbedding) {
    isCall(draft, "embeddings");
    return;
  }
  const tools = draft.take("ai.prompt.tools");
  if (isList(tools)) {
    draft.set(
      OTEL.genAiToolDefinitions,
      tools.map((tool) => toolDefinition(jsonOrText(tool) ?? null)),
    );
  }
  input(draft);
  const parts = outputParts(draft);
  if (parts.length > 0) {
    draft.set(OTEL.genAiOutputMessages, [messageOf("assistant", parts, reason ?? "unknown")]);
  }
  isCall(draft, "chat");
}

/** Instructions are parts without a role; here they are the first of the messages. */
function input(draft: SpanDraft): void {
  const messages = jsonList(draft.get("ai.prompt.messages"));
  if (messages === undefined || !messages.every(isMap)) return;
  draft.take("ai.prompt.messages");
  const system = messages.filter((message) => message.get("role") === "system");
  const others = messages.filter((message) => message.get("role") !== "system");
  if (system.length > 0) {
    draft.set(
      OTEL.genAiSystemInstructions,
      system.flatMap((message) => contentParts(message.get("content"))),
    );
  }
  draft.set(OTEL.genAiInputMessages, others.map(inputMessage));
}

function inputMessage(message: AttributeMap): AttributeMap {
  return messageOf(message.get("role"), contentParts(message.get("content")));
}

function outputParts(draft: SpanDraft): AttributeValue[] {
  const reasoning = draft.take("ai.response.reasoning");
  const text = draft.take("ai.response.text") ?? draft.take("ai.response.object");
  const calls = jsonList(draft.get("ai.response.toolCalls"));
  if (calls !== undefined) draft.take("ai.response.toolCalls");
  return [
    ...(isSaid(reasoning) ? [mapOf(["type", "reasoning"], ["content", reasoning])] : []),
    ...(isSaid(text) ? [textPart(text)] : []),
    ...(calls ?? []).map(toolCall),
  ];
}

function toolCall(call: AttributeValue): AttributeValue {
  if (!isMap(call)) return call;
  const said = call.get("input") ?? call.get("args");
  return toolCallPart(call.get("toolCallId"), call.get("toolName"), said);
}

function isSaid(value: AttributeValue | undefined): value is AttributeValue {
  return value !== undefined && value !== null && value !== "";
}

/** The same reason stands in two places, and in the SDK's spelling in both. */
function finishReason(draft: SpanDraft): AttributeValue | undefined {
  const own = draft.take("ai.response.finishReason");
  const reasons = draft.get(OTEL.genAiResponseFinishReasons);
  const said = own ?? (isList(reasons) ? reasons[0] : undefined);
  if (said === undefined) return undefined;
  const reason = FINISH_REASONS.get(said) ?? said;
  const list = isList(reasons) ? reasons : [said];
  if (reasons === undefined || list.some((one) => FINISH_REASONS.has(one))) {
    if (reasons !== undefined) draft.take(OTEL.genAiResponseFinishReasons);
    draft.set(
      OTEL.genAiResponseFinishReasons,
      list.map((one) => FINISH_REASONS.get(one) ?? one),
    );
  }
  return reason;
}

function seconds(milliseconds: AttributeValue): AttributeValue {
  return typeof milliseconds === "number" || typeof milliseconds === "bigint"
    ? Number(milliseconds) / 1_000
    : milliseconds;
}
