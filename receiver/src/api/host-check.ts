/**
 * Refusing requests that reached a loopback address under a foreign name.
 *
 * A page of a stranger can point its own host name at 127.0.0.1 and then read the answers of a
 * server there as its own (DNS rebinding). The browser still sends the stranger's name in `Host`.
 */
import type { Context, Next } from "hono";
import { ApiError } from "./errors.ts";

const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/** Whether a host to listen on, or the name in a URL, is this machine alone. */
export function isLoopback(host: string): boolean {
  return LOOPBACK_HOST.test(host) || host === "::1";
}

/** Middleware: 403 `HOST_REFUSED` unless `Host` is localhost, 127.x.x.x or [::1]. */
export async function refuseForeignHosts(c: Context, next: Next): Promise<void> {
  if (!LOOPBACK_HOST.test(c.req.header("host") ?? "")) {
    throw new ApiError(
      "HOST_REFUSED",
      "this server answers to localhost, 127.0.0.1 and [::1] only",
    );
  }
  await next();
}
