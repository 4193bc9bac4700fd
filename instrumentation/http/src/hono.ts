/**
 * Middleware for Hono 4: on Node through the request of `@hono/node-server`, elsewhere through the
 * standard Request and Response.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Context, context } from "@opentelemetry/api";
import { readField, safely } from "@spanledger/api/internal";
import { Body } from "./body.ts";
import { beginNode } from "./node.ts";
import { REQUEST_ID_HEADER, RequestRecord } from "./request-record.ts";
import { type Settings, settingsOf } from "./settings.ts";
import { targetOf } from "./target.ts";
import { httpTracer } from "./tracer.ts";
import type { HttpOptions } from "./types.ts";

/** The parts of Hono's context that are looked at. */
interface HonoContext {
  readonly env: unknown;
  readonly error: Error | undefined;
  readonly req: { readonly raw: Request };
  readonly res: Response;
  header(name: string, value: string): void;
}

interface Begun {
  readonly active: Context;
  readonly record: RequestRecord;
  /** Whether nothing but the middleware ends the record. */
  readonly isOurs: boolean;
}

/** `app.use(honoMiddleware({ actor: (c) => c.get("user")?.id }))` */
export function honoMiddleware<C extends HonoContext = HonoContext>(
  options?: HttpOptions<C>,
): (c: C, next: () => Promise<void>) => Promise<void> {
  const settings = settingsOf(options);
  return async (c, next) => {
    const begun = safely(() => begin(c, settings));
    if (begun === undefined) return next();
    const { active, record, isOurs } = begun;
    try {
      await context.with(active, next);
    } catch (error) {
      record.failed(error);
      if (isOurs) record.end({ status: 500, aborted: false });
      throw error;
    }
    safely(() => {
      if (c.error !== undefined) record.failed(c.error);
      record.setRoute(routeOf(c));
      if (isOurs) void endWith(c, record);
    });
  };
}

function begin(c: HonoContext, settings: Settings): Begun | undefined {
  const incoming = readField(c.env, "incoming");
  const outgoing = readField(c.env, "outgoing");
  if (incoming !== undefined && outgoing !== undefined) {
    const [request, response] = [incoming as IncomingMessage, outgoing as ServerResponse];
    const { active, record } = beginNode(httpTracer(), request, response, settings, c);
    return { active, record, isOurs: false };
  }
  const { raw } = c.req;
  const url = new URL(raw.url);
  const target = targetOf(`${url.pathname}${url.search}`, settings);
  const headers = Object.fromEntries(raw.headers);
  const isIgnored = settings.ignore({ method: raw.method, path: target.path });
  const header = (name: string): string | undefined => headers[name];
  const body = isIgnored ? undefined : Body.of(raw.method, header, settings);
  // A standard request's stream cannot be looked at without taking it; Hono keeps what it parsed.
  body?.missed();
  const record = new RequestRecord(
    httpTracer(),
    {
      method: raw.method,
      target,
      scheme: url.protocol === "https:" ? "https" : "http",
      protocolVersion: undefined,
      headers: { host: url.host, ...headers },
      body,
      isIgnored,
    },
    settings,
    c,
  );
  c.header(REQUEST_ID_HEADER, record.requestId);
  return { active: record.active, record, isOurs: true };
}

/** End the record with what Hono keeps of the body; nobody waits for it. */
async function endWith(c: HonoContext, record: RequestRecord): Promise<void> {
  const { status } = c.res;
  const { body } = record;
  if (body !== undefined) {
    const cache = readField(c.req, "bodyCache");
    for (const kind of ["json", "text", "parsedBody"]) {
      const kept = readField(cache, kind);
      if (kept === undefined) continue;
      try {
        body.parsed(await Promise.resolve(kept));
        break;
      } catch {
        // The application has got this error itself.
      }
    }
  }
  record.end({ status, aborted: false });
}

/** The pattern of the handler that answered; a middleware's own `*` says nothing. */
function routeOf(c: HonoContext): string | undefined {
  const route = readField(c.req, "routePath");
  return typeof route === "string" && !/^\/?\*$/.test(route) ? route : undefined;
}
