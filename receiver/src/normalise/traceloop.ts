/**
 * Traceloop (OpenLLMetry): `traceloop.*`, `gen_ai.prompt.N.*`, `gen_ai.completion.N.*`, `llm.*`.
 *
 * Side effect on a draft: our names. A workflow is a run wherever it stands, for Traceloop says
 * that it is one, but a step of a run of ours; a root agent is a run; agents and tasks below are
 * steps. Later versions send the conventions of today, which pass through.
 */
import { OTEL, WORKFLOW } from "@spanledger/schema";
import { TRACELOOP_SCOPE } from "../base/dialects.ts";
import type { AttributeMap, AttributeValue } from "../base/records.ts";
import type { SpanDraft } from "./draft.ts";
import { isList, isMap, jsonOrText } from "./json-value.ts";
import {
  contentParts,
  mapOf,
  messageOf,
  spreadContent,
  toolCallPart,
  toolResponsePart,
} from "./parts.ts";
import {
  belongsToRun,
  isCall,
  isRoot,
  isRunOfItsOwn,
  isRunOrStep,
  isStep,
  isTool,
} from "./roles.ts";

const KIND = "traceloop.span.kind";
const WORKFLOW_NAME = "traceloop.workflow.name";
const REQUEST_TYPE = "llm.request.type";

const OPERATIONS: ReadonlyMap<string, string> = new Map([
  ["chat", "chat"],
  ["completion", "text_completion"],
  ["embedding", "embeddings"],
]);

/** What is made a message of; what else there may be stays under its own name. */
const MESSAGE = new RegExp(
  "^\\d{1,6}\\.(?:role|content|finish_reason|tool_call_id|" +
    "tool_calls\\.\\d{1,6}\\.(?:id|name|arguments))$",
);
const FUNCTION = /^\d{1,6}\.(?:name|description|parameters)$/;

/** Attributes that hold content and have no name of their own in ours. */
const CONTENT = new RegExp(
  "^(?:traceloop\\.entity\\.(?:input|output)|gen_ai\\.(?:prompt|completion)\\.\\d|" +
    "llm\\.(?:prompts|completions|request\\.functions)\\b)",
);

const RENAMED: readonly (readonly [from: string, to: string])[] = [
  ["llm.top_k", OTEL.genAiRequestTopK],
  ["llm.frequency_penalty", OTEL.genAiRequestFrequencyPenalty],
  ["llm.presence_penalty", OTEL.genAiRequestPresencePenalty],
  ["llm.chat.stop_sequences", OTEL.genAiRequestStopSequences],
  ["traceloop.association.properties.user_id", OTEL.userId],
  ["traceloop.association.properties.session_id", OTEL.genAiConversationId],
];

/** Put a span of Traceloop into our names. */
export function normaliseTraceloop(draft: SpanDraft): void {
  if (!isTraceloop(draft)) return;
  const isFirst = draft.isUnknown;
  draft.speaks("traceloop");
  for (const [from, to] of RENAMED) draft.rename(from, to);
  if (draft.get("llm.is_streaming") === true) {
    draft.rename("llm.is_streaming", OTEL.genAiRequestStream);
  }
  if (!isRoot(draft) || draft.has(KIND)) belongsToRun(draft);
  draft.set(WORKFLOW.id, draft.text(WORKFLOW_NAME));
  if (isFirst) takeRole(draft);
  draft.keepAll((key) => CONTENT.test(key));
}

function isTraceloop(draft: SpanDraft): boolean {
  if (draft.span.scope.name.startsWith(TRACELOOP_SCOPE)) return true;
  for (const key of draft.attributes.keys()) {
    if (key.startsWith("traceloop.") || /^gen_ai\.(?:prompt|completion)\.\d/.test(key)) return true;
  }
  return draft.has(REQUEST_TYPE) || draft.has("gen_ai.prompt") || draft.has("gen_ai.completion");
}

function takeRole(draft: SpanDraft): void {
  const kind = draft.text(KIND);
  if (kind === "") {
    call(draft);
    return;
  }
  const name = draft.text("traceloop.entity.name") || draft.span.name;
  const exchange = {
    input: draft.take("traceloop.entity.input"),
    output: draft.take("traceloop.entity.output"),
  };
  switch (kind) {
    case "workflow":
      isRunOfItsOwn(draft, "action", draft.text(WORKFLOW_NAME) || name, exchange);
      break;
    case "agent":
      isRunOrStep(draft, "ai", name, exchange);
      break;
    case "tool":
      isTool(draft, name, exchange);
      break;
    default:
      isStep(draft, "action", name, exchange);
      break;
  }
}

function call(draft: SpanDraft): void {
  const prompts = draft.takeSpread("gen_ai.prompt", MESSAGE) ?? wholeText(draft, "gen_ai.prompt");
  const answers =
    draft.takeSpread("gen_ai.completion", MESSAGE) ?? wholeText(draft, "gen_ai.completion");
  const reasons = isList(answers) ? answers.flatMap(finishReason) : [];
  if (isList(prompts)) {
    draft.set(
      OTEL.genAiInputMessages,
      prompts.map((prompt) => message(prompt, "user")),
    );
  } else draft.set(OTEL.genAiInputMessages, prompts);
  if (isList(answers)) {
    draft.set(
      OTEL.genAiOutputMessages,
      answers.map((answer) => message(answer, "assistant")),
    );
  } else draft.set(OTEL.genAiOutputMessages, answers);
  if (reasons.length > 0) draft.set(OTEL.genAiResponseFinishReasons, reasons);
  const functions = draft.takeSpread("llm.request.functions", FUNCTION);
  draft.set(OTEL.genAiToolDefinitions, functions?.map(definition));
  const operation = OPERATIONS.get(draft.text(REQUEST_TYPE)) ?? draft.text(OTEL.genAiOperationName);
  const hasMessages = prompts !== undefined || answers !== undefined;
  if (operation !== "") isCall(draft, operation);
  else if (hasMessages) isCall(draft, "chat");
}

/** Before they were spread over attributes, messages were one text. */
function wholeText(draft: SpanDraft, key: string): AttributeValue | undefined {
  return jsonOrText(draft.take(key));
}

function finishReason(answer: AttributeValue): AttributeValue[] {
  const reason = isMap(answer) ? answer.get("finish_reason") : undefined;
  return reason === undefined ? [] : [reason];
}

function message(item: AttributeValue, defaultRole: "user" | "assistant"): AttributeMap {
  if (!isMap(item)) return messageOf(defaultRole, contentParts(item));
  const said = item.get("role");
  const id = item.get("tool_call_id");
  const content = spreadContent(item.get("content"));
  if (said === "tool" || id !== undefined) {
    return messageOf("tool", [toolResponsePart(id, content)]);
  }
  const list = item.get("tool_calls");
  const calls = isList(list) ? list.filter(isMap).map(toolCall) : [];
  const isAnswer = defaultRole === "assistant";
  const reason = isAnswer ? (item.get("finish_reason") ?? "unknown") : undefined;
  return messageOf(said ?? defaultRole, [...contentParts(content), ...calls], reason);
}

function toolCall(item: AttributeMap): AttributeMap {
  return toolCallPart(item.get("id"), item.get("name"), item.get("arguments"));
}

function definition(item: AttributeValue): AttributeValue {
  if (!isMap(item)) return item;
  return mapOf(
    ["type", "function"],
    ["name", item.get("name")],
    ["description", item.get("description")],
    ["parameters", jsonOrText(item.get("parameters"))],
  );
}
