/**
 * Cross-origin requests: which pages of a browser may send, and what the browser is told.
 *
 * In: request headers and the configured origins. Out: response headers. Pure.
 * Source: fetch.spec.whatwg.org, "HTTP extensions". Off unless origins are configured.
 */
import type { IncomingMessage } from "node:http";

type Headers = Readonly<Record<string, string>>;

/** Time for which a browser need not ask again, in seconds; browsers cap it at two hours or less. */
const PREFLIGHT_MAX_AGE_S = "7200";

/** Header names, as RFC 9110 spells them, with commas between. */
const HEADER_NAMES = /^[\w!#$%&'*+.^`|~-]+(?:\s*,\s*[\w!#$%&'*+.^`|~-]+)*$/;

const NOTHING: Headers = {};

/** The headers of every answer to a page; none where the page may not read it. */
export function corsHeaders(request: IncomingMessage, allowed: readonly string[]): Headers {
  if (allowed.length === 0) return NOTHING;
  const { origin } = request.headers;
  if (!isAllowed(origin, allowed)) return { Vary: "Origin" };
  return {
    Vary: "Origin",
    "Access-Control-Allow-Origin": origin,
    // How long to wait is told in a header that a page cannot read by itself.
    "Access-Control-Expose-Headers": "Retry-After",
  };
}

/** The further headers of the answer to a browser that asks first; undefined where it may not. */
export function preflightHeaders(
  request: IncomingMessage,
  allowed: readonly string[],
): Headers | undefined {
  const { headers, method } = request;
  if (method !== "OPTIONS" || !isAllowed(headers.origin, allowed)) return undefined;
  if (headers["access-control-request-method"] !== "POST") return undefined;
  const names = headers["access-control-request-headers"]?.trim() ?? "";
  return {
    "Access-Control-Allow-Methods": "POST",
    // Exporters add headers of their own choice, for example for a proxy in front.
    ...(HEADER_NAMES.test(names) && { "Access-Control-Allow-Headers": names }),
    "Access-Control-Max-Age": PREFLIGHT_MAX_AGE_S,
  };
}

function isAllowed(origin: string | undefined, allowed: readonly string[]): origin is string {
  return origin !== undefined && (allowed.includes("*") || allowed.includes(origin));
}
