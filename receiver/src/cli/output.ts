/**
 * Writing an answer in the format asked for.
 *
 * Data goes to standard output; notes about it (more rows, columns left out) to standard error, so
 * that a pipe carries data alone.
 */
import type { RowsBody } from "../api/shapes.ts";
import { toCsv } from "../query/csv.ts";
import { toSafeJson } from "../query/escape.ts";
import { CliError } from "./errors.ts";
import { type Style, styleFor } from "./render/style.ts";
import { renderTable } from "./render/table.ts";
import type { CliDeps, Format } from "./types.ts";

/** Width where standard output is no terminal and COLUMNS is not set, in columns. */
const WIDTH_DEFAULT = 120;

const JSON_INDENT = 2;

/** Lays out rows as text; given for answers that are no plain table. */
export type TextLayout = (body: RowsBody, width: number, style: Style) => string;

/**
 * Write rows.
 *
 * @param what names the rows in the message when there are none
 * @throws {CliError} `CLI_NOTHING` when there are no rows, after writing an empty JSON or CSV
 */
export function writeRows(
  deps: CliDeps,
  format: Format,
  body: RowsBody,
  what: string,
  layout?: TextLayout,
): void {
  if (format === "json") writeJson(deps, body.data);
  if (format === "csv") deps.stdout.write(toCsv(body.meta.columns, body.data));
  if (body.data.length === 0) throw new CliError("CLI_NOTHING", `no ${what} found`);
  if (format === "table") {
    const width = widthFor(deps);
    if (layout === undefined) writeTable(deps, body, width);
    else deps.stdout.write(layout(body, width, styleFor(deps)));
  }
  noteTruncation(deps, body.meta);
}

/** Write a value as JSON that parses to the same value and is safe on a terminal. */
export function writeJson(deps: Pick<CliDeps, "stdout">, value: unknown): void {
  deps.stdout.write(`${toSafeJson(value, JSON_INDENT)}\n`);
}

/** Say on standard error that there is more. */
export function noteTruncation(
  deps: Pick<CliDeps, "stderr">,
  meta: Pick<RowsBody["meta"], "truncated" | "limit">,
): void {
  if (!meta.truncated) return;
  deps.stderr.write(`only the first ${meta.limit} rows are shown; more with --limit\n`);
}

/** Columns to fill: the terminal's, else COLUMNS, else 120. */
export function widthFor(deps: Pick<CliDeps, "stdout" | "env">): number {
  const fromEnv = Number(deps.env.COLUMNS);
  if (deps.stdout.columns !== undefined && deps.stdout.columns > 0) return deps.stdout.columns;
  return Number.isInteger(fromEnv) && fromEnv > 0 ? fromEnv : WIDTH_DEFAULT;
}

function writeTable(deps: CliDeps, body: RowsBody, width: number): void {
  const table = renderTable(body.meta.columns, body.data, width, styleFor(deps));
  deps.stdout.write(table.text);
  if (table.leftOut.length === 0) return;
  const names = table.leftOut.join(", ");
  deps.stderr.write(`no room for ${names}; --format json or csv has all columns\n`);
}
