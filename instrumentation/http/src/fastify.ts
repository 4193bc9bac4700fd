/**
 * Plugin for Fastify 4 and 5.
 *
 * Side effects: hooks for every route of the instance that it is registered at, those registered
 * before it excepted.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { context } from "@opentelemetry/api";
import { readField, safely } from "@spanledger/api/internal";
import { beginNode } from "./node.ts";
import type { RequestRecord } from "./request-record.ts";
import { settingsOf } from "./settings.ts";
import { httpTracer } from "./tracer.ts";
import type { HttpOptions } from "./types.ts";

/** The parts of Fastify's request and reply that are looked at. */
interface FastifyRequest {
  readonly raw: IncomingMessage;
}
interface FastifyReply {
  readonly raw: ServerResponse;
}

type Done = () => void;

/** A hook of Fastify's, with as many of its arguments as it takes. */
type Hook = (request: FastifyRequest, reply: FastifyReply, third: unknown, fourth: unknown) => void;

/** A Fastify instance. */
interface FastifyInstance {
  readonly addHook: unknown;
}

/** What `app.register()` takes. */
export type FastifyPlugin = (instance: FastifyInstance, options: unknown, done: Done) => void;

/** `app.register(fastifyPlugin({ actor: (request) => request.user?.id }))` */
export function fastifyPlugin<Request = unknown>(options?: HttpOptions<Request>): FastifyPlugin {
  const settings = settingsOf(options);
  const records = new WeakMap<object, RequestRecord>();
  const plugin: FastifyPlugin = (instance, _, done) => {
    const add = (name: string, hook: (...args: Parameters<Hook>) => void): void => {
      Reflect.apply(instance.addHook as (name: string, hook: Hook) => unknown, instance, [
        name,
        hook,
      ]);
    };
    // Fastify counts a hook's arguments, so that each has to have as many as it is called with.
    add("onRequest", ((request: FastifyRequest, reply: FastifyReply, next: Done) => {
      const begun = safely(() =>
        beginNode(httpTracer(), request.raw, reply.raw, settings, request),
      );
      if (begun === undefined) {
        next();
        return;
      }
      const { record } = begun;
      records.set(request, record);
      safely(() => record.setRoute(readField(readField(request, "routeOptions"), "url")));
      context.with(begun.active, next);
    }) as Hook);
    add("preHandler", ((request: FastifyRequest, _reply: FastifyReply, next: Done) => {
      const parsed = readField(request, "body");
      if (parsed !== undefined) safely(() => records.get(request)?.body?.parsed(parsed));
      next();
    }) as Hook);
    add("onError", ((request, _reply, error, next) => {
      safely(() => records.get(request)?.failed(error));
      (next as Done)();
    }) satisfies Hook);
    done();
  };
  // Its hooks are for the instance that registers it, not for a scope of the plugin's own.
  return Object.assign(plugin, { [Symbol.for("skip-override")]: true });
}
