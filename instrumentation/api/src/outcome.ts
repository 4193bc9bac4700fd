/**
 * How an exception ends a span: error type, status, exception event; and what is no error at all.
 */
import { type Span, SpanStatusCode } from "@opentelemetry/api";
import { OTEL, type RunResult } from "@spanledger/schema";
import { safely } from "./safely.ts";

/** Longest exception message that is kept, in characters. */
const ERROR_MESSAGE_CHARS_MAX = 4_096;

/** Whether an exception is LangGraph's way to pause or to hand over, and so no error. */
export function isBubbleUp(error: unknown): boolean {
  return readField(error, "is_bubble_up") === true;
}

/** The low-cardinality type of an exception: its class, else its name. */
export function errorTypeOf(error: unknown): string {
  const name = readField(error, "name");
  const ownClass = readField(error, "constructor");
  const className = readField(ownClass, "name");
  if (typeof name === "string" && name !== "" && name !== "Error") return name;
  if (typeof className === "string" && className !== "" && className !== "Object") return className;
  return "_OTHER";
}

/** Which result of a run an exception means. */
export function resultOfError(error: unknown): RunResult {
  const type = errorTypeOf(error);
  if (type === "AbortError" || readField(error, "message") === "Abort") return "cancellation";
  return /timeout/i.test(type) ? "timeout" : "failure";
}

/** Mark a span as failed: status ERROR, `error.type`, an exception event. */
export function recordError(span: Span, error: unknown): void {
  safely(() => {
    const type = errorTypeOf(error);
    const message = messageOf(error);
    span.setAttribute(OTEL.errorType, type);
    span.setStatus({ code: SpanStatusCode.ERROR, message });
    const stack = readField(error, "stack");
    span.recordException({
      name: type,
      message,
      ...(typeof stack === "string" ? { stack: stack.slice(0, 4 * ERROR_MESSAGE_CHARS_MAX) } : {}),
    });
  });
}

function messageOf(error: unknown): string {
  const message = readField(error, "message");
  const text = typeof message === "string" ? message : typeof error === "string" ? error : "";
  return text.slice(0, ERROR_MESSAGE_CHARS_MAX);
}

/** Read a property of anything; getters that throw count as missing. */
export function readField(value: unknown, name: string): unknown {
  try {
    if ((typeof value !== "object" && typeof value !== "function") || value === null)
      return undefined;
    return Reflect.get(value, name);
  } catch {
    return undefined;
  }
}
