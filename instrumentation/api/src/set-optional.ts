/** Attributes that are set only where there is a value. */
import type { AttributeValue, Span } from "@opentelemetry/api";

export function setOptional(span: Span, name: string, value: AttributeValue | undefined): void {
  if (value !== undefined) span.setAttribute(name, value);
}
