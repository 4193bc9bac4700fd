/**
 * Requests of `node:http`, `node:https` and `node:http2`'s compatibility API.
 *
 * In: a request and its response. Out: the context to serve it in. Side effects: the response gets
 * an X-Request-ID; what the request's stream receives is looked at on its way, so that nothing of
 * it is consumed, paused or resumed.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Context, context, type Tracer } from "@opentelemetry/api";
import { observe, readField, safely } from "@spanledger/api/internal";
import { Body } from "./body.ts";
import { REQUEST_ID_HEADER, RequestRecord } from "./request-record.ts";
import { type Settings, settingsOf } from "./settings.ts";
import { targetOf } from "./target.ts";
import { httpTracer } from "./tracer.ts";
import type { HttpOptions } from "./types.ts";

/** One record per request, whoever sees it first. */
const records = new WeakMap<object, RequestRecord>();

/** Where a request is served, and what is recorded of it. */
export interface Begun {
  readonly active: Context;
  readonly record: RequestRecord;
}

/** A request arrives. @param asked what the application's function for the actor is asked with */
export function beginNode(
  tracer: Tracer,
  request: IncomingMessage,
  response: ServerResponse,
  settings: Settings,
  asked: unknown = request,
): Begun {
  const known = records.get(request);
  if (known !== undefined) {
    known.servedBy(asked, settings);
    return { active: known.active, record: known };
  }
  const url = readField(request, "originalUrl") ?? request.url;
  const target = targetOf(String(url ?? "/"), settings);
  const method = request.method ?? "GET";
  const header = (name: string): string | undefined => {
    const value = request.headers[name];
    return typeof value === "string" ? value : undefined;
  };
  const isIgnored = settings.ignore({ method, path: target.path });
  const record = new RequestRecord(
    tracer,
    {
      method,
      target,
      scheme: readField(request.socket, "encrypted") === true ? "https" : "http",
      protocolVersion: request.httpVersion,
      headers: request.headers,
      body: isIgnored ? undefined : Body.of(method, header, settings),
      isIgnored,
    },
    settings,
    asked,
  );
  records.set(request, record);
  if (!response.headersSent) response.setHeader(REQUEST_ID_HEADER, record.requestId);
  if (isIgnored) return { active: record.active, record };
  if (record.body !== undefined) tee(request, record.body);
  endWith(request, response, record);
  // Listeners that are added from here on run in the request's context: the parser that calls them
  // knows only the connection's.
  context.bind(record.active, request);
  context.bind(record.active, response);
  return { active: record.active, record };
}

type Listener<Request, Response> = (request: Request, response: Response) => unknown;

/** A listener for `createServer()` that records every request and then calls yours. */
export function recordRequests<
  Request extends IncomingMessage = IncomingMessage,
  Response extends ServerResponse = ServerResponse,
>(
  listener: Listener<Request, Response>,
  options?: HttpOptions<Request>,
): Listener<Request, Response> {
  const settings = settingsOf(options);
  return function recordRequest(this: unknown, ...args) {
    const serve = (): unknown => Reflect.apply(listener, this, args);
    const begun = safely(() => beginNode(httpTracer(), args[0], args[1], settings));
    if (begun === undefined) return serve();
    return observe(begun.active, serve, {
      returned: () => undefined,
      threw: (error) => begun.record.failed(error),
    });
  };
}

/** Look at the bytes where the parser hands them to the stream, before anybody reads them. */
function tee(request: IncomingMessage, body: Body): void {
  if (request.readableDidRead || request.readableLength > 0 || request.complete) {
    body.missed();
    return;
  }
  const push = request.push;
  Object.defineProperty(request, "push", {
    configurable: true,
    writable: true,
    value: function pushAndLook(this: IncomingMessage, ...args: [unknown, BufferEncoding?]) {
      safely(() => {
        const [chunk, encoding] = args;
        if (chunk === null) body.finish();
        else if (typeof chunk === "string") body.push(Buffer.from(chunk, encoding));
        else body.push(chunk as Uint8Array);
      });
      return Reflect.apply(push, this, args);
    },
  });
}

/** End the record when the response is whole, or the connection gone. */
function endWith(request: IncomingMessage, response: ServerResponse, record: RequestRecord): void {
  const end = (aborted: boolean): void => {
    safely(() => {
      const parsed = readField(request, "body");
      if (parsed !== undefined) record.body?.parsed(parsed);
      record.setRoute(expressRoute(request));
      record.end({ status: response.statusCode, aborted });
    });
  };
  response.once("finish", () => {
    // A response may be whole before the request is; what still comes is waited for, unless
    // somebody else ends the span.
    if (!record.owned || record.body === undefined || record.body.isFinished) end(false);
  });
  response.once("close", () => end(!response.writableFinished));
}

/** Express leaves the pattern that matched on the request. */
function expressRoute(request: IncomingMessage): string | undefined {
  const path = readField(readField(request, "route"), "path");
  if (typeof path !== "string") return undefined;
  return `${mountedAt(request)}${path === "/" ? "" : path}` || "/";
}

/** Where the router is mounted, with the values of its parameters made patterns again. */
function mountedAt(request: IncomingMessage): string {
  const base = readField(request, "baseUrl");
  if (typeof base !== "string" || base === "") return "";
  const parameters = readField(request, "params");
  if (typeof parameters !== "object" || parameters === null) return base;
  return base
    .split("/")
    .map((segment) => {
      const name = Object.keys(parameters).find((key) => readField(parameters, key) === segment);
      return segment === "" || name === undefined ? segment : `:${name}`;
    })
    .join("/");
}
