/**
 * Tools of `@langchain/core`: `execute_tool NAME`.
 *
 * In: `StructuredTool.prototype`. Side effect: `call`, which `invoke` and ToolNode go through,
 * records a span with name, call id, arguments and result.
 */
import { context, SpanKind, type Tracer, trace } from "@opentelemetry/api";
import {
  isBubbleUp,
  observe,
  readField,
  recordError,
  safely,
  setJson,
} from "@spanledger/api/internal";
import { OTEL, SPAN_NAME } from "@spanledger/schema";
import type { Method, Recorder, Wrapper } from "./internal-types.ts";

/** Wrap `StructuredTool.prototype.call`. */
export function wrapToolCall(recorder: Recorder): Wrapper {
  return (original): Method =>
    function callAndRecord(this: unknown, ...args) {
      const run = (): unknown => Reflect.apply(original, this, args);
      if (!recorder.enabled()) return run();
      const content = recorder.captureContent();
      const begun = safely(() => beginTool(recorder.tracer(), this, args, content));
      return begun === undefined ? run() : observe(begun.active, run, begun);
    };
}

function beginTool(tracer: Tracer, tool: unknown, args: readonly unknown[], content: boolean) {
  const [input, config] = args;
  const name = String(readField(tool, "name") ?? "tool");
  const span = tracer.startSpan(`${SPAN_NAME.tool} ${name}`, {
    kind: SpanKind.INTERNAL,
    attributes: {
      [OTEL.genAiOperationName]: SPAN_NAME.tool,
      [OTEL.genAiToolName]: name,
      [OTEL.genAiToolType]: "function",
    },
  });
  const isToolCall = readField(input, "type") === "tool_call";
  const callId = readField(isToolCall ? input : readField(config, "toolCall"), "id");
  if (typeof callId === "string") span.setAttribute(OTEL.genAiToolCallId, callId);
  if (content) {
    const shown = isToolCall ? readField(input, "args") : input;
    setJson(span, OTEL.genAiToolCallArguments, shown);
  }
  return {
    active: trace.setSpan(context.active(), span),
    returned: (value: unknown): void => {
      // A ToolMessage carries the tool's own result as its content.
      const result =
        readField(value, "tool_call_id") === undefined ? value : readField(value, "content");
      if (content) setJson(span, OTEL.genAiToolCallResult, result);
      span.end();
    },
    threw: (error: unknown): void => {
      if (!isBubbleUp(error)) recordError(span, error);
      span.end();
    },
  };
}
