/**
 * What a span stands for in an audit.
 *
 * In: a redacted span. Out: its type and result. Pure.
 */
import { OTEL, type SpanType } from "@spanledger/schema";
import { attributeText } from "../base/attribute-text.ts";
import type { DecodedSpan } from "../base/records.ts";
import * as rules from "../base/span-rules.ts";

/** The type of a span: by `gen_ai.operation.name`, then by the first word of its name. */
export function spanType(span: DecodedSpan): SpanType {
  const { attributes } = span;
  const operation = attributeText(attributes.get(OTEL.genAiOperationName));
  const byOperation = rules.TYPE_BY_OPERATION.get(operation);
  const type = byOperation ?? rules.TYPE_BY_FIRST_WORD.get(firstWord(span.name));
  if (type !== undefined) {
    const required = rules.REQUIRED_ATTRIBUTE[type];
    if (required === undefined || attributes.has(required)) return type;
  }
  if (span.kind === "Server" && attributes.has(rules.HTTP_METHOD_ATTRIBUTE)) return "http";
  return "other";
}

/** How it ended, in the word of its own kind; `failure` where only the status tells. */
export function spanResult(span: DecodedSpan, type: SpanType): string {
  const attribute = rules.RESULT_ATTRIBUTE[type];
  const own = attribute === undefined ? "" : attributeText(span.attributes.get(attribute));
  if (own !== "") return own;
  return span.statusCode === "Error" ? rules.FAILURE_RESULT : "";
}

function firstWord(name: string): string {
  const space = name.indexOf(" ");
  return space === -1 ? name : name.slice(0, space);
}
