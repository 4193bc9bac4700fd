/**
 * OTLP/HTTP: a server for /v1/traces and /v1/logs.
 *
 * In: HTTP/1.1 requests. Out: answers as OTLP prescribes them (the table is in the README).
 * Side effects: listens on a socket, calls the handler, logs refusals without content.
 */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { encodeOutcome, encodeStatus } from "./answers.ts";
import { type BodyLimits, chooseEncoding, readBody, tooLarge } from "./body.ts";
import { ByteBudget } from "./byte-budget.ts";
import { corsHeaders, preflightHeaders } from "./cors.ts";
import { METRICS_MESSAGE, OtlpError, toOtlpError } from "./errors.ts";
import { exportRequest } from "./export-request.ts";
import { HttpTurns } from "./http-turns.ts";
import {
  BODY_SIZE_MAX_BYTES,
  CONNECTIONS_MAX,
  DRAIN_MAX_BYTES,
  HANDLER_TIMEOUT_MS,
  HEADERS_TIMEOUT_MS,
  IN_FLIGHT_MAX_BYTES,
  KEEP_ALIVE_MS,
  RECEIVE_TIMEOUT_MS,
  WAIT_TIMEOUT_MS,
} from "./limits.ts";
import { logRefusal } from "./refusal-log.ts";
import type { OtlpServerOptions } from "./server-options.ts";
import type { OtlpFormat, OtlpServer, OtlpSignal } from "./types.ts";

const CONTENT_TYPES: Readonly<Record<OtlpFormat, string>> = {
  json: "application/json",
  protobuf: "application/x-protobuf",
};
const SIGNALS: ReadonlyMap<string, OtlpSignal> = new Map([
  ["/v1/traces", "traces"],
  ["/v1/logs", "logs"],
]);
const METRICS_PATH = "/v1/metrics";
const HEALTH_PATH = "/health";

