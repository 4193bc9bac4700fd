/**
 * A stand-in for a model provider that speaks the protocol of Anthropic's messages API: messages
 * as JSON and as server-sent events, tools, and 429 before an answer; and as Bedrock and Vertex AI
 * have it: the model in the path, a platform's own authorisation, AWS's framing of streams.
 *
 * What it does is asked for by the model's name, so that a test reads like its request.
 */
import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { AWS_EVENT_STREAM, awsChunk } from "./aws-event-stream.ts";

export interface AnthropicServer {
  readonly baseUrl: string;
  readonly port: number;
  /** Headers of the requests so far. */
  readonly headers: IncomingHttpHeaders[];
  close(): Promise<void>;
}

interface RequestBody {
  /** In the path where a platform has it there. */
  readonly model?: string;
  readonly stream?: boolean;
  readonly tools?: readonly unknown[];
  readonly messages: readonly { readonly content: unknown }[];
}

/** Paths of platforms: of Bedrock, and of Vertex AI; both leave the model out of the body. */
const BEDROCK = /\/model\/(?<model>[^/]+)\/invoke(?<stream>-with-response-stream)?$/;
const VERTEX =
  /\/projects\/p\/locations\/r\/publishers\/anthropic\/models\/(?<model>[^/]+):(?<stream>streamR|r)awPredict$/;

/** What may ask, by the beginning of its authorisation. */
const PLATFORM_AUTHORIZATION = /^(?:AWS4-HMAC-SHA256 Credential=AKIA|Bearer unused)/;

const USAGE = { input_tokens: 5, cache_read_input_tokens: 4, cache_creation_input_tokens: 3 };
const TOOL_USE = { type: "tool_use", id: "toolu_1", name: "lookup", input: { id: 7 } };

export async function startAnthropicServer(): Promise<AnthropicServer> {
  const headers: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      headers.push(request.headers);
      const body = JSON.parse(Buffer.concat(chunks).toString("utf8")) as RequestBody;
      const attempt = request.headers["x-stainless-retry-count"] ?? "0";
      const { pathname } = new URL(request.url ?? "/", "http://localhost");
      const path = decodeURIComponent(pathname);
      const isBedrock = BEDROCK.test(path);
      const model = (BEDROCK.exec(path) ?? VERTEX.exec(path))?.groups?.model;
      if (model === undefined) answer(body, attempt, response);
      else if (body.model !== undefined || !isAuthorized(request.headers)) {
        send(response, 403, { message: "not as the platform has it" });
      } else answer({ ...body, model, ...streamOf(path) }, attempt, response, isBedrock);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { baseUrl: `http://127.0.0.1:${port}`, port, headers, close: () => close(server) };
}

function isAuthorized({ authorization = "" }: IncomingHttpHeaders): boolean {
  return PLATFORM_AUTHORIZATION.test(authorization);
}

/** Bedrock asks for a stream by the path alone. */
function streamOf(path: string): { readonly stream?: boolean } {
  return BEDROCK.exec(path)?.groups?.stream === undefined ? {} : { stream: true };
}

function answer(
  body: RequestBody,
  attempt: unknown,
  response: ServerResponse,
  isBedrock = false,
): void {
  if (body.model === "claude-busy" && attempt === "0") {
    const error = { type: "rate_limit_error", message: "slow down" };
    send(response, 429, { type: "error", error }, { "retry-after-ms": "1" });
    return;
  }
  if (body.model === "claude-refused") {
    const error = { type: "invalid_request_error", message: "bad request" };
    send(response, 400, { type: "error", error });
    return;
  }
  if (body.stream === true) {
    stream(response, body, isBedrock);
    return;
  }
  const asks = asksTool(body);
  const content = asks ? [{ type: "text", text: "Hm" }, TOOL_USE] : [textBlock(body)];
  const usage = { ...USAGE, output_tokens: 2 };
  send(response, 200, {
    ...message(),
    content,
    stop_reason: asks ? "tool_use" : "end_turn",
    usage,
  });
}

function message() {
  return {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "claude-2026",
    stop_sequence: null,
  };
}

/** Whether the model asks for a tool: where it has one and no answer of it yet. */
function asksTool(body: RequestBody): boolean {
  if (body.tools === undefined) return false;
  return !JSON.stringify(body.messages.at(-1)).includes("tool_result");
}

function textBlock(body: RequestBody) {
  return { type: "text", text: body.model === "claude-json" ? '{"label":"high"}' : "Hello" };
}

function stream(response: ServerResponse, body: RequestBody, isBedrock: boolean): void {
  const type = isBedrock ? AWS_EVENT_STREAM : "text/event-stream";
  response.writeHead(200, { "content-type": type });
  const event = (type: string, rest: object): void => {
    const one = { type, ...rest };
    if (isBedrock) response.write(awsChunk(one));
    else response.write(`event: ${type}\ndata: ${JSON.stringify(one)}\n\n`);
  };
  const block = (index: number, start: object, deltas: readonly object[]): void => {
    event("content_block_start", { index, content_block: start });
    for (const delta of deltas) event("content_block_delta", { index, delta });
    event("content_block_stop", { index });
  };
  const usage = { ...USAGE, output_tokens: 1 };
  event("message_start", { message: { ...message(), content: [], stop_reason: null, usage } });
  block(0, { type: "text", text: "" }, [
    { type: "text_delta", text: "Hel" },
    { type: "text_delta", text: "lo" },
  ]);
  if (body.model === "claude-hangs") return;
  if (body.model === "claude-breaks") {
    event("error", { error: { type: "overloaded_error", message: "overloaded" } });
    response.end();
    return;
  }
  const asks = asksTool(body);
  if (asks) {
    block(1, { ...TOOL_USE, input: {} }, [
      { type: "input_json_delta", partial_json: '{"id"' },
      { type: "input_json_delta", partial_json: ":7}" },
    ]);
  }
  const delta = { stop_reason: asks ? "tool_use" : "end_turn", stop_sequence: null };
  event("message_delta", { delta, usage: { output_tokens: 2 } });
  event("message_stop", {});
  response.end();
}

function send(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
