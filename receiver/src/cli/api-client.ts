/**
 * Asking the API.
 *
 * In: a path and parameters. Out: the answer's JSON, or a typed error that says what to do.
 * Side effect: one HTTP request.
 */
import type { ErrorBody } from "../api/shapes.ts";
import { escapeControls } from "../query/escape.ts";
import { CliError } from "./errors.ts";
import type { CliDeps, SharedOptions } from "./types.ts";

/** Where the API is when nothing else is said. */
const DEFAULT_URL = "http://127.0.0.1:8686";

/** Longest wait for an answer, in milliseconds: above the API's own limit of a query (30 s). */
const ANSWER_TIMEOUT_MS = 60_000;

/**
 * GET from the API, or POST to it.
 *
 * @throws {CliError} `CLI_NOTHING` (unknown run), `CLI_USAGE` (the API refuses a parameter),
 * `CLI_UNREACHABLE`, `CLI_TIMEOUT`, `CLI_ANSWER`
 */
export async function ask<Body>(
  deps: Pick<CliDeps, "fetch" | "env">,
  options: Pick<SharedOptions, "url" | "token">,
  path: string,
  parameters: Readonly<Record<string, string | undefined>> = {},
  method: "GET" | "POST" = "GET",
): Promise<Body> {
  const url = urlOf(options.url ?? (deps.env.SPANLEDGER_URL || DEFAULT_URL), path);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  const token = options.token ?? deps.env.SPANLEDGER_TOKEN;
  const headers: Record<string, string> = { Accept: "application/json" };
  if (token !== undefined && token !== "") headers.Authorization = `Bearer ${token}`;
  if (method === "POST") headers["Content-Type"] = "application/json";
  const response = await send(deps, url, headers, method);
  const body = await readJson(response, url);
  if (response.ok) return body as Body;
  throw refused(response.status, body, url);
}

function urlOf(base: string, path: string): URL {
  let url: URL;
  try {
    url = new URL(base);
  } catch (cause) {
    throw new CliError("CLI_USAGE", "the URL of the server is not a URL", cause);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new CliError("CLI_USAGE", "the URL of the server must begin with http:// or https://");
  }
  if (url.username !== "" || url.password !== "") {
    throw new CliError("CLI_USAGE", "the URL of the server takes no credentials; use --token");
  }
  return new URL(url.pathname.replace(/\/+$/, "") + path, url.origin);
}

async function send(
  deps: Pick<CliDeps, "fetch">,
  url: URL,
  headers: Record<string, string>,
  method: "GET" | "POST",
): Promise<Response> {
  try {
    // A redirect could carry the token elsewhere.
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    return await deps.fetch(url, { method, headers, redirect: "error", signal });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "TimeoutError") throw timedOut(url, cause);
    throw new CliError(
      "CLI_UNREACHABLE",
      `no server answers at ${url.origin}. Start one with: spanledger serve\n` +
        "(or name another with --url or SPANLEDGER_URL)",
      cause,
    );
  }
}

async function readJson(response: Response, url: URL): Promise<unknown> {
  try {
    return await response.json();
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "TimeoutError") throw timedOut(url, cause);
    throw notOurs(url, cause);
  }
}

function timedOut(url: URL, cause: unknown): CliError {
  const seconds = ANSWER_TIMEOUT_MS / 1_000;
  return new CliError("CLI_TIMEOUT", `${url.origin} gave no answer within ${seconds} s`, cause);
}

function notOurs(url: URL, cause?: unknown): CliError {
  return new CliError("CLI_ANSWER", `what answers at ${url.origin} is not a Spanledger API`, cause);
}

function refused(status: number, body: unknown, url: URL): CliError {
  if (!isErrorBody(body)) return notOurs(url);
  const { code } = body.error;
  const message = escapeControls(body.error.message, "escape lines");
  if (code === "RUN_UNKNOWN" || code === "BATCH_UNKNOWN")
    return new CliError("CLI_NOTHING", message);
  if (status === 400 || code === "QUERY_UNKNOWN") return new CliError("CLI_USAGE", message);
  if (status === 401 || status === 403) {
    return new CliError("CLI_ANSWER", `${url.origin} refuses: ${message}`);
  }
  return new CliError("CLI_ANSWER", `${url.origin} cannot answer: ${message}`);
}

function isErrorBody(body: unknown): body is ErrorBody {
  const error = (body as Partial<ErrorBody> | null)?.error;
  return typeof error?.code === "string" && typeof error.message === "string";
}
