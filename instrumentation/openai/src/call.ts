/**
 * One call of the API: `chat MODEL`, `embeddings MODEL`.
 *
 * In: the client, the request's body, the SDK's promise. Out: the same kind of promise. Side
 * effect: a CLIENT span that ends when the response was parsed, when its stream was read to the
 * end, left or broken, or when the request failed. No body is ever consumed for it.
 */
import {
  type Context,
  context,
  createContextKey,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { readField, recordError, safely, setOptional } from "@spanledger/api/internal";
import { OTEL } from "@spanledger/schema";
import {
  type ApiPromise,
  isJson,
  type Json,
  type ResponseStream,
  textOf,
} from "./internal-types.ts";
import type { Operation } from "./operation.ts";
import { observeStream } from "./stream.ts";

const CALL = createContextKey("spanledger.openai.call");

/**
 * How long a span waits for its response to be parsed after it has arrived, in milliseconds. A
 * promise that nobody ever reads must not keep its span open.
 */
const UNREAD_WAIT_MS = 60_000;

/** A call that is under way. */
export class Call {
  readonly active: Context;
  readonly #operation: Operation;
  readonly #content: boolean;
  readonly #span: Span;
  #resends = 0;
  /** Whether the application asked for the result in any way. */
  #asked = false;
  #read = false;
  #ended = false;

  constructor(params: CallParams) {
    const { tracer, client, body, operation, captureContent } = params;
    const model = textOf(body.model) ?? "unknown";
    this.#operation = operation;
    this.#content = captureContent;
    this.#span = tracer.startSpan(`${operation.name} ${model}`, {
      kind: SpanKind.CLIENT,
      attributes: {
        [OTEL.genAiOperationName]: operation.name,
        [OTEL.genAiProviderName]: providerOf(client),
        [OTEL.genAiRequestModel]: model,
        ...serverOf(client),
      },
    });
    const request = safely(() => operation.request(body, captureContent));
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
    if (typeof promise?._thenUnwrap !== "function") {
      // Not the SDK's promise: a stand-in of the application's tests. It stays as it is.
      this.#end();
      return promise;
    }
    const observed = promise._thenUnwrap((result) => {
      safely(() => this.#parsed(result));
      return result;
    });
    const { asResponse, parse, _thenUnwrap } = observed;
    observed.parse = (): Promise<unknown> => {
      this.#asked = true;
      return Reflect.apply(parse, observed, []);
    };
    observed._thenUnwrap = (transform): ApiPromise => {
      this.#asked = true;
      return Reflect.apply(_thenUnwrap, observed, [transform]);
    };
    observed.asResponse = (): Promise<unknown> => {
      const response = Reflect.apply(asResponse, observed, []);
      // `withResponse()` asks for both, the parsed one first; alone, nothing more will be known.
      if (!this.#asked) void response.then(() => this.#endUnread(0), noop);
      this.#asked = true;
      return response;
    };
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
    this.#read = true;
    if (isStream(result)) {
      observeStream(result, this.#operation.collector(), {
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

  #streamed(collected: Json | undefined, failure: Json | undefined): void {
    this.#describe(collected);
    if (failure !== undefined) this.#failedInside(failure);
    this.#end();
  }

  /** The request was answered, and the answer says that the model failed. */
  #failedInside(failure: unknown): void {
    this.#span.setAttribute(
      OTEL.errorType,
      textOf(readField(failure, "code")) ?? "response_failed",
    );
    this.#span.setStatus({
      code: SpanStatusCode.ERROR,
      message: textOf(readField(failure, "message")) ?? "",
    });
  }

  #describe(result: Json | undefined): void {
    if (result === undefined || this.#ended) return;
    const attributes = safely(() => this.#operation.response(result, this.#content));
    if (attributes !== undefined) this.#span.setAttributes(attributes);
  }

  /** Nobody parses the response: what is known now is all. */
  #endUnread(waitMs: number): void {
    const arrivedAtMs = Date.now();
    setTimeout(() => {
      if (!this.#read) this.#end(arrivedAtMs);
    }, waitMs).unref();
  }

  #end(atMs?: number): void {
    if (this.#ended) return;
    this.#ended = true;
    setOptional(this.#span, OTEL.httpRequestResendCount, this.#resends || undefined);
    this.#span.end(atMs);
  }
}

export interface CallParams {
  readonly tracer: Tracer;
  readonly client: unknown;
  readonly body: Json;
  readonly operation: Operation;
  readonly captureContent: boolean;
}

/** The call that the running code belongs to. */
export function activeCall(): Call | undefined {
  return context.active().getValue(CALL) as Call | undefined;
}

function isStream(result: unknown): result is ResponseStream {
  return typeof result === "object" && result !== null && Symbol.asyncIterator in result;
}

function providerOf(client: unknown): string {
  const name = readField(readField(client, "constructor"), "name");
  return name === "AzureOpenAI" ? "azure.ai.openai" : "openai";
}

function serverOf(client: unknown): Record<string, string | number> {
  const url = safely(() => new URL(String(readField(client, "baseURL"))));
  if (url === undefined) return {};
  const standard = url.protocol === "http:" ? 80 : 443;
  const port = url.port === "" ? standard : Number(url.port);
  return { [OTEL.serverAddress]: url.hostname, [OTEL.serverPort]: port };
}

function noop(): void {}
