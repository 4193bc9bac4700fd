/**
 * The spans that the SDK records itself, from 0.134, in the names of the conventions.
 *
 * In: spans of scope `com.anthropic.sdk.typescript` and those of its platforms. Side effects on
 * them alone: `chat MODEL`, `execute_tool NAME` and `invoke_agent` instead of the SDK's names; tool
 * definitions and sampling; what the model said in a raw stream, finish reasons and tool results
 * under the conventions' attributes when the span ends.
 */
import type { Context, Span } from "@opentelemetry/api";
import { readField, safely, setOptional } from "@spanledger/api/internal";
import { ANTHROPIC, OTEL } from "@spanledger/schema";
import { finishReason } from "./finish-reason.ts";
import { carriedAttributes } from "./own-request.ts";
import { streamedAttributes } from "./own-stream.ts";

/** What follows an operation in a span's name. */
const TARGET: ReadonlyMap<unknown, string> = new Map([
  ["chat", OTEL.genAiRequestModel],
  ["execute_tool", OTEL.genAiToolName],
  ["invoke_agent", OTEL.genAiAgentName],
]);

/** End of the text of one output message: its list of parts, itself, the list of messages. */
const MESSAGE_END = "]}]";

/**
 * A span processor for any OpenTelemetry SDK, before the one that exports;
 * `@spanledger/register` installs it by itself.
 */
export class AnthropicSpanProcessor {
  onStart(span: Span, parent: Context): void {
    safely(() => {
      if (!isOwnSpan(span)) return;
      const attributes = readField(span, "attributes");
      const operation = readField(attributes, OTEL.genAiOperationName);
      const target = TARGET.get(operation);
      if (target === undefined) return;
      const name = readField(attributes, target);
      span.updateName(name === undefined ? String(operation) : `${operation} ${name}`);
      if (operation === "chat") span.setAttributes(carriedAttributes(parent, span));
    });
  }

  /** Called by SDKs of OpenTelemetry from 2.0 on; the span can still be changed. */
  onEnding(span: Span): void {
    safely(() => {
      if (!isOwnSpan(span)) return;
      const attributes = readField(span, "attributes");
      for (const [name, value] of Object.entries(streamedAttributes(span))) {
        // What the SDK says itself stays.
        if (readField(attributes, name) === undefined) setOptional(span, name, value);
      }
      const stopReason = readField(attributes, ANTHROPIC.stopReason);
      const output = readField(attributes, OTEL.genAiOutputMessages);
      const reason = typeof stopReason === "string" ? finishReason(stopReason) : undefined;
      if (reason !== undefined) span.setAttribute(OTEL.genAiResponseFinishReasons, [reason]);
      if (typeof output === "string" && output.endsWith(MESSAGE_END)) {
        const reasonText = JSON.stringify(reason ?? "unknown");
        const text = `${output.slice(0, -2)},"finish_reason":${reasonText}}]`;
        span.setAttribute(OTEL.genAiOutputMessages, text);
      }
      const result = readField(attributes, ANTHROPIC.toolResultContent);
      if (typeof result === "string") {
        span.setAttribute(OTEL.genAiToolCallResult, result);
        // Moved, not copied: content is kept under the names that redaction and capture know.
        Reflect.deleteProperty(attributes as object, ANTHROPIC.toolResultContent);
      }
    });
  }

  onEnd(): void {}

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}
}

function isOwnSpan(span: Span): boolean {
  const scope = readField(span, "instrumentationScope");
  const name = readField(scope, "name");
  return typeof name === "string" && name.startsWith(ANTHROPIC.scope);
}
