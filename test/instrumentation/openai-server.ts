/**
 * A stand-in for a model provider that speaks the OpenAI HTTP protocol: chat completions as JSON
 * and as server-sent events, responses, embeddings, and 429 before an answer; below `/openai` as Azure
 * speaks it: a key in a header of its own, deployments in the path, a first chunk without content.
 *
 * What it does is asked for by the model's name, so that a test reads like its request.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface OpenAIServer {
  readonly baseUrl: string;
  /** Where Azure's client finds it: the endpoint without `/openai`. */
  readonly azureEndpoint: string;
  readonly port: number;
  close(): Promise<void>;
}

interface RequestBody {
  readonly model: string;
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
  readonly tools?: readonly unknown[];
  readonly input?: unknown;
  readonly messages?: readonly { readonly role: string }[];
}

const USAGE = { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 };
const COMPLETION = { id: "chatcmpl-1", object: "chat.completion", created: 1, model: "gpt-x-2026" };

export async function startOpenAIServer(): Promise<OpenAIServer> {
  const server = createServer((request, response) => {
    void answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const azureEndpoint = `http://127.0.0.1:${port}`;
  return { baseUrl: `${azureEndpoint}/v1`, azureEndpoint, port, close: () => close(server) };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = JSON.parse(Buffer.concat(chunks).toString("utf8")) as RequestBody;
  const isFirst = (request.headers["x-stainless-retry-count"] ?? "0") === "0";
  if (body.model === "gpt-busy" && isFirst) {
    const error = { message: "slow down", type: "requests", code: "rate_limit_exceeded" };
    send(response, 429, { error }, { "retry-after-ms": "1" });
    return;
  }
  if (body.model === "gpt-refused") {
    send(response, 400, { error: { message: "bad request", type: "invalid_request_error" } });
    return;
  }
  if (body.model === "gpt-stalls" && isFirst) {
    // The answer begins, and its body never comes.
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    return;
  }
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  const isAzure = pathname.startsWith("/openai/");
  if (isAzure && (!request.headers["api-key"] || !searchParams.has("api-version"))) {
    send(response, 401, { error: { code: "401", message: "Access denied" } });
    return;
  }
  if (pathname.endsWith("/embeddings")) sendEmbeddings(response);
  else if (pathname.endsWith("/responses")) sendResponse(response, body);
  else if (body.stream === true) streamChat(response, body, isAzure);
  else sendChat(response, body);
}

function sendChat(response: ServerResponse, body: RequestBody): void {
  const asks = body.tools !== undefined && !answersTool(body);
  const message = asks
    ? { role: "assistant", content: null, tool_calls: toolCalls(body) }
    : { role: "assistant", content: '{"label":"high"}', refusal: null };
  const finish = asks ? "tool_calls" : "stop";
  const choices = [{ index: 0, message, finish_reason: finish }];
  send(response, 200, { ...COMPLETION, choices, usage: USAGE });
}

/** Whether the application has run the tools that were asked for. */
function answersTool(body: RequestBody): boolean {
  return body.messages?.at(-1)?.role === "tool";
}

/** One call of a tool, or of model `gpt-two-calls` two calls of the same. */
function toolCalls(body: RequestBody): readonly object[] {
  const ids = body.model === "gpt-two-calls" ? [7, 8] : [7];
  return ids.map((id, index) => ({
    id: `call_${index + 1}`,
    type: "function",
    function: { name: "lookup", arguments: `{"id":${id}}` },
  }));
}

function streamChat(response: ServerResponse, body: RequestBody, isAzure: boolean): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  if (isAzure) {
    const filters = [{ prompt_index: 0, content_filter_results: {} }];
    const first = { id: "", object: "", created: 0, model: "", choices: [] };
    response.write(`data: ${JSON.stringify({ ...first, prompt_filter_results: filters })}\n\n`);
  }
  const chunk = (delta: object, finish: string | null): void => {
    const choices = [{ index: 0, delta, finish_reason: finish }];
    const event = { ...COMPLETION, object: "chat.completion.chunk", choices };
    response.write(`data: ${JSON.stringify(event)}\n\n`);
  };
  chunk({ role: "assistant", content: "Hel" }, null);
  chunk({ content: "lo" }, null);
  if (body.model === "gpt-breaks") {
    response.write('data: {"error":{"message":"overloaded","type":"server_error"}}\n\n');
    response.end();
    return;
  }
  chunk({}, "stop");
  if (body.stream_options?.include_usage === true) {
    response.write(`data: ${JSON.stringify({ ...COMPLETION, choices: [], usage: USAGE })}\n\n`);
  }
  response.end("data: [DONE]\n\n");
}

function sendResponse(response: ServerResponse, body: RequestBody): void {
  const said = body.input === "json" ? '{"label":"high"}' : "Hello";
  const text = { type: "output_text", text: said, annotations: [] };
  const about = { id: "msg_1", role: "assistant", status: "completed" };
  const message = { type: "message", ...about, content: [text] };
  const whole = {
    id: "resp_1",
    object: "response",
    created_at: 1,
    model: "gpt-x-2026",
    status: "completed",
    output: [agentCall(body) ?? message],
    usage: {
      input_tokens: 5,
      output_tokens: 2,
      total_tokens: 7,
      input_tokens_details: { cached_tokens: 4 },
    },
  };
  if (body.stream !== true) {
    send(response, 200, whole);
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  const fails = body.model === "gpt-fails";
  const error = fails ? { code: "server_error", message: "out of luck" } : null;
  for (const [type, status] of [
    ["response.created", "in_progress"],
    fails ? ["response.failed", "failed"] : ["response.completed", "completed"],
  ] as const) {
    const event = { type, response: { ...whole, status, error } };
    response.write(`event: ${type}\ndata: ${JSON.stringify(event)}\n\n`);
  }
  response.end();
}

/** Model `gpt-agent` calls the first tool that it has not called yet. */
function agentCall(body: RequestBody): object | undefined {
  const [tool] = (body.tools ?? []) as readonly { readonly name: string }[];
  const items = (Array.isArray(body.input) ? body.input : []) as readonly Record<string, unknown>[];
  const called = items.some((item) => item.type === "function_call" && item.name === tool?.name);
  if (body.model !== "gpt-agent" || tool === undefined || called) return undefined;
  const about = { id: `fc_${tool.name}`, call_id: `call_${tool.name}`, status: "completed" };
  const args = tool.name.startsWith("transfer_to_") ? "{}" : '{"id":"7"}';
  return { type: "function_call", ...about, name: tool.name, arguments: args };
}

function sendEmbeddings(response: ServerResponse): void {
  const data = [{ object: "embedding", index: 0, embedding: [0.5, 0.25] }];
  const usage = { prompt_tokens: 4, total_tokens: 4 };
  send(response, 200, { object: "list", model: "embed-2026", data, usage });
}

function send(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  const own = { "content-type": "application/json", "x-request-id": "req_1" };
  response.writeHead(status, { ...own, ...headers });
  response.end(JSON.stringify(body));
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
