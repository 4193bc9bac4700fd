/**
 * Running a named query.
 *
 * In: a query, texts by parameter name, the workspace. Out: one page of rows.
 * Side effects: one or two reads in ClickHouse.
 */

import { didYouMean } from "../base/nearest.ts";
import { QUERIES } from "./catalogue.ts";
import { QueryError } from "./errors.ts";
import { type BoundParameters, bindParameters } from "./parameters.ts";
import { resolveRun } from "./resolve-run.ts";
import { type QueryContext, select } from "./select.ts";
import type { AuditQuery, QueryResult } from "./types.ts";

/** What is asked for. */
export interface QueryRequest {
  /** Texts by parameter name, unchecked. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Rows; @default the query's own */
  readonly limit?: number;
}

/**
 * Find a query by name.
 *
 * @throws {QueryError} `QUERY_UNKNOWN`, with the nearest name
 */
export function findQuery(name: string): AuditQuery {
  const query = QUERIES.find((candidate) => candidate.name === name);
  if (query !== undefined) return query;
  const names = QUERIES.map((candidate) => candidate.name);
  const shown = JSON.stringify(name.slice(0, 64));
  throw new QueryError("QUERY_UNKNOWN", `there is no query ${shown}${didYouMean(name, names)}`);
}

/**
 * Answer a named query.
 *
 * @throws {QueryError} every code
 */
export async function runQuery(
  query: AuditQuery,
  request: QueryRequest,
  context: QueryContext,
): Promise<QueryResult> {
  const bound: Record<string, string | number> = {
    ...bindParameters(query, request.parameters, context),
  };
  for (const parameter of query.parameters) {
    const value = bound[parameter.name];
    if (parameter.type !== "run" || typeof value !== "string" || value === "") continue;
    bound[parameter.name] = await resolveRun(value, context);
  }
  return readPage(query, bound, request.limit ?? query.defaultLimit, context);
}

/**
 * Read one page with parameters that have been checked, completed and resolved.
 *
 * @throws {QueryError} as {@link select}
 */
export async function readPage(
  query: AuditQuery,
  bound: BoundParameters,
  limit: number,
  context: QueryContext,
): Promise<QueryResult> {
  // One row more than asked for tells whether there are more.
  const rows = await select(query.sql, { ...bound, limit: limit + 1 }, context);
  const truncated = rows.length > limit;
  return {
    columns: query.columns,
    rows: truncated ? rows.slice(0, limit) : rows,
    limit,
    truncated,
  };
}
