/**
 * A span of another dialect in our names.
 *
 * In: a decoded span. Out: the same object where nothing in it is foreign, else a new one. Pure.
 * The fast lane of ingest hands over all spans that this would change (`base/dialects.ts`).
 */
import { isForeignKey, isForeignScope } from "../base/dialects.ts";
import type { DecodedSpan } from "../base/records.ts";
import { normaliseAiSdk } from "./ai-sdk.ts";
import { normaliseAnthropic } from "./anthropic.ts";
import { SpanDraft } from "./draft.ts";
import { isContentEvent, normaliseEvents } from "./events.ts";
import { readingOneSpan } from "./json-value.ts";
import { normaliseMastra } from "./mastra.ts";
import { renameOlder } from "./older-names.ts";
import { normaliseOpenInference } from "./openinference.ts";
import { normaliseTraceloop } from "./traceloop.ts";

/**
 * Who speaks first says what the span is: OpenInference also annotates spans of the AI SDK and of
 * Mastra. The others then only rename what is theirs.
 */
const DIALECTS: readonly ((draft: SpanDraft) => void)[] = [
  normaliseEvents,
  normaliseMastra,
  normaliseOpenInference,
  normaliseAiSdk,
  normaliseTraceloop,
  normaliseAnthropic,
  renameOlder,
];

/** Put a span into our names. */
export function normaliseSpan(span: DecodedSpan): DecodedSpan {
  if (!isForeign(span)) return span;
  const draft = new SpanDraft(span);
  return readingOneSpan(() => {
    for (const normalise of DIALECTS) normalise(draft);
    return draft.finish();
  });
}

function isForeign(span: DecodedSpan): boolean {
  if (isForeignScope(span.scope.name) || span.events.some(isContentEvent)) return true;
  for (const key of span.attributes.keys()) if (isForeignKey(key)) return true;
  return false;
}
