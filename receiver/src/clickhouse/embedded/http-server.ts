/**
 * The HTTP interface of the embedded engine: which path does what.
 *
 * In: requests. Out: answers. `/ping` and `/replicas_status` need no credentials, as in
 * ClickHouse.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { exception } from "./exceptions.ts";
import { KEEP_ALIVE_MS, REQUEST_HEAD_MAX_BYTES } from "./limits.ts";
import { handleQuery, type QueryService } from "./query-handler.ts";
import { sendException, sendText } from "./reply.ts";

const OK = "Ok.\n";

/**
 * Whether a script in a browser sent this. Without a password, any page that somebody opens on
 * this machine could otherwise post statements to the loopback address.
 */
function isFromPage(request: IncomingMessage): boolean {
  const site = request.headers["sec-fetch-site"];
  return request.headers.origin !== undefined || (site !== undefined && site !== "none");
}

async function route(
  service: QueryService,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = request.url ?? "/";
  const mark = target.indexOf("?");
  const path = mark === -1 ? target : target.slice(0, mark);
  const url = new URLSearchParams(mark === -1 ? "" : target.slice(mark + 1));
  const method = request.method ?? "GET";
  const { version } = service.engine;
  if (isFromPage(request)) {
    const refusal = exception("ACCESS_DENIED", "Requests of scripts in a browser are refused");
    sendException(response, refusal, version);
  } else if (!["GET", "HEAD", "POST"].includes(method)) {
    sendText(response, 501, `The method ${method} is not implemented, use GET or POST\n`);
  } else if (path === "/ping" || path === "/replicas_status") {
    sendText(response, 200, OK);
  } else if (path !== "/") {
    sendText(response, 404, "There is no such handle. Use / or /ping or /replicas_status\n");
  } else if (method !== "POST" && !url.has("query")) {
    sendText(response, 200, OK);
  } else {
    await handleQuery(service, request, response, url);
  }
}

/** Make the server; the caller listens and closes. */
export function createHttpServer(service: QueryService): Server {
  const server = createServer(
    {
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: REQUEST_HEAD_MAX_BYTES,
      // A body may take as long as it keeps coming; `body.ts` limits the silence.
      requestTimeout: 0,
    },
    (request, response) => {
      // Both sides report a lost connection; whoever waits for them is told by 'close'.
      request.on("error", () => undefined);
      response.on("error", () => undefined);
      route(service, request, response).catch(() => response.destroy());
    },
  );
  return server;
}
