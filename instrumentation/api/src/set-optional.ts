/** Attributes that are set only where there is a value, and somebody who records it. */
import type { AttributeValue, Span } from "@opentelemetry/api";
import { jsonText } from "./json-text.ts";

export function setOptional(span: Span, name: string, value: AttributeValue | undefined): void {
  if (value !== undefined) span.setAttribute(name, value);
}

/** A value of the application as JSON text; of a span that nobody records it is not even read. */
export function setJson(span: Span, name: string, value: unknown): void {
  if (span.isRecording()) setOptional(span, name, jsonText(value));
}
