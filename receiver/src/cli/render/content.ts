/**
 * Content of a run, such as its inputs: by step and name, JSON made readable, bounded.
 *
 * In: rows of the queries `inputs`, `outputs` or `payloads`. Out: text, and whether some was cut.
 */

import { escapeControls } from "../../query/escape.ts";
import type { QueryRow } from "../../query/types.ts";
import type { Style } from "./style.ts";
import { line, showTime } from "./values.ts";
import { truncate } from "./width.ts";

/** Lines of one piece of content that are shown: about one screen. */
const CONTENT_LINES_MAX = 40;

/** Longest content that is parsed to be made readable, in characters (1 MiB). */
const PARSE_CHARS_MAX = 1_048_576;

const INDENT = "    ";

/** Content as text. */
export interface RenderedContent {
  /** Ends with a line end. */
  readonly text: string;
  /** Whether a piece was too long to be shown whole. */
  readonly cut: boolean;
}

/** Lay out content under headings. */
export function renderContent(
  title: string,
  rows: readonly QueryRow[],
  width: number,
  style: Style,
): RenderedContent {
  const lines = [style(`${title} of run ${line(rows[0]?.RunId ?? "")}`, "strong")];
  let cut = false;
  let heading = "";
  for (const row of rows) {
    const step = String(row.StepName ?? "");
    const next = step === "" ? "outside a step" : `step ${line(step)}`;
    if (next !== heading) lines.push("", style(next, "strong"));
    heading = next;
    const at = showTime(String(row.Timestamp), "milliseconds");
    const facts = `${line(row.SpanType)}, ${line(row.SizeBytes)} bytes, ${at}`;
    lines.push(`  ${line(row.Name)}  ${style(facts, "faint")}`);
    const body = bodyOf(String(row.Content ?? ""), width - INDENT.length);
    cut ||= body.cut;
    lines.push(...body.lines.map((text) => INDENT + text));
  }
  return { text: `${lines.join("\n")}\n`, cut };
}

function bodyOf(
  content: string,
  width: number,
): { readonly lines: readonly string[]; readonly cut: boolean } {
  const all = readable(content).split(/\r\n|\r|\n/);
  const kept = all.slice(0, CONTENT_LINES_MAX);
  let cut = kept.length < all.length;
  const lines = kept.map((raw) => {
    // Control characters grow when they are escaped, so the cut comes after; tabs are none here.
    const text = escapeControls(raw.slice(0, width * 4).replaceAll("\t", "  "), "escape lines");
    const short = truncate(text, width);
    cut ||= short !== text || raw.length > width * 4;
    return short;
  });
  const more = all.length - kept.length;
  return { lines: more > 0 ? [...lines, `… ${more} more lines`] : lines, cut };
}

function readable(content: string): string {
  if (content.length > PARSE_CHARS_MAX) return content;
  try {
    return JSON.stringify(JSON.parse(content), undefined, 2);
  } catch {
    return content;
  }
}
