/**
 * The decision path of a run: each branch, what could have been taken, what was, and why.
 *
 * In: rows of the query `decisions`. Out: text. Pure.
 */
import type { QueryRow } from "../../query/types.ts";
import { quote } from "./spans.ts";
import type { Style, Tone } from "./style.ts";
import { line, showTime } from "./values.ts";
import { pad } from "./width.ts";
import { wrapFacts } from "./wrap.ts";

const LABEL_WIDTH = 12;
const INDENT = "   ";

/** Lay out a decision path; ends with a line end. */
export function renderDecisions(rows: readonly QueryRow[], width: number, style: Style): string {
  const lines = [style(`Decision path of run ${line(rows[0]?.RunId ?? "")}`, "strong")];
  for (const [index, row] of rows.entries()) {
    const number = pad(String(index + 1), 2, "right");
    const at = style(showTime(String(row.Timestamp), "milliseconds"), "faint");
    const type = [row.Type, row.SourceStep === "" ? "" : `after ${quote(text(row, "SourceStep"))}`];
    const about = type.filter((part) => part !== "").join(", ");
    lines.push(
      "",
      `${number} ${style(quote(text(row, "Name")), "strong")}  (${line(about)})  ${at}`,
    );
    for (const [label, value, tone] of details(row)) {
      if (value === "") continue;
      const first = `${INDENT}${pad(label, LABEL_WIDTH, "left")}`;
      lines.push(...wrapFacts(first, [{ text: value, tone }], first.length, width, style));
    }
  }
  return `${lines.join("\n")}\n`;
}

function details(row: QueryRow): readonly (readonly [string, string, Tone?])[] {
  const confidence = row.Confidence;
  return [
    ["options", names(row.Options)],
    ["selected", names(row.Selected) || "nothing", "good"],
    ["skipped", names(row.Skipped)],
    ["default", row.DefaultTaken === true ? "taken" : "not taken"],
    ["condition", quote(text(row, "Condition"))],
    ["reason", quote(text(row, "Reason")) || "none recorded"],
    ["confidence", typeof confidence === "number" ? String(confidence) : ""],
  ];
}

function text(row: QueryRow, name: string): string {
  return String(row[name] ?? "");
}

function names(list: unknown): string {
  return Array.isArray(list) ? list.map((item) => quote(String(item))).join(", ") : "";
}
