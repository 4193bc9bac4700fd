/**
 * OpenInference (Arize): `openinference.span.kind`, `llm.*`, `input.value`, `output.value`.
 *
 * Side effect on a draft: our names. A root CHAIN or AGENT is a run, one below is a step.
 * Source: OpenInference's specification of semantic conventions.
 */
import { OTEL } from "@spanledger/schema";
import type { AttributeMap, AttributeValue } from "../base/records.ts";
import type { SpanDraft } from "./draft.ts";
import { isList, isMap, jsonMap, jsonOrText } from "./json-value.ts";
import {
  contentParts,
  mapOf,
  messageOf,
  spreadContent,
  textPart,
  toolCallPart,
  toolDefinition,
  toolResponsePart,
} from "./parts.ts";
import { providerName } from "./provider.ts";
import { belongsToRun, isCall, isRoot, isRunOrStep, isStep, isTool } from "./roles.ts";

const KIND = "openinference.span.kind";
const INPUT = "input.value";
const OUTPUT = "output.value";

/** Attributes that hold content and have no name of their own in ours. */
const CONTENT_PREFIXES: readonly string[] = [
  "document.content",
  "document.metadata",
  "embedding.embeddings.",
  "input.audio",
  "input.images",
  "input.value",
  "llm.completions",
  "llm.function_call",
  "llm.input_messages",
  "llm.invocation_parameters",
  "llm.output_messages",
  "llm.prompt",
  "llm.tools",
  "metadata",
  "output.audio",
  "output.images",
  "output.value",
  "reranker.",
  "retrieval.",
  "tool.json_schema",
  "tool.parameters",
  "tool_call.function",
];

/** What is made a message of; what else a message may have stays under its own name. */
const MESSAGE = new RegExp(
  "^\\d{1,6}\\.message\\.(?:role|content|name|tool_call_id|" +
    "function_call_name|function_call_arguments_json|" +
    "contents\\.\\d{1,6}\\.message_content\\.(?:type|text|image\\.image\\.url)|" +
    "tool_calls\\.\\d{1,6}\\.tool_call\\.(?:id|function\\.name|function\\.arguments))$",
);
const TOOL = /^\d{1,6}\.tool\.json_schema$/;

const RENAMED: readonly (readonly [from: string, to: string])[] = [
  ["llm.token_count.prompt", OTEL.genAiUsageInputTokens],
  ["llm.token_count.completion", OTEL.genAiUsageOutputTokens],
  ["llm.token_count.prompt_details.cache_read", OTEL.genAiUsageCacheReadInputTokens],
  ["llm.token_count.prompt_details.cache_write", OTEL.genAiUsageCacheWriteInputTokens],
  ["llm.token_count.completion_details.reasoning", OTEL.genAiUsageReasoningOutputTokens],
  ["session.id", OTEL.genAiConversationId],
];

/** Parameters of a request, by the name that providers give them. */
const PARAMETERS: readonly (readonly [from: string, to: string])[] = [
  ["temperature", OTEL.genAiRequestTemperature],
  ["max_tokens", OTEL.genAiRequestMaxTokens],
  ["max_completion_tokens", OTEL.genAiRequestMaxTokens],
  ["max_output_tokens", OTEL.genAiRequestMaxTokens],
  ["top_p", OTEL.genAiRequestTopP],
  ["top_k", OTEL.genAiRequestTopK],
  ["frequency_penalty", OTEL.genAiRequestFrequencyPenalty],
  ["presence_penalty", OTEL.genAiRequestPresencePenalty],
  ["seed", OTEL.genAiRequestSeed],
  ["stop", OTEL.genAiRequestStopSequences],
  ["stream", OTEL.genAiRequestStream],
];

/** Put a span of OpenInference into our names. */
export function normaliseOpenInference(draft: SpanDraft): void {
  if (!isOpenInference(draft)) return;
  const isFirst = draft.isUnknown;
  draft.speaks("openinference");
  const kind = draft.text(KIND);
  for (const [from, to] of RENAMED) draft.rename(from, to);
  if (isFirst) takeRole(draft, kind);
  draft.keepAll((key) => CONTENT_PREFIXES.some((prefix) => key.startsWith(prefix)));
}

function isOpenInference(draft: SpanDraft): boolean {
  return draft.has(KIND) || draft.has(INPUT) || draft.has(OUTPUT) || draft.has("llm.model_name");
}

function takeRole(draft: SpanDraft, kind: string): void {
  const { name } = draft.span;
  switch (kind) {
    case "LLM":
      llm(draft);
      break;
    case "EMBEDDING":
      embedding(draft);
      break;
    case "TOOL": {
      belongsToRun(draft);
      draft.rename("tool.description", OTEL.genAiToolDescription);
      draft.rename("tool_call.id", OTEL.genAiToolCallId);
      const tool = draft.take("tool.name");
      isTool(draft, typeof tool === "string" ? tool : name, exchange(draft));
      break;
    }
    case "AGENT":
      draft.rename("agent.name", OTEL.genAiAgentName);
      belongsToRun(draft);
      isRunOrStep(draft, "ai", name, exchange(draft));
      break;
    case "CHAIN":
      belongsToRun(draft);
      isRunOrStep(draft, "action", name, exchange(draft));
      break;
    case "RETRIEVER":
    case "RERANKER":
    case "GUARDRAIL":
    case "EVALUATOR":
    case "PROMPT":
      belongsToRun(draft);
      isStep(draft, "action", name, exchange(draft));
      break;
    default:
      if (!isRoot(draft)) belongsToRun(draft);
  }
}

