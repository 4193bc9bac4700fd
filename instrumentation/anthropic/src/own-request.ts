/**
 * The request of a call that the SDK records itself, for what its span leaves out.
 *
 * In: the body of `create` and its client. Out: a context that carries them to the span's start,
 * which comes while `create` runs. The call itself is not touched, but for a stream that is watched.
 */
import {
  type Attributes,
  type Context,
  context,
  createContextKey,
  type Span,
} from "@opentelemetry/api";
import { type ApiPromise, isJson, readField, safely } from "@spanledger/api/internal";
import { OTEL } from "@spanledger/schema";
import { samplingAndTools } from "./messages.ts";
import { collectStream } from "./own-stream.ts";
import { platformOf } from "./provider.ts";

const REQUEST = createContextKey("spanledger.anthropic.request");

type Create = (this: unknown, ...args: unknown[]) => unknown;

interface Request {
  readonly client: unknown;
  readonly body: unknown;
  readonly captureContent: boolean;
  /** The span that began for it; none where the helper of streams began one before. */
  span?: Span;
}

/** Wrap `create`. @param captureContent undefined where nothing is recorded */
export function carryRequest(
  captureContent: () => boolean | undefined,
): (original: Create) => Create {
  return (original) =>
    function createWithRequest(this: unknown, ...args: unknown[]) {
      const run = (): unknown => Reflect.apply(original, this, args);
      const request = safely(() => requestOf(this, args[0], captureContent()));
      if (request === undefined) return run();
      const promise = context.with(context.active().setValue(REQUEST, request), run);
      return safely(() => watched(request, promise)) ?? promise;
    };
}

function requestOf(
  resource: unknown,
  body: unknown,
  captureContent: boolean | undefined,
): Request | undefined {
  if (captureContent === undefined) return undefined;
  return { client: readField(resource, "_client"), body, captureContent };
}

/** The SDK's promise of a stream, with the stream watched; undefined where there is none. */
function watched({ span, body, client, captureContent }: Request, promise: unknown): unknown {
  if (span === undefined || readField(body, "stream") !== true) return undefined;
  if (typeof readField(promise, "_thenUnwrap") !== "function") return undefined;
  const keepsContent = captureContent && isContentWanted(client);
  return (promise as ApiPromise)._thenUnwrap((result) => {
    safely(() => collectStream(span, result, keepsContent));
    return result;
  });
}

/** Whether the client's own settings ask for content: the SDK says the rest by them. */
function isContentWanted(client: unknown): boolean {
  const traces = readField(readField(client, "openTelemetry"), "traces");
  return readField(traces, "contentMode") === "content";
}

/** What the span that starts in this context leaves out. */
export function carriedAttributes(parent: Context, span: Span): Attributes {
  const request = parent.getValue(REQUEST) as Request | undefined;
  if (request === undefined || !isJson(request.body)) return {};
  request.span ??= span;
  const attributes = samplingAndTools(request.body, request.captureContent);
  // Clients of other platforms from before the SDK traced itself do not tell it where they lead.
  const platform = platformOf(request.client);
  return platform === undefined
    ? attributes
    : { ...attributes, [OTEL.genAiProviderName]: platform };
}
