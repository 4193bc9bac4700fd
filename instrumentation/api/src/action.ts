/**
 * `action()` and `tool()`: what a run does to other systems.
 *
 * In: a name, facts, the application's function. Out: what the function returns. Side effect: one
 * span `perform_action NAME` (CLIENT) or `execute_tool NAME`.
 */
import { context, type Span, SpanKind, trace } from "@opentelemetry/api";
import { OTEL, SPAN_NAME, WORKFLOW } from "@spanledger/schema";
import { observe } from "./observe.ts";
import { recordError } from "./outcome.ts";
import { safely } from "./safely.ts";
import { setJson, setOptional } from "./set-optional.ts";
import { apiTracer } from "./tracer.ts";
import type { ActionHandle, ActionOptions, ToolOptions } from "./types.ts";

/** Record a side effect: `action("salesforce.create_lead", { target: "salesforce" }, …)`. */
export function action<T>(name: string, fn: (action: ActionHandle) => T): T;
export function action<T>(name: string, options: ActionOptions, fn: (action: ActionHandle) => T): T;
export function action<T>(
  name: string,
  second: ActionOptions | ((action: ActionHandle) => T),
  third?: (action: ActionHandle) => T,
): T {
  const options = typeof second === "function" ? {} : second;
  const fn = typeof second === "function" ? second : third;
  if (fn === undefined) throw new TypeError("action() needs a function");
  const span = safely(() => beginAction(name, options));
  if (span === undefined) return fn({ setExternalId: () => undefined, setResult: () => undefined });
  let result: string | undefined;
  const handle: ActionHandle = {
    setExternalId: (id) => {
      safely(() => span.setAttribute(WORKFLOW.actionExternalId, id));
    },
    setResult: (text) => {
      result = text;
    },
  };
  return observe(trace.setSpan(context.active(), span), () => fn(handle), {
    returned: () => end(span, WORKFLOW.actionResult, result ?? "success"),
    threw: (error) => {
      recordError(span, error);
      end(span, WORKFLOW.actionResult, result ?? "failure");
    },
  });
}

/** Record a tool call that no instrumented library makes. */
export function tool<T>(name: string, options: ToolOptions, fn: () => T): T {
  const span = safely(() => beginTool(name, options));
  if (span === undefined) return fn();
  return observe(trace.setSpan(context.active(), span), fn, {
    returned: (value) => {
      setJson(span, OTEL.genAiToolCallResult, value);
      span.end();
    },
    threw: (error) => {
      recordError(span, error);
      span.end();
    },
  });
}

function beginAction(name: string, options: ActionOptions): Span {
  const span = apiTracer().startSpan(`${SPAN_NAME.action} ${name}`, {
    kind: SpanKind.CLIENT,
    attributes: { [WORKFLOW.actionName]: name },
  });
  setOptional(span, WORKFLOW.actionTarget, options.target);
  setOptional(span, WORKFLOW.actionExternalId, options.externalId);
  return span;
}

function beginTool(name: string, options: ToolOptions): Span {
  const span = apiTracer().startSpan(`${SPAN_NAME.tool} ${name}`, {
    kind: SpanKind.INTERNAL,
    attributes: {
      [OTEL.genAiOperationName]: SPAN_NAME.tool,
      [OTEL.genAiToolName]: name,
      [OTEL.genAiToolType]: options.type ?? "function",
    },
  });
  setOptional(span, OTEL.genAiToolCallId, options.callId);
  setJson(span, OTEL.genAiToolCallArguments, options.arguments);
  return span;
}

function end(span: Span, name: string, value: string): void {
  span.setAttribute(name, value);
  span.end();
}
