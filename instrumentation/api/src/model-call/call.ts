/**
 * One call of a model's API: `chat MODEL`, `embeddings MODEL`.
 *
 * In: the client, the request's body, the SDK's promise. Out: the same kind of promise. Side
 * effect: a CLIENT span that ends when the response was parsed, when its stream was read to the
 * end, left, broken or dropped, or when the request failed. No body is ever consumed for it.
 */
import {
  type Attributes,
  type Context,
  context,
  createContextKey,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { OTEL } from "@spanledger/schema";
import { readField, recordError } from "../outcome.ts";
import { safely } from "../safely.ts";
import { setOptional } from "../set-optional.ts";
import { addressOf } from "./address.ts";
import type { ModelOperation } from "./operation.ts";
import { observeStream } from "./stream.ts";
import { type ApiPromise, isJson, isResponseStream, type Json, textOf } from "./wire.ts";

const CALL = createContextKey("spanledger.model-call");

/**
 * How long a span waits for its response to be parsed after it has arrived, in milliseconds. A
 * promise that nobody ever reads must not keep its span open.
 */
const UNREAD_WAIT_MS = 60_000;

export interface ModelCallParams {
  readonly tracer: Tracer;
  /** The SDK's client: its `baseURL` is where the request goes. */
  readonly client: unknown;
  /** Value of `gen_ai.provider.name`. */
  readonly provider: string;
  readonly body: Json;
  readonly operation: ModelOperation;
  readonly captureContent: boolean;
}

/** A call that is under way. */
export class ModelCall {
  readonly active: Context;
  readonly #operation: ModelOperation;
  readonly #content: boolean;
  readonly #span: Span;
  readonly #startedAtMs: number;
  #resends = 0;
  /** Whether the application asked for the result in any way. */
  #asked = false;
  #read = false;
  #ended = false;
  #began = false;

  constructor(params: ModelCallParams) {
    const { tracer, client, body, operation, captureContent } = params;
    const model = textOf(body.model) ?? "unknown";
    this.#operation = operation;
    this.#content = captureContent;
    this.#span = tracer.startSpan(`${operation.name} ${model}`, {
      kind: SpanKind.CLIENT,
      attributes: {
        [OTEL.genAiOperationName]: operation.name,
        [OTEL.genAiProviderName]: params.provider,
        [OTEL.genAiRequestModel]: model,
        ...(body.stream === true ? { [OTEL.genAiRequestStream]: true } : {}),
        ...serverOf(client),
      },
    });
    this.#startedAtMs = performance.now();
    const request = this.#recorded(() => operation.request(body, captureContent));
    if (request !== undefined) this.#span.setAttributes(request);
    const here = context.active();
    this.active = trace.setSpan(here, this.#span).setValue(CALL, this);
  }

  /** The SDK sends the request again. */
  resent(): void {
    this.#resends += 1;
  }

  /** Watch the SDK's promise; the result is what the application gets. */
  observe(promise: ApiPromise): ApiPromise {
    // Nobody records it: there is nothing to learn.
    if (!this.#span.isRecording()) return promise;
    if (typeof promise?._thenUnwrap !== "function") {
      // Not the SDK's promise: a stand-in of the application's tests. It stays as it is.
      this.#end();
      return promise;
    }
    const observed = promise._thenUnwrap((result) => {
      safely(() => this.#parsed(result));
      return result;
    });
    this.#track(observed);
    this.#watchRequest(promise.responsePromise);
    return observed;
  }

  failed(error: unknown): void {
    safely(() => {
      if (this.#ended) return;
      recordError(this.#span, error);
      this.#end();
    });
  }

  /** Learn whether anybody asks for the result, of this promise or of one derived from it. */
  #track(promise: ApiPromise): void {
    const { asResponse, parse, _thenUnwrap } = promise;
    promise.parse = (): Promise<unknown> => {
      this.#asked = true;
      // Reading a slow body may time out and send the request again: that belongs to the call.
      return context.with(this.active, () => Reflect.apply(parse, promise, []));
    };
    promise._thenUnwrap = (transform): ApiPromise => {
      const derived = Reflect.apply(_thenUnwrap, promise, [transform]);
      safely(() => this.#track(derived));
      return derived;
    };
    promise.asResponse = (): Promise<unknown> => {
      const response = Reflect.apply(asResponse, promise, []);
      // `withResponse()` asks for both, the parsed one first; alone, nothing more will be known.
      if (!this.#asked) void response.then(() => this.#endUnread(0), noop);
      this.#asked = true;
      return response;
    };
  }

  /**
   * Learn of the request itself, also where nobody asks for its result. A failure that nobody asks
   * for stays an unhandled rejection, as it is without us.
   */
  #watchRequest(request: Promise<unknown> | undefined): void {
    void request?.then(
      () => {
        if (!this.#asked) safely(() => this.#endUnread(UNREAD_WAIT_MS));
      },
      (error: unknown) => {
        this.failed(error);
        if (!this.#asked) throw error;
      },
    );
  }

  #parsed(result: unknown): void {
    if (this.#read) return;
    this.#read = true;
    if (isResponseStream(result)) {
      observeStream(result, this.#operation.collector(), {
        began: () => this.#firstChunk(),
        ended: (collected, failure) => this.#streamed(collected, failure),
        failed: (error, collected) => {
          this.#describe(collected);
          this.failed(error);
        },
      });
      return;
    }
    if (isJson(result)) this.#describe(result);
    if (readField(result, "status") === "failed") this.#failedInside(readField(result, "error"));
    this.#end();
  }

  #firstChunk(): void {
    if (this.#began) return;
    this.#began = true;
    const seconds = (performance.now() - this.#startedAtMs) / 1_000;
    this.#span.setAttribute(OTEL.genAiResponseTimeToFirstChunk, seconds);
  }

  #streamed(collected: Json | undefined, failure: Json | undefined): void {
    this.#describe(collected);
    if (failure !== undefined) this.#failedInside(failure);
    this.#end();
  }

  /** The request was answered, and the answer says that the model failed. */
  #failedInside(failure: unknown): void {
    const type = textOf(readField(failure, "code")) ?? textOf(readField(failure, "type"));
    this.#span.setAttribute(OTEL.errorType, type ?? "response_failed");
    this.#span.setStatus({
      code: SpanStatusCode.ERROR,
      message: textOf(readField(failure, "message")) ?? "",
    });
  }

  #describe(result: Json | undefined): void {
    if (result === undefined || this.#ended) return;
    const attributes = this.#recorded(() => this.#operation.response(result, this.#content));
    if (attributes !== undefined) this.#span.setAttributes(attributes);
  }

  /** Content is put into words only where somebody records it. */
  #recorded(attributes: () => Attributes): Attributes | undefined {
    return this.#span.isRecording() ? safely(attributes) : undefined;
  }

  /** Nobody parses the response: what is known now is all. */
  #endUnread(waitMs: number): void {
    const arrivedAtMs = Date.now();
    const end = (): void => {
      if (!this.#read) safely(() => this.#end(arrivedAtMs));
    };
    setTimeout(end, waitMs).unref();
  }

  #end(atMs?: number): void {
    if (this.#ended) return;
    this.#ended = true;
    setOptional(this.#span, OTEL.httpRequestResendCount, this.#resends || undefined);
    this.#span.end(atMs);
  }
}

/** The call that the running code belongs to. */
export function activeModelCall(): ModelCall | undefined {
  return context.active().getValue(CALL) as ModelCall | undefined;
}

function serverOf(client: unknown): Record<string, string | number> {
  const address = addressOf(client);
  if (address === undefined) return {};
  return { [OTEL.serverAddress]: address.host, [OTEL.serverPort]: address.port };
}

function noop(): void {}
