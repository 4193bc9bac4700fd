/**
 * Who is asking: the credentials of a request, checked as ClickHouse's HTTP interface does.
 *
 * In: headers and URL parameters. Out: the role, or an exception. Comparisons take the same time
 * whatever differs. Pure but for hashing.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { exception } from "./exceptions.ts";
import type { EmbeddedUser } from "./messages.ts";

/** `writer` may do all that the engine's grants allow, `reader` may only read. */
export type Role = "writer" | "reader";

interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Node reads header bytes as latin1; ClickHouse and its clients mean UTF-8. */
function header(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return typeof value === "string" ? Buffer.from(value, "latin1").toString("utf8") : "";
}

function refuseTwoWays(first: string, second: string): never {
  throw exception(
    "AUTHENTICATION_FAILED",
    `Invalid authentication: it is not allowed to use ${first} and ${second} simultaneously`,
  );
}

function readCredentials(headers: IncomingHttpHeaders, url: URLSearchParams): Credentials {
  const [user, key] = [header(headers, "x-clickhouse-user"), header(headers, "x-clickhouse-key")];
  const authorization = header(headers, "authorization");
  const inUrl = url.has("user") || url.has("password");
  if (user !== "" || key !== "") {
    if (authorization !== "")
      refuseTwoWays("X-ClickHouse HTTP headers", "Authorization HTTP header");
    if (inUrl) refuseTwoWays("X-ClickHouse HTTP headers", "authentication via parameters");
    return { username: user, password: key };
  }
  if (authorization === "") {
    return { username: url.get("user") ?? "default", password: url.get("password") ?? "" };
  }
  if (inUrl) refuseTwoWays("Authorization HTTP header", "authentication via parameters");
  const [, scheme = "", encoded = ""] = /^(\S+)\s*(.*)$/s.exec(authorization) ?? [];
  if (scheme.toLowerCase() !== "basic") {
    throw exception(
      "AUTHENTICATION_FAILED",
      "Invalid authentication: only the HTTP Authorization scheme Basic is supported",
    );
  }
  const decoded = Buffer.from(encoded, "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  if (colon === -1) return { username: decoded, password: "" };
  return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

function isUser(given: Credentials, user: EmbeddedUser): boolean {
  const name = timingSafeEqual(digest(given.username), digest(user.username));
  const password = timingSafeEqual(digest(given.password), digest(user.password ?? given.password));
  return name && password;
}

/**
 * The role of whoever sent a request.
 *
 * @throws {Exception} 516: unknown user, wrong password, or two ways of naming them at once
 */
export function authenticate(
  headers: IncomingHttpHeaders,
  url: URLSearchParams,
  users: { readonly writer: EmbeddedUser; readonly reader?: EmbeddedUser },
): Role {
  const given = readCredentials(headers, url);
  if (isUser(given, users.writer)) return "writer";
  if (users.reader !== undefined && isUser(given, users.reader)) return "reader";
  throw exception(
    "AUTHENTICATION_FAILED",
    `${given.username}: Authentication failed: password is incorrect, or there is no user with such name`,
  );
}
