/**
 * Rows as CSV (RFC 4180): a header, CRLF, quotes where needed.
 *
 * In: columns and rows. Out: text. Pure.
 *
 * Two changes are made to what is stored, because a spreadsheet or a terminal may be the reader: a
 * text cell that a spreadsheet would run as a formula gets a `'` in front (OWASP, "CSV Injection"),
 * and control characters other than tab and line ends are written as `\u001b`. JSON has neither.
 */
import { escapeControls } from "./escape.ts";
import type { QueryColumn, QueryRow } from "./types.ts";

const CRLF = "\r\n";

/** First characters that make a spreadsheet take a cell for a formula. */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

/** Write rows as CSV with a header line. */
export function toCsv(columns: readonly QueryColumn[], rows: readonly QueryRow[]): string {
  const lines = [columns.map((column) => quote(column.name)).join(",")];
  for (const row of rows) lines.push(columns.map((column) => cell(row[column.name])).join(","));
  return lines.join(CRLF) + CRLF;
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = escapeControls(
    typeof value === "string" ? value : JSON.stringify(value),
    "keep lines",
  );
  return quote(FORMULA.test(text) ? `'${text}` : text);
}

function quote(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
