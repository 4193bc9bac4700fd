/**
 * Rows as a table that fits the terminal.
 *
 * In: columns, rows, a width. Out: text, and the columns that had no room. Pure.
 *
 * Ids, times, numbers and results are never cut; texts share what is left. Columns that are empty
 * in every row are left out; where the rest does not fit, counts go first, then columns from the
 * right, ids last. An id alone wider than the terminal stays whole.
 */
import type { ColumnKind, QueryColumn, QueryRow } from "../../query/types.ts";
import { type Style, type Tone, toneOfResult } from "./style.ts";
import { line, showValue } from "./values.ts";
import { pad, truncate, widthOf } from "./width.ts";

const GAP = "  ";

/** Width of a text that still says something; counts are left out before texts get narrower. */
const TEXT_WIDTH_READABLE = 18;

/** Narrowest that a text column becomes before any column is left out. */
const TEXT_WIDTH_MIN = 10;

/** Longest text of a cell that is looked at, in UTF-16 units: no terminal is wider. */
const CELL_CHARS_MAX = 1_000;

const RIGHT: ReadonlySet<ColumnKind> = new Set(["duration", "count", "share", "number"]);
const CUT: ReadonlySet<ColumnKind> = new Set(["text", "list", "object", "content"]);

interface ShownColumn {
  readonly column: QueryColumn;
  readonly heading: string;
  readonly cells: readonly string[];
  width: number;
}

/** A table, and what it had no room for. */
export interface RenderedTable {
  /** Ends with a line end. */
  readonly text: string;
  /** Headings of the columns left out for want of width. */
  readonly leftOut: readonly string[];
}

/** Lay out a table. */
export function renderTable(
  columns: readonly QueryColumn[],
  rows: readonly QueryRow[],
  width: number,
  style: Style,
): RenderedTable {
  const filled = columns
    .filter((column) => column.tableHidden !== true)
    .map((column) => measure(column, rows))
    .filter(({ cells }) => cells.some((cell) => cell !== ""));
  const { shown, leftOut } = dropUntilFits(filled, width);
  narrow(shown, width);
  const headings = shown.map((column) => layOut(column.heading, column));
  const lines = [style(headings.join(GAP).trimEnd(), "strong")];
  for (const index of rows.keys()) {
    const cells = shown.map((column) => {
      const value = column.cells[index] ?? "";
      return style(layOut(value, column), toneOf(column.column, value));
    });
    lines.push(cells.join(GAP).trimEnd());
  }
  return { text: `${lines.join("\n")}\n`, leftOut: leftOut.map((column) => column.heading) };
}

function measure(column: QueryColumn, rows: readonly QueryRow[]): ShownColumn {
  const cells = rows.map((row) => {
    const text = showValue(row[column.name], column.kind);
    return CUT.has(column.kind) ? truncate(text.slice(0, CELL_CHARS_MAX), CELL_CHARS_MAX) : text;
  });
  const heading = line(column.label ?? column.name);
  let width = widthOf(heading);
  for (const cell of cells) width = Math.max(width, widthOf(cell));
  return { column, heading, cells, width };
}

function toneOf(column: QueryColumn, value: string): Tone | undefined {
  if (column.kind === "result") return toneOfResult(value);
  return column.name === "StatusCode" && value === "Error" ? "bad" : undefined;
}

function layOut(text: string, { column, width }: ShownColumn): string {
  const cut = CUT.has(column.kind) ? truncate(text, width) : text;
  return pad(cut, width, RIGHT.has(column.kind) ? "right" : "left");
}

interface Fitted {
  readonly shown: readonly ShownColumn[];
  readonly leftOut: readonly ShownColumn[];
}

function dropUntilFits(filled: readonly ShownColumn[], width: number): Fitted {
  const isCount = ({ column }: ShownColumn): boolean => column.kind === "count";
  const texts = filled.some(({ column }) => CUT.has(column.kind));
  const shown = texts ? drop(filled, width, TEXT_WIDTH_READABLE, isCount) : filled;
  const few = drop(shown, width, TEXT_WIDTH_MIN, ({ column }) => column.kind !== "id");
  const fitted = drop(few, width, TEXT_WIDTH_MIN, () => true);
  return { shown: fitted, leftOut: filled.filter((column) => !fitted.includes(column)) };
}

/** Leave out the columns that may go, from the right, until the rest fits; the first one stays. */
function drop(
  columns: readonly ShownColumn[],
  width: number,
  textWidth: number,
  mayGo: (column: ShownColumn) => boolean,
): readonly ShownColumn[] {
  const least = ({ column, width: own }: ShownColumn): number =>
    CUT.has(column.kind) ? Math.min(own, textWidth) : own;
  const shown = [...columns];
  for (let at = shown.length - 1; at > 0; at -= 1) {
    const gaps = GAP.length * (shown.length - 1);
    if (shown.reduce((sum, column) => sum + least(column), gaps) <= width) return shown;
    const column = shown[at];
    if (column !== undefined && mayGo(column)) shown.splice(at, 1);
  }
  return shown;
}

/** Narrow the widest text column, step by step, until the table fits. */
function narrow(shown: readonly ShownColumn[], width: number): void {
  const texts = shown.filter(({ column }) => CUT.has(column.kind));
  const gaps = GAP.length * (shown.length - 1);
  let excess = shown.reduce((sum, column) => sum + column.width, gaps) - width;
  for (; excess > 0; excess -= 1) {
    let widest: ShownColumn | undefined;
    for (const column of texts) if (column.width > (widest?.width ?? 0)) widest = column;
    if (widest === undefined || widest.width <= TEXT_WIDTH_MIN) return;
    widest.width -= 1;
  }
}
