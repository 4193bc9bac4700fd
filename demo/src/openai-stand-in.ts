/**
 * A stand-in for a model provider that speaks the OpenAI HTTP protocol and answers the same each
 * time: `POST /v1/chat/completions` (whole, or as server-sent events) and `GET /v1/models`.
 *
 * In: HTTP requests of any OpenAI client. Out: completions, or errors in OpenAI's shape.
 * Side effects: listens on 127.0.0.1; keeps and logs nothing.
 * Protocol: https://platform.openai.com/docs/api-reference/chat
 */

import { hash } from "node:crypto";
import type { ServerResponse } from "node:http";
import {
  BODY_SIZE_MAX_BYTES,
  listen,
  type StandIn,
  type StandInRequest,
  sendJson,
} from "./http-server.ts";
import { classifyLead, draftMail } from "./lead-model.ts";

/** The models that the stand-in knows, by the name that a request may ask for. */
const MODELS: Readonly<Record<string, string>> = { "gpt-5-mini": "gpt-5-mini-2025-08-07" };

/** Model that the application asks for. */
export const STAND_IN_MODEL = "gpt-5-mini";

/** Text that the provider's content filter refuses, as real ones do with such attempts. */
const REFUSED_TEXT = /ignore (all )?previous instructions/i;

/** Text at which the first attempt is answered 429, so that the client has to send it again. */
const RATE_LIMITED_TEXT = /\basap\b/i;

/** How long a limited client shall wait, in milliseconds: short, it is only for show. */
const RETRY_AFTER_MS = 20;

/** Characters per token, a usual rule of thumb. */
const TOKEN_SIZE_CHARS = 4;

interface ChatRequest {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly wantsJson: boolean;
  readonly stream: boolean;
  readonly includeUsage: boolean;
}

/** An error as OpenAI's API words it. */
class ApiError extends Error {
  readonly status: number;
  readonly type: string;
  readonly code: string | null;
  readonly param: string | null;

  constructor(
    status: number,
    message: string,
    type = "invalid_request_error",
    code: string | null = null,
    param: string | null = null,
  ) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.type = type;
    this.code = code;
    this.param = param;
  }
}

/** Start the stand-in; clients take `${url}/v1` as their base URL. */
export function startOpenAiStandIn(): Promise<StandIn> {
  return listen((request, response) => {
    const requestId = `req_${digest(`${request.url.pathname}\n${request.body}`, 32)}`;
    response.setHeader("x-request-id", requestId);
    response.setHeader("openai-version", "2020-10-01");
    try {
      answer(request, response);
    } catch (error) {
      if (!(error instanceof ApiError)) {
        throw error;
      }
      const { message, type, param, code } = error;
      const headers: Record<string, string> =
        error.status === 429 ? { "retry-after-ms": String(RETRY_AFTER_MS) } : {};
      sendJson(response, error.status, { error: { message, type, param, code } }, headers);
    }
  });
}

function answer(request: StandInRequest, response: ServerResponse): void {
  if (!/^Bearer \S+$/.test(request.headers.authorization ?? "")) {
    throw new ApiError(
      401,
      "You didn't provide an API key. Send it in the Authorization header as a Bearer token.",
      "invalid_request_error",
      "invalid_api_key",
    );
  }
  const route = `${request.method} ${request.url.pathname}`;
  if (route === "GET /v1/models") {
    const data = Object.values(MODELS).map((id) => ({
      id,
      object: "model",
      created: 1_754_524_800,
      owned_by: "system",
    }));
    sendJson(response, 200, { object: "list", data });
  } else if (route === "POST /v1/chat/completions") {
    complete(request, response);
  } else {
    throw new ApiError(404, `Invalid URL (${route})`, "invalid_request_error", "unknown_url");
  }
}

function complete(request: StandInRequest, response: ServerResponse): void {
  if (request.tooLarge) {
    throw new ApiError(413, `The body is larger than ${BODY_SIZE_MAX_BYTES} bytes.`);
  }
  const chat = parseChat(request.body);
  const model = MODELS[chat.model];
  if (model === undefined) {
    throw new ApiError(
      404,
      `The model \`${chat.model}\` does not exist or you do not have access to it.`,
      "invalid_request_error",
      "model_not_found",
    );
  }
  const prompt = chat.messages.map((message) => message.content).join("\n");
  const text = chat.messages
    .filter((m) => m.role === "user")
    .map((m) => m.content)
    .join("\n");
  if (REFUSED_TEXT.test(text)) {
    throw new ApiError(
      400,
      "The prompt was refused by the content filter.",
      "invalid_request_error",
      "content_filter",
      "messages",
    );
  }
  if (RATE_LIMITED_TEXT.test(text) && request.headers["x-stainless-retry-count"] === "0") {
    throw new ApiError(429, "Rate limit reached.", "requests", "rate_limit_exceeded");
  }
  const content = chat.wantsJson ? JSON.stringify(classifyLead(text)) : draftMail(text);
  const head = {
    id: `chatcmpl-${digest(request.body, 29)}`,
    created: Math.floor(Date.now() / 1000),
    model,
    service_tier: "default",
    system_fingerprint: `fp_${digest(model, 10)}`,
  };
  const usage = countTokens(prompt, content);
  if (chat.stream) {
    sendStream(response, head, content, chat.includeUsage ? usage : undefined);
    return;
  }
  const message = { role: "assistant", content, refusal: null, annotations: [] };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: "stop" }];
  sendJson(response, 200, { ...head, object: "chat.completion", choices, usage });
}

function sendStream(response: ServerResponse, head: object, content: string, usage?: object): void {
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
  });
  const send = (rest: object): void => {
    const chunk = { ...head, object: "chat.completion.chunk", ...rest };
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  };
  const choice = (delta: object, finishReason: string | null): object => ({
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
    ...(usage === undefined ? {} : { usage: null }),
  });
  send(choice({ role: "assistant", content: "", refusal: null }, null));
  for (const piece of content.match(/\S+\s*/g) ?? []) {
    send(choice({ content: piece }, null));
  }
  send(choice({}, "stop"));
  if (usage !== undefined) {
    send({ choices: [], usage });
  }
  response.end("data: [DONE]\n\n");
}

function parseChat(body: string): ChatRequest {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new ApiError(400, "We could not parse the JSON body of your request.");
  }
  const { model, messages, response_format, stream, stream_options } = record(value);
  if (typeof model !== "string" || model === "") {
    throw new ApiError(400, "you must provide a model parameter");
  }
  if (!Array.isArray(messages) || messages.length === 0) {
    throw new ApiError(
      400,
      "Missing required parameter: 'messages'.",
      "invalid_request_error",
      "missing_required_parameter",
      "messages",
    );
  }
  const format = record(response_format).type;
  return {
    model,
    messages: messages.map((message: unknown) => {
      const { role, content } = record(message);
      const text = typeof content === "string" ? content : JSON.stringify(content ?? "");
      return { role: typeof role === "string" ? role : "user", content: text };
    }),
    wantsJson: format === "json_object" || format === "json_schema",
    stream: stream === true,
    includeUsage: record(stream_options).include_usage === true,
  };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function countTokens(prompt: string, content: string): object {
  const promptTokens = Math.ceil(prompt.length / TOKEN_SIZE_CHARS);
  const completionTokens = Math.ceil(content.length / TOKEN_SIZE_CHARS);
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
  };
}

function digest(text: string, length: number): string {
  return hash("sha256", text, "hex").slice(0, length);
}
