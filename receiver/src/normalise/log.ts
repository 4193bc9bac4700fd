/**
 * What a log record says about a run, in the terms of spans.
 *
 * In: a decoded log record. Out: a normalised one, or why it is not kept. Pure.
 *
 * Kept are records with GenAI content (events `gen_ai.*`, content attributes) or an exception: they
 * are what a span would hold, sent beside it. Nothing of such a record is left out: what is neither
 * content nor the error nor its place stands as JSON under the event's name.
 */
import { CONTENT_ATTRIBUTES, OTEL, WORKFLOW } from "@spanledger/schema";
import { GEN_AI_EVENT_PREFIX } from "../base/dialects.ts";
import type { AttributeValue, DecodedLog, NormalisedLog } from "../base/records.ts";
import { EXCEPTION_EVENT } from "../base/span-rules.ts";
import { messageContent } from "./messages.ts";

/**
 * Why a record is not kept.
 *
 * - `log_kind`: it has neither GenAI content nor an exception
 * - `log_run`: nothing says to which run it belongs
 */
export type LogRefusal = "log_kind" | "log_run";

/** Where an event's name stood before it had a field of its own (opentelemetry-proto 1.5). */
const EVENT_NAME_ATTRIBUTE = "event.name";

/** Where it belongs, and what failed: columns of their own. */
const PLACE_ATTRIBUTES: ReadonlySet<string> = new Set([
  WORKFLOW.runId,
  WORKFLOW.id,
  WORKFLOW.stepName,
]);
const ERROR_ATTRIBUTES: ReadonlySet<string> = new Set([
  OTEL.exceptionType,
  OTEL.exceptionMessage,
  OTEL.errorType,
  WORKFLOW.stepAttempt,
  WORKFLOW.stepFallback,
]);

/** Stands for the name of a record that has none. */
const NAMELESS = "log_record";

/** Said by the span of the same call, or by the event's name itself. */
const REPEATED_ATTRIBUTES: ReadonlySet<string> = new Set([
  EVENT_NAME_ATTRIBUTE,
  OTEL.genAiProviderName,
  "gen_ai.system",
]);

/** Normalise one record. */
export function normaliseLog(record: DecodedLog): NormalisedLog | LogRefusal {
  const { traceId, spanId, timeNs, attributes, resource } = record;
  const eventName = eventNameOf(record);
  const isError = attributes.has(OTEL.exceptionType) || attributes.has(OTEL.exceptionMessage);
  const isGenAi = eventName.startsWith(GEN_AI_EVENT_PREFIX);
  const content = [...attributes].filter(([key]) => CONTENT_ATTRIBUTES.has(key));
  if (!isError && !isGenAi && content.length === 0) return "log_kind";
  if (traceId === "" && isEmpty(attributes.get(WORKFLOW.runId))) return "log_run";

  const place = new Map<string, AttributeValue>();
  const contents = new Map<string, AttributeValue>(content);
  const rest = new Map<string, AttributeValue>();
  for (const [key, value] of attributes) {
    if (PLACE_ATTRIBUTES.has(key) || (isError && ERROR_ATTRIBUTES.has(key))) place.set(key, value);
    else if (!CONTENT_ATTRIBUTES.has(key) && !REPEATED_ATTRIBUTES.has(key)) rest.set(key, value);
  }
  const message = messageContent(eventName, record.body);
  if (message !== undefined && !contents.has(message.name)) {
    contents.set(message.name, message.value);
  } else if (isError && !place.has(OTEL.exceptionMessage) && typeof record.body === "string") {
    place.set(OTEL.exceptionMessage, record.body);
  } else if (!isEmpty(record.body)) rest.set("body", record.body);
  if (isError && record.severityText !== "") rest.set("severity_text", record.severityText);
  if (rest.size > 0) contents.set(eventName || (isError ? EXCEPTION_EVENT : NAMELESS), rest);
  return { traceId, spanId, timeNs, attributes: place, contents, isError, resource };
}

function eventNameOf(record: DecodedLog): string {
  if (record.eventName !== "") return record.eventName;
  const attribute = record.attributes.get(EVENT_NAME_ATTRIBUTE);
  return typeof attribute === "string" ? attribute : "";
}

function isEmpty(value: AttributeValue | undefined): boolean {
  return value === undefined || value === null || value === "";
}
