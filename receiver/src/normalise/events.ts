/**
 * Span events that carry the content of a call, as GenAI conventions before 1.37 had them and some
 * instrumentations still send: `gen_ai.user.message`, `gen_ai.choice`, `gen_ai.content.prompt`, ….
 *
 * Side effect on a draft: their content stands in the span's attributes, from where it goes to
 * payloads; the events stay, with their time and with what is not content.
 */
import { CONTENT_ATTRIBUTES, OTEL } from "@spanledger/schema";
import { GEN_AI_EVENT_PREFIX } from "../base/dialects.ts";
import type { AttributeMap, AttributeValue, SpanEvent } from "../base/records.ts";
import type { SpanDraft } from "./draft.ts";
import { isList, jsonMap, jsonOrText } from "./json-value.ts";
import { messageContent } from "./messages.ts";

/** Attributes of such events that say whose and when, not what. */
const PLAIN_ATTRIBUTES: ReadonlySet<string> = new Set([
  "event.name",
  "gen_ai.system",
  OTEL.genAiProviderName,
  "gen_ai.evaluation.name",
  "gen_ai.evaluation.score.label",
  "gen_ai.evaluation.score.value",
  OTEL.genAiResponseId,
]);

/** The whole body as JSON text (Azure's SDKs). */
const BODY_ATTRIBUTE = "gen_ai.event.content";

/** Events of one text, and the attribute of theirs and of ours. */
const TEXT_EVENTS: ReadonlyMap<string, readonly [from: string, to: string]> = new Map([
  ["gen_ai.content.prompt", ["gen_ai.prompt", OTEL.genAiInputMessages] as const],
  ["gen_ai.content.completion", ["gen_ai.completion", OTEL.genAiOutputMessages] as const],
]);

/** Move the content of a span's events. */
export function normaliseEvents(draft: SpanDraft): void {
  const { events } = draft.span;
  if (!events.some(isContentEvent)) return;
  const contents = new Map<string, AttributeValue[]>();
  const rest: AttributeValue[] = [];
  draft.replaceEvents(
    events.map((event) => (isContentEvent(event) ? emptied(event, contents, rest) : event)),
  );
  for (const [name, values] of contents) {
    if (draft.has(name)) rest.push(new Map([[name, values]]));
    else
      draft.set(
        name,
        values.length === 1 && !isList(values[0] ?? null) ? values[0] : values.flat(),
      );
  }
  if (rest.length > 0) draft.keepContent("events", rest);
}

export function isContentEvent(event: SpanEvent): boolean {
  return event.name.startsWith(GEN_AI_EVENT_PREFIX);
}

/** The event without its content: that goes into `contents`, or without a name into `rest`. */
function emptied(
  event: SpanEvent,
  contents: Map<string, AttributeValue[]>,
  rest: AttributeValue[],
): SpanEvent {
  const plain = new Map<string, AttributeValue>();
  const said = new Map<string, AttributeValue>();
  for (const [key, value] of event.attributes) {
    if (CONTENT_ATTRIBUTES.has(key)) add(contents, key, jsonOrText(value) ?? value);
    else (PLAIN_ATTRIBUTES.has(key) ? plain : said).set(key, value);
  }
  const named = contentOf(event.name, said);
  if (named !== undefined) add(contents, named.name, named.value);
  else if (said.size > 0) rest.push(new Map([["event", event.name], ...said]));
  return { ...event, attributes: plain };
}

function contentOf(name: string, said: AttributeMap) {
  if (said.size === 0) return undefined;
  const text = TEXT_EVENTS.get(name);
  if (text !== undefined) {
    const [from, to] = text;
    const value = said.get(from);
    return value === undefined || said.size > 1
      ? undefined
      : { name: to, value: jsonOrText(value) ?? value };
  }
  const body = said.get(BODY_ATTRIBUTE);
  const whole = body === undefined ? undefined : jsonMap(body);
  if (body !== undefined && whole?.size === 0) return undefined;
  const others = [...said].filter(([key]) => key !== BODY_ATTRIBUTE);
  const members = others.map(([key, value]) => [key, jsonOrText(value) ?? value] as const);
  return messageContent(name, new Map([...(whole ?? []), ...members]));
}

function add(contents: Map<string, AttributeValue[]>, name: string, value: AttributeValue): void {
  const before = contents.get(name);
  if (before === undefined) contents.set(name, [value]);
  else before.push(value);
}
