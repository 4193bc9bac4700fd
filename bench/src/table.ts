/**
 * Tables for a terminal: the first column to the left, figures to the right. Pure.
 */

/** Cells of one row by column title. */
export type TableRow = Readonly<Record<string, string>>;

/** Align rows under their titles; titles come from the rows, in the order of first mention. */
export function table(rows: readonly TableRow[]): string {
  const titles = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const widths = titles.map((title) =>
    Math.max(title.length, ...rows.map((row) => (row[title] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) =>
        index === 0 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return [
    line(titles),
    line(widths.map((width) => "─".repeat(width))),
    ...rows.map((row) => line(titles.map((title) => row[title] ?? ""))),
  ].join("\n");
}

/** 123456.7 → `123,457`. */
export function whole(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString("en-US") : "–";
}

/** Three significant digits, or a dash for what was not measured. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return "–";
  return Math.abs(value) >= 100 ? whole(value) : String(Number(value.toPrecision(3)));
}

/** Bytes as MB (10^6). */
export function megabytes(bytes: number): string {
  return short(bytes / 1e6);
}

/** The middle of several rounds; the mean of the two middle ones for an even number. */
export function median(values: readonly number[]): number {
  const sorted = values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  if (upper === undefined) return Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
