/**
 * Checking what a caller gave for the parameters of a query.
 *
 * In: the query's declaration and texts by name. Out: values to bind, complete with defaults.
 * Pure: the present time and the tokeniser come in. Nothing is ever put into SQL text.
 */

import { didYouMean } from "../base/nearest.ts";
import { QueryError } from "./errors.ts";
import { parseTime, TIME_FORMS } from "./time.ts";
import { type AuditQuery, PAGE_ROWS_MAX, type QueryParameter } from "./types.ts";

/** Longest value of a parameter, in characters: longer than any stored id or name. */
const PARAMETER_CHARS_MAX = 1_024;

/** Shortest prefix of a run id. */
const RUN_PREFIX_CHARS_MIN = 6;

/** Longest run id, in characters: as long as a request id may be. */
const RUN_ID_CHARS_MAX = 128;

/** Values by parameter name, ready to bind. */
export type BoundParameters = Readonly<Record<string, string | number>>;

/** What checking needs from outside. */
export interface BindContext {
  readonly nowMs: number;
  /** Turns personal data in a text into the tokens under which it is stored. */
  readonly tokenise: (text: string) => string;
}

/**
 * Check and complete the parameters of a query.
 *
 * @param given texts by parameter name
 * @throws {QueryError} `QUERY_PARAMETER_UNKNOWN`, `_MISSING`, `_INVALID`; the message names it
 */
export function bindParameters(
  query: AuditQuery,
  given: Readonly<Record<string, string>>,
  context: BindContext,
): BoundParameters {
  const known = query.parameters.map((parameter) => parameter.name);
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const all = known.length === 0 ? "it takes none" : `it takes ${known.join(", ")}`;
    throw new QueryError(
      "QUERY_PARAMETER_UNKNOWN",
      `query ${query.name} has no parameter ${quote(name)} (${all})${didYouMean(name, known)}`,
    );
  }
  const bound: Record<string, string | number> = {};
  for (const parameter of query.parameters) {
    const text = Object.hasOwn(given, parameter.name) ? given[parameter.name] : undefined;
    bound[parameter.name] =
      text === undefined || text === ""
        ? fallback(query, parameter)
        : check(parameter, text, context);
  }
  return bound;
}

/**
 * Check a page size.
 *
 * @throws {QueryError} `QUERY_PARAMETER_INVALID`
 */
export function parseLimit(text: string | undefined, whenAbsent: number): number {
  if (text === undefined || text === "") return whenAbsent;
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > PAGE_ROWS_MAX) {
    throw invalid("limit", `must be a whole number from 1 to ${PAGE_ROWS_MAX}`);
  }
  return limit;
}

/** The error about a parameter that has no usable value. */
export function invalid(name: string, what: string): QueryError {
  return new QueryError("QUERY_PARAMETER_INVALID", `parameter ${name} ${what}`);
}

function fallback(query: AuditQuery, parameter: QueryParameter): string | number {
  if (parameter.required || parameter.default === null) {
    throw new QueryError(
      "QUERY_PARAMETER_MISSING",
      `query ${query.name} needs the parameter ${parameter.name}: ${parameter.description}`,
    );
  }
  return parameter.default;
}

function check(parameter: QueryParameter, text: string, context: BindContext): string | number {
  if (text.length > PARAMETER_CHARS_MAX) {
    throw invalid(parameter.name, `is longer than ${PARAMETER_CHARS_MAX} characters`);
  }
  switch (parameter.type) {
    case "text":
      return context.tokenise(text);
    case "run":
      return checkRun(parameter.name, text);
    case "time": {
      const ms = parseTime(text, context.nowMs);
      if (ms === undefined) throw invalid(parameter.name, `must be ${TIME_FORMS}`);
      return ms;
    }
    case "choice": {
      const choices = parameter.choices ?? [];
      const word = text.toLowerCase();
      if (choices.includes(word)) return word;
      const hint = didYouMean(text, choices);
      throw invalid(parameter.name, `must be one of ${choices.join(", ")}${hint}`);
    }
  }
}

/**
 * Check the shape of a run id or of its prefix.
 *
 * @throws {QueryError} `QUERY_PARAMETER_INVALID`
 */
export function checkRun(name: string, text: string): string {
  const trimmed = text.trim();
  if (trimmed.length < RUN_PREFIX_CHARS_MIN || trimmed.length > RUN_ID_CHARS_MAX) {
    throw invalid(
      name,
      `must be a run id, or the first ${RUN_PREFIX_CHARS_MIN} characters of one or more`,
    );
  }
  return trimmed;
}

/** A name from outside in a message: short, and without anything that could not stand in one line. */
function quote(name: string): string {
  return JSON.stringify(name.slice(0, 64));
}
