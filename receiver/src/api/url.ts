/**
 * Reading the query string of a request.
 *
 * In: a URL. Out: texts by parameter name, page size and format. Pure.
 * An unknown or repeated key is refused, so that a mistyped filter never silently matches all.
 */

import { didYouMean } from "../base/nearest.ts";
import { QueryError } from "../query/errors.ts";
import { invalid } from "../query/parameters.ts";

/** What a request asks for, unchecked but for its keys. */
export interface AskedUrl {
  readonly parameters: Readonly<Record<string, string>>;
  readonly limit: string | undefined;
  readonly format: "json" | "csv";
}

/** Prefix of a query's own parameters in `/api/v1/queries/:name?param.workflow=…`. */
const PARAMETER_PREFIX = "param.";

/**
 * Read a URL whose parameters stand under their own names.
 *
 * @param names parameters that this path takes
 * @throws {QueryError} `QUERY_PARAMETER_UNKNOWN`, `QUERY_PARAMETER_INVALID`
 */
export function readUrl(
  url: string,
  names: readonly string[],
  { paged = true }: { readonly paged?: boolean } = {},
): AskedUrl {
  const known = paged ? [...names, "limit", "format"] : names;
  const parameters = new Map<string, string>();
  for (const [key, value] of entries(url)) {
    if (!known.includes(key)) throw unknownKey(key, known);
    if (names.includes(key)) parameters.set(key, value);
  }
  return { parameters: Object.fromEntries(parameters), ...page(url) };
}

/** Read a URL whose parameters have the prefix `param.`; their names are checked by the query. */
export function readQueryParameters(url: string): AskedUrl {
  // A map first: assigned to an object, the key `__proto__` would vanish unchecked.
  const parameters = new Map<string, string>();
  for (const [key, value] of entries(url)) {
    if (key.startsWith(PARAMETER_PREFIX)) parameters.set(key.slice(PARAMETER_PREFIX.length), value);
    else if (key !== "limit" && key !== "format") {
      throw new QueryError(
        "QUERY_PARAMETER_UNKNOWN",
        `unknown key ${JSON.stringify(key.slice(0, 64))} (known: limit, format, param.NAME)`,
      );
    }
  }
  return { parameters: Object.fromEntries(parameters), ...page(url) };
}

function entries(url: string): URLSearchParams {
  const { searchParams } = new URL(url);
  for (const key of new Set(searchParams.keys())) {
    if (searchParams.getAll(key).length > 1) throw invalid(key.slice(0, 64), "is given twice");
  }
  return searchParams;
}

function page(url: string): Pick<AskedUrl, "limit" | "format"> {
  const { searchParams } = new URL(url);
  const format = searchParams.get("format") ?? "json";
  if (format !== "json" && format !== "csv") throw invalid("format", "must be json or csv");
  return { limit: searchParams.get("limit") ?? undefined, format };
}

function unknownKey(key: string, known: readonly string[]): QueryError {
  const all = known.length === 0 ? "none" : known.join(", ");
  return new QueryError(
    "QUERY_PARAMETER_UNKNOWN",
    `unknown key ${JSON.stringify(key.slice(0, 64))} (known: ${all})${didYouMean(key, known)}`,
  );
}
