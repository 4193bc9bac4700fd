/**
 * The spans that `@anthropic-ai/sdk` records itself from 0.134, scope
 * `com.anthropic.sdk.typescript`.
 *
 * Side effect on a draft: the names of the conventions, as `AnthropicSpanProcessor` of
 * `@spanledger/instrumentation-anthropic` gives them in the application; after it nothing is left.
 */
import { ANTHROPIC, OTEL } from "@spanledger/schema";
import type { AttributeValue } from "../base/records.ts";
import type { SpanDraft } from "./draft.ts";
import { isMap, jsonList } from "./json-value.ts";
import { mapOf } from "./parts.ts";
import { belongsToRun, isRoot } from "./roles.ts";

/** Beginning of the SDK's own span names. */
const OWN_NAME = "anthropic.";

/** What follows an operation in a span's name. */
const TARGETS: ReadonlyMap<string, string> = new Map([
  ["chat", OTEL.genAiRequestModel],
  ["execute_tool", OTEL.genAiToolName],
  ["invoke_agent", OTEL.genAiAgentName],
]);

/** Why the model stopped, in the words of the conventions. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ["end_turn", "stop"],
  ["stop_sequence", "stop"],
  ["max_tokens", "length"],
  ["model_context_window_exceeded", "length"],
  ["tool_use", "tool_call"],
  ["refusal", "content_filter"],
]);

/** Put a span of the SDK into our names. */
export function normaliseAnthropic(draft: SpanDraft): void {
  const { span } = draft;
  if (!span.scope.name.startsWith(ANTHROPIC.scope)) return;
  const operation = draft.text(OTEL.genAiOperationName);
  const isOwnName = span.name.startsWith(OWN_NAME);
  if (isOwnName) draft.speaks("anthropic");
  if (isOwnName && (!isRoot(draft) || operation === "invoke_agent")) belongsToRun(draft);
  draft.rename(ANTHROPIC.toolResultContent, OTEL.genAiToolCallResult);
  const target = TARGETS.get(operation);
  if (target === undefined || !isOwnName) return;
  const name = draft.text(target);
  draft.nameIt(name === "" ? operation : `${operation} ${name}`);
  const stopped = draft.text(ANTHROPIC.stopReason);
  if (stopped === "") return;
  const reason = REASONS.get(stopped) ?? stopped;
  draft.set(OTEL.genAiResponseFinishReasons, [reason]);
  const messages = jsonList(draft.get(OTEL.genAiOutputMessages));
  if (messages === undefined) return;
  draft.rewrite(
    OTEL.genAiOutputMessages,
    messages.map((message) => withReason(message, reason)),
  );
}

function withReason(message: AttributeValue, reason: string): AttributeValue {
  if (!isMap(message) || message.has("finish_reason")) return message;
  return new Map([...message, ...mapOf(["finish_reason", reason])]);
}
