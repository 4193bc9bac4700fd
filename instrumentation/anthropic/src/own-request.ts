/**
 * The request of a call that the SDK records itself, for what its span leaves out.
 *
 * In: the body of `create` and its client. Out: a context that carries them to the span's start,
 * which comes while `create` runs. The call itself is not touched.
 */
import { type Attributes, type Context, context, createContextKey } from "@opentelemetry/api";
import { isJson, readField, safely } from "@spanledger/api/internal";
import { OTEL } from "@spanledger/schema";
import { samplingAndTools } from "./messages.ts";
import { platformOf } from "./provider.ts";

const REQUEST = createContextKey("spanledger.anthropic.request");

type Create = (this: unknown, ...args: unknown[]) => unknown;

interface Request {
  readonly client: unknown;
  readonly body: unknown;
  readonly captureContent: boolean;
}

/** Wrap `create`. @param captureContent undefined where nothing is recorded */
export function carryRequest(
  captureContent: () => boolean | undefined,
): (original: Create) => Create {
  return (original) =>
    function createWithRequest(this: unknown, ...args: unknown[]) {
      const run = (): unknown => Reflect.apply(original, this, args);
      const carrying = safely(() => carried(this, args[0], captureContent()));
      return carrying === undefined ? run() : context.with(carrying, run);
    };
}

function carried(
  resource: unknown,
  body: unknown,
  captureContent: boolean | undefined,
): Context | undefined {
  if (captureContent === undefined) return undefined;
  const request: Request = { client: readField(resource, "_client"), body, captureContent };
  return context.active().setValue(REQUEST, request);
}

/** What the span that starts in this context leaves out. */
export function carriedAttributes(parent: Context): Attributes {
  const request = parent.getValue(REQUEST) as Request | undefined;
  if (request === undefined || !isJson(request.body)) return {};
  const attributes = samplingAndTools(request.body, request.captureContent);
  // Clients of other platforms from before the SDK traced itself do not tell it where they lead.
  const platform = platformOf(request.client);
  return platform === undefined
    ? attributes
    : { ...attributes, [OTEL.genAiProviderName]: platform };
}
