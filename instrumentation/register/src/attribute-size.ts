/**
 * About how much a span takes: the characters of its attributes and of those of its events.
 *
 * In: a span that has ended. Out: characters. Pure, and cheap: it looks at lengths alone.
 */
import type { Attributes } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";

/** What a span takes beside its texts: ids, times, names. */
const SPAN_CHARS = 200;

export function charsOf(span: ReadableSpan): number {
  let chars = SPAN_CHARS + charsIn(span.attributes);
  for (const { attributes } of span.events) chars += charsIn(attributes);
  return chars;
}

function charsIn(attributes: Attributes | undefined): number {
  let chars = 0;
  for (const name in attributes) {
    const value = attributes[name];
    chars += name.length;
    if (typeof value === "string") chars += value.length;
    else if (Array.isArray(value)) {
      for (const item of value) chars += typeof item === "string" ? item.length : 8;
    } else chars += 8;
  }
  return chars;
}
