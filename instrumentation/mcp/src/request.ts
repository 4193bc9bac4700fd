/**
 * One request of an MCP client: `tools/call NAME`, `prompts/get NAME`, `resources/read`.
 *
 * In: the client and its request. Out: the request to send, with the context in `params._meta`, and
 * an observer of its result. Side effect: a CLIENT span; or, where the span of the same tool's
 * execution is active already, MCP's attributes on that one.
 */
import {
  type Attributes,
  type Context,
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import {
  isJson,
  type Json,
  present,
  readField,
  recordError,
  safely,
  setJson,
  setOptional,
  textOf,
} from "@spanledger/api/internal";
import { OTEL, SPAN_NAME } from "@spanledger/schema";
import { resultText } from "./result.ts";
import { serverAttributes } from "./server.ts";

const CALL_TOOL = "tools/call";

/** Requests that are recorded; the others (handshake, lists, pings) change and fetch nothing. */
const RECORDED: ReadonlySet<unknown> = new Set([CALL_TOOL, "prompts/get", "resources/read"]);

/** Value of `error.type` for a result that says that the tool failed. */
const TOOL_ERROR = "tool_error";

export interface RequestParams {
  readonly tracer: Tracer;
  readonly client: unknown;
  readonly request: unknown;
  readonly captureContent: boolean;
  readonly propagate: boolean;
}

/** A request that is under way. */
export interface BegunRequest {
  readonly active: Context;
  readonly request: unknown;
  returned(result: unknown): void;
  threw(error: unknown): void;
}

/** @returns undefined where the request is not recorded */
export function beginRequest(params: RequestParams): BegunRequest | undefined {
  const { client, request, captureContent } = params;
  if (!isJson(request) || !RECORDED.has(request.method)) return undefined;
  const asked = isJson(request.params) ? request.params : {};
  const facts = { ...requestAttributes(request, asked), ...serverAttributes(client) };
  const outer = request.method === CALL_TOOL ? outerExecution(asked.name) : undefined;
  const span = outer ?? startSpan(params.tracer, request.method, asked, facts);
  if (outer !== undefined) outer.setAttributes(facts);
  else if (captureContent && request.method === CALL_TOOL) {
    setJson(span, OTEL.genAiToolCallArguments, asked.arguments);
  }
  const active = trace.setSpan(context.active(), span);
  return {
    active,
    request: (params.propagate ? safely(() => withContext(request, active)) : request) ?? request,
    returned: (result) => {
      if (readField(result, "isError") === true) failed(span, TOOL_ERROR);
      if (outer !== undefined) return;
      if (captureContent && request.method === CALL_TOOL && span.isRecording()) {
        setOptional(span, OTEL.genAiToolCallResult, resultText(result));
      }
      span.end();
    },
    threw: (error) => {
      const code = readField(error, "code");
      const status = typeof code === "number" ? String(code) : undefined;
      setOptional(span, OTEL.rpcResponseStatusCode, status);
      if (outer !== undefined) return;
      recordError(span, error);
      setOptional(span, OTEL.errorType, status);
      span.end();
    },
  };
}

function startSpan(tracer: Tracer, method: unknown, asked: Json, facts: Attributes): Span {
  const target = textOf(asked.name);
  const isTool = method === CALL_TOOL;
  const name = target === undefined ? String(method) : `${String(method)} ${target}`;
  return tracer.startSpan(name, {
    kind: SpanKind.CLIENT,
    attributes: {
      ...facts,
      ...(isTool ? { [OTEL.genAiOperationName]: SPAN_NAME.tool } : {}),
      ...(isTool && target !== undefined ? { [OTEL.genAiToolName]: target } : {}),
    },
  });
}

function requestAttributes(request: Json, asked: Json): Attributes {
  const isTool = request.method === CALL_TOOL;
  return present([
    [OTEL.mcpMethodName, textOf(request.method)],
    [OTEL.mcpResourceUri, textOf(asked.uri)],
    [OTEL.genAiPromptName, isTool ? undefined : textOf(asked.name)],
  ]);
}

/**
 * The active span, where it stands for the execution of this very tool: a framework's tool that
 * hands its call on. Frameworks may put the server's name before the tool's.
 */
function outerExecution(tool: unknown): Span | undefined {
  const span = trace.getActiveSpan();
  if (typeof tool !== "string" || span === undefined || !span.isRecording()) return undefined;
  const attributes = readField(span, "attributes");
  if (readField(attributes, OTEL.genAiOperationName) !== SPAN_NAME.tool) return undefined;
  // A second call inside the same execution is one of its own.
  if (readField(attributes, OTEL.mcpMethodName) !== undefined) return undefined;
  const name = readField(attributes, OTEL.genAiToolName);
  if (typeof name !== "string" || !name.endsWith(tool)) return undefined;
  const before = name.at(-tool.length - 1);
  return name === tool || /[^a-z0-9]/i.test(before ?? "") ? span : undefined;
}

/** A copy of the request with the context in `_meta`; what the application put there stays. */
function withContext(request: Json, active: Context): Json {
  const carrier: Record<string, string> = {};
  propagation.inject(active, carrier);
  if (Object.keys(carrier).length === 0) return request;
  const params = isJson(request.params) ? request.params : {};
  const meta = isJson(params._meta) ? params._meta : {};
  return { ...request, params: { ...params, _meta: { ...carrier, ...meta } } };
}

function failed(span: Span, type: string): void {
  span.setAttribute(OTEL.errorType, type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
