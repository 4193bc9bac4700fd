/**
 * A small HTTP server on loopback, shared by the stand-ins.
 *
 * In: a function from one request to one answer. Out: the server's URL and a way to close it.
 * Side effects: listens on a free port of 127.0.0.1; keeps nothing of what it is sent.
 */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";

/** Largest request body in bytes (1 MiB): a lead has some hundred. */
export const BODY_SIZE_MAX_BYTES = 1_048_576;

/** One request with its body read. */
export interface StandInRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Whether the body was longer than {@link BODY_SIZE_MAX_BYTES}; then `body` is empty. */
  readonly tooLarge: boolean;
}

/** A running server. */
export interface StandIn {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly url: string;
  /** Ends open connections too. */
  close(): Promise<void>;
}

/** Write a whole JSON answer. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(`${JSON.stringify(body)}\n`);
}

/**
 * Start a server on a free port of 127.0.0.1.
 *
 * @param answer must end the response; not answering is how a stand-in times out
 */
export async function listen(
  answer: (request: StandInRequest, response: ServerResponse) => void,
): Promise<StandIn> {
  const server = createServer((request, response) => {
    read(request).then(
      (standInRequest) => answer(standInRequest, response),
      // The client went away while it sent its body: nobody is left to answer.
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function read(request: IncomingMessage): Promise<StandInRequest> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes <= BODY_SIZE_MAX_BYTES) {
      chunks.push(chunk);
    }
  }
  const tooLarge = sizeBytes > BODY_SIZE_MAX_BYTES;
  return {
    method: request.method ?? "GET",
    url: new URL(request.url ?? "/", "http://127.0.0.1"),
    headers: request.headers,
    body: tooLarge ? "" : Buffer.concat(chunks).toString("utf8"),
    tooLarge,
  };
}
