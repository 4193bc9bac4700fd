/**
 * Where a request goes: path, query and host, without the values of the query. Pure, but for
 * the last host, which is remembered.
 */
import type { Settings } from "./settings.ts";

/** Longest path and longest query that are recorded, in characters. */
const TARGET_CHARS_MAX = 2_048;

/** Stands for the value of a query parameter (OpenTelemetry, `url.query`). */
const QUERY_REPLACEMENT = "REDACTED";

export interface Target {
  readonly path: string;
  /** Undefined where there is none. */
  readonly query: string | undefined;
}

/** Split a request target: `/path?query`, or `http://host/path?query` as proxies get it. */
export function targetOf(url: string, settings: Settings): Target {
  const start = url.startsWith("/") ? 0 : Math.max(0, url.indexOf("/", url.indexOf("//") + 2));
  const end = url.search(/[?#]/);
  const mark = end === -1 ? url.length : end;
  const query = url[mark] === "?" ? url.slice(mark + 1).split("#", 1)[0] : undefined;
  return {
    path: url.slice(start, mark).slice(0, TARGET_CHARS_MAX),
    query: query === undefined || query === "" ? undefined : namesOf(query, settings),
  };
}

/** The query with its parameters' names, and the values that are allowed. */
function namesOf(query: string, { queryValues }: Settings): string {
  const shown = query
    .slice(0, TARGET_CHARS_MAX)
    .split("&")
    .map((pair) => {
      const sign = pair.indexOf("=");
      // Without a sign the whole is a value, for all that is known.
      if (sign === -1) return QUERY_REPLACEMENT;
      const name = pair.slice(0, sign);
      return queryValues.has(name) ? pair : `${name}=${QUERY_REPLACEMENT}`;
    });
  return shown.join("&").slice(0, TARGET_CHARS_MAX);
}

/** Host and port. */
export interface Host {
  readonly address: string;
  readonly port: number | undefined;
}

/** The last header: most requests of a server have the same. */
let last: { readonly header: string | undefined; readonly host: Host | undefined } | undefined;

/** Host and port of a `Host` header; undefined where it is none. */
export function hostOf(header: string | undefined): Host | undefined {
  if (last === undefined || last.header !== header) last = { header, host: parsed(header) };
  return last.host;
}

function parsed(header: string | undefined): Host | undefined {
  const match = /^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::(\d{1,5}))?$/.exec(
    header ?? "",
  );
  if (match?.[1] === undefined) return undefined;
  return { address: match[1], port: match[2] === undefined ? undefined : Number(match[2]) };
}
