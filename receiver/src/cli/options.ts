/**
 * Options that several commands share, and checking their values before a server is asked.
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { QueryError } from "../query/errors.ts";
import { bindParameters, parseLimit } from "../query/parameters.ts";
import { findQuery } from "../query/run-query.ts";
import type { AuditQuery } from "../query/types.ts";
import { CliError } from "./errors.ts";
import { FORMATS } from "./types.ts";

/** Add --format, --url and --token. */
export function addSharedOptions(command: Command): Command {
  return command
    .addOption(new Option("-f, --format <format>", "output").choices(FORMATS).default("table"))
    .option("--url <url>", "where the server's API is")
    .option("--token <token>", "token for the API; SPANLEDGER_TOKEN keeps it out of process lists");
}

/** Add --limit. */
export function addLimit(command: Command): Command {
  return command.option("-n, --limit <rows>", "most rows", (text) => {
    try {
      parseLimit(text, 1);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : "");
    }
    return text;
  });
}

/**
 * Check a query's name and parameters as the server will, so that a typing mistake needs no server.
 *
 * @throws {CliError} `CLI_USAGE`
 */
export function checkQuery(name: string, given: Readonly<Record<string, string>>): AuditQuery {
  try {
    const query = findQuery(name);
    bindParameters(query, given, { nowMs: Date.now(), tokenise: (text) => text });
    return query;
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    const list =
      error.code === "QUERY_UNKNOWN" ? "\nspanledger query --list shows all of them" : "";
    throw new CliError("CLI_USAGE", error.message + list, error);
  }
}

/** The entries that have a value. */
export function given(
  values: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const entries = Object.entries(values).filter((entry): entry is [string, string] => {
    return entry[1] !== undefined;
  });
  return Object.fromEntries(entries);
}
