/**
 * One call of the application, `generateText()` for example: the calls to the model and to tools
 * that it makes.
 *
 * In: events of the SDK, in the shape of version 7. Side effects: `chat MODEL`, `embeddings MODEL`
 * and `execute_tool NAME` as children of what was active when the application called.
 */
import {
  type Attributes,
  type Context,
  context,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import {
  type Json,
  jsonList,
  readField,
  recordError,
  safely,
  setJson,
  textOf,
} from "@spanledger/api/internal";
import { OTEL, SPAN_NAME } from "@spanledger/schema";
import { recordAnswers, recordRequests } from "./approvals.ts";
import { modelAttributes, modelOf, requestAttributes, responseAttributes } from "./attributes.ts";
import type { SdkEvent } from "./internal-types.ts";

/** What a generation needs. */
export interface Recorder {
  readonly tracer: Tracer;
  readonly captureContent: boolean;
}

/** Says what to record with; undefined while nothing is to be recorded. */
export type RecorderSource = () => Recorder | undefined;

/** A call to the model that has not ended. */
interface OpenCall {
  readonly span: Span;
  readonly active: Context;
  /** How often the request was sent. */
  sent: number;
  /** Why the latest attempt failed; the SDK may try again. */
  failure: { readonly error: unknown } | undefined;
}

export class Generation {
  readonly parent: Context = context.active();
  readonly #recorder: Recorder;
  readonly #tools = new Map<string, Span>();
  #call: OpenCall | undefined;
  #request: SdkEvent = {};
  #muted: boolean;
  /** What of the content is kept: the application may decide it for each call. */
  #keepsInputs: boolean;
  #keepsOutputs: boolean;

  /** @param muted somebody else records the calls to models and tools; approvals are ours alone */
  constructor(recorder: Recorder, muted: boolean) {
    this.#recorder = recorder;
    this.#muted = muted;
    this.#keepsInputs = recorder.captureContent;
    this.#keepsOutputs = recorder.captureContent;
  }

  mute(): void {
    this.#muted = true;
  }

  started(event: SdkEvent): void {
    this.#request = event;
    // Said once at the start: not every version repeats it with tools, nor leaves their content out.
    if (event.recordInputs === false) this.#keepsInputs = false;
    if (event.recordOutputs === false) this.#keepsOutputs = false;
    recordAnswers(event.messages ?? event.prompt, this.parent);
  }

  modelCallStarted(event: SdkEvent): void {
    // After a failure it is the next attempt of the same call: streams say that they start again.
    if (this.#muted || this.#call?.failure !== undefined) return;
    this.#endCall({});
    this.#call = this.#openCall("chat", event);
    const { span } = this.#call;
    if (span.isRecording()) span.setAttributes(requestAttributes(event, this.#keepsInputs));
  }

  /** The request is sent; the provider's own HTTP requests become children of the call. */
  async runModel<T>(execute: () => PromiseLike<T>): Promise<T> {
    const call = this.#call;
    if (call === undefined) return await execute();
    call.sent += 1;
    call.failure = undefined;
    try {
      return await context.with(call.active, execute);
    } catch (error) {
      call.failure = { error };
      throw error;
    }
  }

  modelCallEnded(event: SdkEvent, atMs?: number): void {
    if (event.finishReason === "error") this.#failedInside();
    const isRecorded = this.#call?.span.isRecording() === true;
    this.#endCall(isRecorded ? responseAttributes(event, this.#keepsOutputs) : {}, atMs);
  }

  /** `generateObject()`: one call, whose settings came with the start. */
  objectStarted(event: SdkEvent): void {
    const { system: instructions } = this.#request;
    const messages = event.promptMessages;
    this.modelCallStarted({ ...this.#request, ...event, instructions, messages });
  }

  objectEnded(event: SdkEvent): void {
    const [response = {}] = jsonList([event.response]);
    const content = [{ type: "text", text: event.objectText }];
    const { modelId = event.modelId, id: responseId } = response;
    this.modelCallEnded({ ...event, content, modelId, responseId });
  }

  embeddingStarted(event: SdkEvent): void {
    if (this.#muted) return;
    this.#endCall({});
    this.#call = this.#openCall("embeddings", event);
  }

  embeddingEnded(event: SdkEvent): void {
    const tokens = readField(event.usage, "tokens");
    this.#endCall(typeof tokens === "number" ? { [OTEL.genAiUsageInputTokens]: tokens } : {});
  }

  toolStarted(toolCall: Json): void {
    if (this.#muted) return;
    const name = textOf(toolCall.toolName) ?? "tool";
    const id = textOf(toolCall.toolCallId) ?? name;
    const span = this.#recorder.tracer.startSpan(
      `${SPAN_NAME.tool} ${name}`,
      {
        kind: SpanKind.INTERNAL,
        attributes: {
          [OTEL.genAiOperationName]: SPAN_NAME.tool,
          [OTEL.genAiToolName]: name,
          [OTEL.genAiToolType]: "function",
          [OTEL.genAiToolCallId]: id,
        },
      },
      this.parent,
    );
    if (this.#keepsInputs) {
      setJson(span, OTEL.genAiToolCallArguments, toolCall.input);
    }
    this.#tools.get(id)?.end();
    this.#tools.set(id, span);
  }

  /** Where the tool runs; what it calls becomes its children. */
  toolContext(toolCallId: unknown): Context {
    const span = this.#tools.get(String(toolCallId));
    return span === undefined ? context.active() : trace.setSpan(this.parent, span);
  }

  toolEnded(toolCall: Json, outcome: { output?: unknown; error?: unknown }): void {
    const id = textOf(toolCall.toolCallId) ?? textOf(toolCall.toolName) ?? "tool";
    const span = this.#tools.get(id);
    if (span === undefined) return;
    this.#tools.delete(id);
    if (outcome.error !== undefined) recordError(span, outcome.error);
    // A result may repeat what went in.
    if (this.#keepsInputs && this.#keepsOutputs) {
      setJson(span, OTEL.genAiToolCallResult, outcome.output);
    }
    span.end();
  }

  stepEnded(event: SdkEvent): void {
    recordRequests(event.content, this.parent);
  }

  failed(error: unknown): void {
    const call = this.#call;
    if (call !== undefined) recordError(call.span, causeOf(call.failure?.error ?? error));
    this.ended();
  }

  /** Nothing more will come. */
  ended(): void {
    this.#endCall({});
    for (const span of this.#tools.values()) span.end();
    this.#tools.clear();
  }

  /** The request was answered, and its stream tells of an error, which the SDK keeps to itself. */
  #failedInside(): void {
    this.#call?.span.setAttribute(OTEL.errorType, "response_failed");
    this.#call?.span.setStatus({ code: SpanStatusCode.ERROR });
  }

  #openCall(operation: "chat" | "embeddings", event: SdkEvent): OpenCall {
    const span = this.#recorder.tracer.startSpan(
      `${operation} ${modelOf(event)}`,
      { kind: SpanKind.CLIENT, attributes: modelAttributes(operation, event) },
      this.parent,
    );
    const active = trace.setSpan(this.parent, span);
    return { span, active, sent: 0, failure: undefined };
  }

  #endCall(attributes: Attributes, atMs?: number): void {
    const call = this.#call;
    if (call === undefined) return;
    this.#call = undefined;
    safely(() => call.span.setAttributes(attributes));
    if (call.sent > 1) call.span.setAttribute(OTEL.httpRequestResendCount, call.sent - 1);
    call.span.end(atMs);
  }
}

/** The SDK wraps what failed after its last attempt. */
function causeOf(error: unknown): unknown {
  return readField(error, "lastError") ?? error;
}
