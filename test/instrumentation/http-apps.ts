/**
 * The same small application in each framework, with and without the middleware.
 *
 * `POST /orders/:id` authenticates after the middleware, runs a workflow and answers 201 with what
 * it was sent; `GET /ping` answers 200; `POST /unread` answers 202 without reading; `GET /fail`
 * fails as a handler does.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { workflow } from "@spanledger/api";
import {
  expressMiddleware,
  fastifyPlugin,
  type HttpOptions,
  honoMiddleware,
  recordRequests,
} from "@spanledger/instrumentation-http";
import type { fastify } from "fastify";
import type { Hono } from "hono";

/** A running application. */
export interface App {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts an application; with options it has the middleware. */
export type StartApp = (options?: HttpOptions<unknown>) => Promise<App>;

interface ExpressResponse extends ServerResponse {
  status(code: number): ExpressResponse;
  json(body: unknown): void;
}
type ExpressHandler = (
  request: UserRequest & { readonly body?: unknown },
  response: ExpressResponse,
  next: () => void,
) => void;
interface ExpressRouter {
  (request: IncomingMessage, response: ServerResponse): void;
  use(...handlers: unknown[]): void;
  get(path: string, handler: ExpressHandler): void;
  post(path: string, handler: ExpressHandler): void;
}
interface Express {
  (): ExpressRouter;
  Router(): ExpressRouter;
  json(): unknown;
  urlencoded(options: { readonly extended: boolean }): unknown;
  text(options: { readonly type: () => boolean }): unknown;
}

// Other versions and Express have no types here; those of this file are what is used.
const load = createRequire(import.meta.url);

const FACTS = { id: "order", name: "order" } as const;

/** Who a token belongs to; stands for what an application verifies. */
export function userOf(authorization: string | undefined): string | undefined {
  return authorization === "Bearer token-of-u7" ? "u7" : undefined;
}

function runOrder(sent: unknown): unknown {
  return workflow(FACTS, () => ({ sent }));
}

function listening(server: Server): Promise<App> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      resolve({ url: `http://127.0.0.1:${port}`, close: () => closed(server) });
    });
  });
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

type UserRequest = IncomingMessage & { user?: string | undefined };

function nodeListener(request: UserRequest, response: ServerResponse): void {
  const path = request.url?.split("?", 1)[0];
  const send = (status: number, body: unknown): void => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };
  if (path === "/ping") send(200, "pong");
  else if (path === "/unread") send(202, "unread");
  else if (path === "/fail") send(500, "failed");
  else {
    request.user = userOf(request.headers.authorization);
    let text = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => {
      text += chunk;
    });
    request.on("end", () => {
      const isJson = request.headers["content-type"]?.startsWith("application/json") === true;
      send(201, runOrder(isJson ? JSON.parse(text) : text));
    });
  }
}

const startNode: StartApp = (options) =>
  listening(createServer(options ? recordRequests(nodeListener, options) : nodeListener));

const startExpress = (library: string, options?: HttpOptions<unknown>): Promise<App> => {
  const express = load(library) as Express;
  const app = express();
  if (options !== undefined) app.use(expressMiddleware(options));
  app.use((request: UserRequest, _: unknown, next: () => void) => {
    request.user = userOf(request.headers.authorization);
    next();
  });
  app.get("/ping", (_, response) => void response.json("pong"));
  app.post("/unread", (_, response) => void response.status(202).json("unread"));
  app.get("/fail", () => {
    throw new RangeError("failed");
  });
  const router = express.Router();
  router.use(
    express.json(),
    express.urlencoded({ extended: false }),
    express.text({ type: () => true }),
  );
  router.post("/:id", (request, response) => {
    response.status(201).json(runOrder(request.body));
  });
  app.use("/orders", router);
  app.use((_error: unknown, _request: unknown, response: ExpressResponse, _next: unknown) => {
    response.status(500).json("failed");
  });
  return listening(createServer(app));
};

const startFastify = async (library: string, options?: HttpOptions<unknown>): Promise<App> => {
  const app = (load(library) as typeof fastify)();
  if (options !== undefined) await app.register(fastifyPlugin(options));
  app.decorateRequest("user", undefined);
  app.addHook("preValidation", async (request) => {
    Reflect.set(request, "user", userOf(request.headers.authorization));
  });
  app.addContentTypeParser("*", { parseAs: "string" }, (_, body, done) => done(null, body));
  app.get("/ping", async () => "pong");
  app.post("/unread", async (_, reply) => reply.status(202).send("unread"));
  app.get("/fail", async () => {
    throw new RangeError("failed");
  });
  app.post("/orders/:id", async (request, reply) => {
    reply.status(201).send(runOrder(request.body));
    return reply;
  });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  return {
    url,
    close: async () => {
      app.server.closeAllConnections();
      await app.close();
    },
  };
};

type HonoApp = Hono<{ Variables: { user?: string } }>;

/** The Hono application alone: it answers without a socket. */
export function honoApp(options?: HttpOptions<unknown>, library = "hono"): HonoApp {
  const { Hono: Class } = load(library) as { Hono: typeof Hono };
  const app: HonoApp = new Class();
  if (options !== undefined) app.use(honoMiddleware(options));
  app.use(async (c, next) => {
    const user = userOf(c.req.header("authorization"));
    if (user !== undefined) c.set("user", user);
    await next();
  });
  app.get("/ping", (c) => c.json("pong"));
  app.post("/unread", (c) => c.json("unread", 202));
  app.get("/fail", () => {
    throw new RangeError("failed");
  });
  app.post("/orders/:id", async (c) => {
    const isJson = c.req.header("content-type")?.startsWith("application/json") === true;
    const sent: unknown = isJson ? await c.req.json() : await c.req.text();
    return c.json(runOrder(sent) as object, 201);
  });
  app.onError((_, c) => c.json("failed", 500));
  return app;
}

const startHono = (library: string, options?: HttpOptions<unknown>): Promise<App> =>
  new Promise((resolve) => {
    const { fetch } = honoApp(options, library);
    const server = serve({ fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) => {
      resolve({ url: `http://127.0.0.1:${port}`, close: () => closed(server as Server) });
    });
  });

/** Name, how it starts, the route that it knows its order by. */
export const FRAMEWORKS: readonly (readonly [string, StartApp, string | undefined])[] = [
  ["node:http", startNode, undefined],
  ["Express", (options) => startExpress("express", options), "/orders/:id"],
  ["Fastify", (options) => startFastify("fastify", options), "/orders/:id"],
  ["Hono", (options) => startHono("hono", options), "/orders/:id"],
];

/** The same for older versions: the first and the last of a major that are supported. */
export const OLDER_FRAMEWORKS: typeof FRAMEWORKS = [
  ["Express 4.17", (options) => startExpress("express-4.17", options), "/orders/:id"],
  ["Express 4.22", (options) => startExpress("express-4", options), "/orders/:id"],
  ["Fastify 4.29", (options) => startFastify("fastify-4", options), "/orders/:id"],
  ["Fastify 5.0", (options) => startFastify("fastify-5.0", options), "/orders/:id"],
  ["Hono 4.0", (options) => startHono("hono-4.0", options), "/orders/:id"],
];
