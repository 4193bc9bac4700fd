/**
 * Names that OpenTelemetry's GenAI conventions had before their present ones, and some that
 * dialects share.
 *
 * Side effect on a draft: attributes have the names of today.
 */
import { OTEL } from "@spanledger/schema";
import { OPENTELEMETRY_SCOPE } from "../base/dialects.ts";
import type { AttributeValue } from "../base/records.ts";
import type { SpanDraft } from "./draft.ts";
import { jsonList } from "./json-value.ts";
import { providerName } from "./provider.ts";
import { belongsToRun, isRoot } from "./roles.ts";

const RENAMED: readonly (readonly [from: string, to: string])[] = [
  ["enduser.id", OTEL.userId],
  ["gen_ai.usage.prompt_tokens", OTEL.genAiUsageInputTokens],
  ["gen_ai.usage.completion_tokens", OTEL.genAiUsageOutputTokens],
  ["gen_ai.usage.reasoning_tokens", OTEL.genAiUsageReasoningOutputTokens],
  ["gen_ai.usage.cache_read_input_tokens", OTEL.genAiUsageCacheReadInputTokens],
  ["gen_ai.usage.cache_creation_input_tokens", OTEL.genAiUsageCacheWriteInputTokens],
  ["gen_ai.usage.cache_creation.input_tokens", OTEL.genAiUsageCacheWriteInputTokens],
];

/** What is left when every dialect has been heard, and OpenTelemetry's own instrumentation. */
export function renameOlder(draft: SpanDraft): void {
  if (draft.span.scope.name.startsWith(OPENTELEMETRY_SCOPE) && !isRoot(draft)) belongsToRun(draft);
  draft.rename("gen_ai.system", OTEL.genAiProviderName, providerName);
  for (const [from, to] of RENAMED) draft.rename(from, to);
  draft.rename("gen_ai.response.finish_reason", OTEL.genAiResponseFinishReasons, (reason) =>
    Array.isArray(reason) ? reason : [reason],
  );
  finishReasonsAsList(draft);
}

/** Some send the list as JSON text. */
function finishReasonsAsList(draft: SpanDraft): void {
  const reasons: AttributeValue | undefined = draft.get(OTEL.genAiResponseFinishReasons);
  if (typeof reasons !== "string" || !reasons.startsWith("[")) return;
  const list = jsonList(reasons);
  if (list === undefined) return;
  draft.take(OTEL.genAiResponseFinishReasons);
  draft.set(OTEL.genAiResponseFinishReasons, list);
}