/** Start listening. */
export async function startOtlpHttp(options: OtlpServerOptions): Promise<OtlpServer> {
  const handle = otlpHttpListener(options);
  const server = createServer({
    headersTimeout: HEADERS_TIMEOUT_MS,
    // Our own limit answers with a retryable status; this one, which does not, comes later.
    requestTimeout: 2 * (options.receiveTimeoutMs ?? RECEIVE_TIMEOUT_MS) + HEADERS_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
  server.maxConnections = CONNECTIONS_MAX;
  const listener: RequestListener = (request, response) => {
    // While stopping, a connection that has its answer is not kept for a next request.
    response.once("close", () => {
      if (!server.listening) setImmediate(() => server.closeIdleConnections());
    });
    handle(request, response);
  };
  server.on("request", listener);
  // With this listener no "100 Continue" is sent before the headers have been judged.
  server.on("checkContinue", listener);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  return { port, stop: (graceMs) => stopServer(server, graceMs) };
}

async function stopServer(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(cut);
}

/** The server as a function of request and response. */
function otlpHttpListener(options: OtlpServerOptions): RequestListener {
  const budget = options.budget ?? new ByteBudget(IN_FLIGHT_MAX_BYTES);
  const { corsOrigins = [], receiveTimeoutMs = RECEIVE_TIMEOUT_MS } = options;
  const turns = new HttpTurns(budget, Math.min(WAIT_TIMEOUT_MS, receiveTimeoutMs));
  return (request, response) => {
    const format = formatOf(request.headers["content-type"]);
    // Nobody is left to tell when the connection broke; without a listener it would be thrown.
    response.on("error", () => undefined);
    request.on("error", () => undefined);
    response.setHeaders(new Map(Object.entries(corsHeaders(request, corsOrigins))));
    const preflight = preflightHeaders(request, corsOrigins);
    if (preflight !== undefined) {
      response.writeHead(204, preflight).end();
      return;
    }
    answer(request, response, format, { ...options, budget, turns }).catch((error: unknown) => {
      const refusal = toOtlpError(error);
      logRefusal(options.log, refusal);
      refuse(request, response, refusal, format ?? "json");
    });
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  format: OtlpFormat | undefined,
  options: OtlpServerOptions & { readonly budget: ByteBudget; readonly turns: HttpTurns },
): Promise<void> {
  const { budget, turns } = options;
  const path = request.url?.split("?", 1)[0] ?? "";
  if (path === HEALTH_PATH && (request.method === "GET" || request.method === "HEAD")) {
    send(response, 200, "text/plain", Buffer.from("ok\n"));
    return;
  }
  const signal = signalOf(request, path);
  if (format === undefined) {
    throw new OtlpError(
      "OTLP_UNSUPPORTED_CONTENT_TYPE",
      "unsupported Content-Type; send application/x-protobuf or application/json",
    );
  }
  const sizeMaxBytes = options.bodySizeMaxBytes ?? BODY_SIZE_MAX_BYTES;
  const encoding = chooseEncoding(request.headers["content-encoding"]);
  if (Number(request.headers["content-length"] ?? 0) > sizeMaxBytes) throw tooLarge(sizeMaxBytes);
  const endTurn = await turns.take(request);
  let body: Buffer;
  try {
    if (request.headers.expect !== undefined) response.writeContinue();
    const timeoutMs = options.receiveTimeoutMs ?? RECEIVE_TIMEOUT_MS;
    const isAwaited = (): boolean => turns.isAwaited;
    const limits = { sizeMaxBytes, timeoutMs, isAwaited, budget, ...sentBytesOf(request) };
    body = await readBody(request, encoding, limits);
  } finally {
    endTurn();
  }
  const sizeBytes = body.length;
  const outcome = await exportRequest(
    { body, signal, transport: "http", format },
    {
      handler: options.handler,
      handlerTimeoutMs: options.handlerTimeoutMs ?? HANDLER_TIMEOUT_MS,
      release: () => budget.give(sizeBytes),
    },
  );
  send(response, 200, CONTENT_TYPES[format], encodeOutcome(outcome, signal, format));
}

/** Node's parser sees to it that no other number of bytes comes. */
function sentBytesOf({ headers }: IncomingMessage): Pick<BodyLimits, "sentBytes"> {
  const length = headers["content-length"];
  return length === undefined ? {} : { sentBytes: Number(length) };
}

function signalOf(request: IncomingMessage, path: string): OtlpSignal {
  const signal = SIGNALS.get(path);
  if (signal === undefined) {
    const message =
      path === METRICS_PATH
        ? METRICS_MESSAGE
        : `not found; this receiver takes POST ${[...SIGNALS.keys()].join(" and POST ")}`;
    throw new OtlpError("OTLP_NOT_FOUND", message);
  }
  if (request.method !== "POST") {
    throw new OtlpError("OTLP_METHOD_NOT_ALLOWED", `send ${signal} with POST ${path}`);
  }
  return signal;
}

/** Parameters and case of a media type do not matter; `application/protobuf` is its newer name. */
function formatOf(contentType: string | undefined): OtlpFormat | undefined {
  const mediaType = contentType?.split(";", 1)[0]?.trim().toLowerCase();
  if (mediaType === "application/json") return "json";
  if (mediaType === "application/x-protobuf" || mediaType === "application/protobuf") {
    return "protobuf";
  }
  return undefined;
}

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  error: OtlpError,
  format: OtlpFormat,
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  if (error.code === "OTLP_METHOD_NOT_ALLOWED") response.setHeader("Allow", "POST");
  if (error.retryAfterMs !== undefined) {
    // Whole seconds, rounded up: zero would ask for an immediate retry.
    response.setHeader("Retry-After", Math.max(1, Math.ceil(error.retryAfterMs / 1_000)));
  }
  if (!request.complete) drain(request);
  if (error.code === "OTLP_RECEIVE_TIMEOUT") response.setHeader("Connection", "close");
  send(response, error.httpStatus, CONTENT_TYPES[format], encodeStatus(error, format));
}

/**
 * Throw the rest of a refused body away. Closing at once would reset the connection, and the
 * client would see that instead of the answer, and send the same again.
 */
function drain(request: IncomingMessage): void {
  let drainedBytes = 0;
  request.on("data", (chunk: Buffer) => {
    drainedBytes += chunk.length;
    if (drainedBytes > DRAIN_MAX_BYTES) request.destroy();
  });
  request.resume();
}

function send(response: ServerResponse, status: number, type: string, body: Buffer): void {
  response.writeHead(status, { "Content-Type": type, "Content-Length": body.length });
  response.end(body);
}
