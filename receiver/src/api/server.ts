/**
 * The query API on a socket.
 *
 * In: where to listen, and what {@link createApi} needs. Out: the port and how to stop.
 * Side effect: a listening socket.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { type ApiDeps, createApi } from "./app.ts";
import { isLoopback } from "./host-check.ts";

/** Connections at a time; a dashboard and some terminals need a few dozen. */
const CONNECTIONS_MAX = 256;

/** Time for a request's head to arrive, in milliseconds. */
const HEAD_TIMEOUT_MS = 10_000;

/** Longest head of a request, in bytes: room for a long URL and a token. */
const HEAD_SIZE_MAX_BYTES = 16_384;

/** Time that answers under way have when the server stops, in milliseconds. */
const STOP_GRACE_MS = 5_000;

/** What the server needs. */
export interface ApiServerOptions extends ApiDeps {
  /** Address or name to listen on. */
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
}

/** A listening API. */
export interface ApiServer {
  readonly port: number;
  /** Finish what is under way (5 s), close. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Listen.
 *
 * On a loopback address only requests to a loopback name are answered, unless `loopbackOnly` says
 * otherwise. Rejects with Node's own error when the port is taken.
 */
export async function startApi(options: ApiServerOptions): Promise<ApiServer> {
  const { host, port, ...deps } = options;
  const app = createApi({ loopbackOnly: isLoopback(host), ...deps });
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer(
    {
      headersTimeout: HEAD_TIMEOUT_MS,
      requestTimeout: HEAD_TIMEOUT_MS,
      maxHeaderSize: HEAD_SIZE_MAX_BYTES,
    },
    (incoming, outgoing) => void listener(incoming, outgoing),
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.listen(port, host);
  // Rejects when "error" comes first.
  await once(server, "listening");
  let stopped: Promise<void> | undefined;
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => {
      stopped ??= close(server);
      return stopped;
    },
  };
}

async function close(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS);
  await closed;
  clearTimeout(timer);
}
