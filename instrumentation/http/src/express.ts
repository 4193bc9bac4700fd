/**
 * Middleware for Express 4 and 5, and for whatever else calls `(request, response, next)`.
 *
 * Mount it first: what runs before it is not in the request's context.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { context } from "@opentelemetry/api";
import { safely } from "@spanledger/api/internal";
import { beginNode } from "./node.ts";
import { settingsOf } from "./settings.ts";
import { httpTracer } from "./tracer.ts";
import type { HttpOptions } from "./types.ts";

/** Goes on to the next middleware. */
type Next = (error?: unknown) => void;

/** `app.use(expressMiddleware({ actor: (request) => request.user?.id }))` */
export function expressMiddleware<Request extends IncomingMessage = IncomingMessage>(
  options?: HttpOptions<Request>,
): (request: Request, response: ServerResponse, next: Next) => void {
  const settings = settingsOf(options);
  return (request, response, next) => {
    const begun = safely(() => beginNode(httpTracer(), request, response, settings));
    if (begun === undefined) next();
    else context.with(begun.active, () => next());
  };
}