function exchange(draft: SpanDraft) {
  return { input: draft.take(INPUT), output: draft.take(OUTPUT) };
}

function llm(draft: SpanDraft): void {
  if (!isRoot(draft)) belongsToRun(draft);
  nameProvider(draft);
  const parameters = jsonMap(draft.get("llm.invocation_parameters"));
  const said = draft.take("llm.model_name");
  const asked = parameters.get("model");
  draft.set(OTEL.genAiRequestModel, asked ?? said);
  const answer = jsonMap(outputJson(draft));
  // What OpenInference names is what answered, but of streams what was asked.
  draft.set(OTEL.genAiResponseModel, answer.get("model") ?? (said === asked ? undefined : said));
  for (const [from, to] of PARAMETERS) {
    const value = parameters.get(from);
    const isDefault = from === "stream" && value !== true;
    if (!isDefault) draft.set(to, from === "stop" ? asList(value) : value);
  }
  const reason = draft.take("llm.finish_reason");
  if (reason !== undefined) draft.set(OTEL.genAiResponseFinishReasons, asList(reason));
  draft.set(OTEL.genAiResponseId, answer.get("id"));
  const input = draft.takeSpread("llm.input_messages", MESSAGE);
  const output = draft.takeSpread("llm.output_messages", MESSAGE);
  draft.set(OTEL.genAiInputMessages, input?.map(inputMessage));
  draft.set(
    OTEL.genAiOutputMessages,
    output?.map((message) => outputMessage(message, reason)),
  );
  const tools = draft.takeSpread("llm.tools", TOOL);
  draft.set(OTEL.genAiToolDefinitions, tools?.map(tool));
  const isText = input === undefined && draft.has("llm.prompts.0.prompt.text");
  isCall(draft, isText ? "text_completion" : "chat");
}

function embedding(draft: SpanDraft): void {
  if (!isRoot(draft)) belongsToRun(draft);
  nameProvider(draft);
  draft.rename("embedding.model_name", OTEL.genAiRequestModel);
  isCall(draft, "embeddings");
}

/** Who served it is more than whose kind of interface it has. */
function nameProvider(draft: SpanDraft): void {
  draft.rename("llm.provider", OTEL.genAiProviderName, providerName);
  draft.rename("llm.system", OTEL.genAiProviderName, providerName);
}

function outputJson(draft: SpanDraft): AttributeValue | undefined {
  return draft.text(OUTPUT).startsWith("{") ? draft.get(OUTPUT) : undefined;
}

/** The lists' items lie within a map with one name: `{ message: … }`. */
function inner(item: AttributeValue, name: string): AttributeMap {
  const within = isMap(item) ? item.get(name) : undefined;
  return isMap(within) ? within : new Map();
}

function inputMessage(item: AttributeValue): AttributeMap {
  const message = inner(item, "message");
  const role = message.get("role");
  const id = message.get("tool_call_id");
  if (role === "tool" || id !== undefined) {
    const named = id ?? message.get("name");
    return messageOf("tool", [
      toolResponsePart(named, message.get("content") ?? contents(message)),
    ]);
  }
  return mapOf(...messageOf(role, parts(message)), ["name", message.get("name")]);
}

function outputMessage(item: AttributeValue, reason: AttributeValue | undefined): AttributeMap {
  const message = inner(item, "message");
  return messageOf(message.get("role") ?? "assistant", parts(message), reason ?? "unknown");
}

function parts(message: AttributeMap): AttributeValue[] {
  return [
    ...contentParts(spreadContent(message.get("content"))),
    ...contents(message),
    ...calls(message),
  ];
}

function contents(message: AttributeMap): AttributeValue[] {
  const list = message.get("contents");
  return isList(list) ? list.map((item) => part(inner(item, "message_content"))) : [];
}

function part(content: AttributeMap): AttributeValue {
  const text = content.get("text");
  if (text !== undefined) {
    return content.get("type") === "reasoning"
      ? mapOf(["type", "reasoning"], ["content", text])
      : textPart(text);
  }
  const url = inner(content.get("image") ?? null, "image").get("url");
  if (typeof url === "string" && !url.startsWith("data:")) {
    return mapOf(["type", "uri"], ["modality", "image"], ["uri", url]);
  }
  return content;
}

function calls(message: AttributeMap): AttributeValue[] {
  const list = message.get("tool_calls");
  const older = message.get("function_call_name");
  const single =
    older === undefined
      ? []
      : [toolCallPart(undefined, older, message.get("function_call_arguments_json"))];
  if (!isList(list)) return single;
  return list.map((item) => {
    const call = inner(item, "tool_call");
    const called = inner(call, "function");
    return toolCallPart(call.get("id"), called.get("name"), called.get("arguments"));
  });
}

function tool(item: AttributeValue): AttributeValue {
  const within = inner(item, "tool");
  return toolDefinition(jsonOrText(within.get("json_schema")) ?? within);
}

function asList(value: AttributeValue | undefined): AttributeValue | undefined {
  return value === undefined || isList(value) ? value : [value];
}
