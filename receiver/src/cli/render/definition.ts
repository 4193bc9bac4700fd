/**
 * A workflow's definition as a person reads it, and what differs between two.
 *
 * In: rows of the query `definitions`. Out: text. Pure.
 */
import {
  conditionText,
  type DefinitionChange,
  type DefinitionEdge,
  parseDefinition,
} from "../../query/definition.ts";
import type { QueryRow } from "../../query/types.ts";
import { quote } from "./spans.ts";
import type { Style, Tone } from "./style.ts";
import { line, showTime } from "./values.ts";
import { pad, widthOf } from "./width.ts";
import { wrapFacts } from "./wrap.ts";

const LABEL_WIDTH = 10;
const INDENT = "  ";

/** Widest column of names, in columns; longer ones push what follows to the right. */
const NAME_WIDTH_MAX = 32;

/** Digits of a digest in a list: as Git shows them, enough to name one. */
const SHORT_DIGEST_CHARS = 12;

/** Lay out one definition and the list of the others; ends with a line end. */
export function renderDefinition(
  row: QueryRow,
  others: readonly QueryRow[],
  width: number,
  style: Style,
): string {
  const lines = [style(`Definition of ${line(row.WorkflowId ?? "")}`, "strong")];
  for (const [label, value, tone] of facts(row)) {
    if (value === "") continue;
    const first = `${INDENT}${pad(label, LABEL_WIDTH, "left")}`;
    lines.push(...wrapFacts(first, [{ text: value, tone }], first.length, width, style));
  }
  lines.push(...roadsOf(text(row, "Definition"), width, style));
  if (others.length > 0) {
    lines.push("", style("Other definitions, newest first", "strong"));
    for (const other of others) lines.push(`${INDENT}${nameOf(other)}  ${seen(other)}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Lay out what differs; ends with a line end. */
export function renderDefinitionDiff(
  before: QueryRow,
  after: QueryRow,
  changes: readonly DefinitionChange[],
  style: Style,
): string {
  const lines = [
    style(`Definition of ${line(after.WorkflowId ?? "")}`, "strong"),
    style(`--- ${nameOf(before)}  ${seen(before)}`, "faint"),
    style(`+++ ${nameOf(after)}  ${seen(after)}`, "faint"),
  ];
  for (const { change, kind, item, before: was, after: is } of changes) {
    const name = `${kind} ${quote(item)}`;
    const value = change === "changed" ? `${line(was)} → ${line(is)}` : line(was || is);
    const [mark, tone] = MARKS[change];
    lines.push(style(`${mark} ${name}  ${value}`.trimEnd(), tone));
  }
  if (changes.length === 0) lines.push("Nodes and edges are the same.");
  return `${lines.join("\n")}\n`;
}

const MARKS: Readonly<Record<DefinitionChange["change"], readonly [string, Tone]>> = {
  added: ["+", "good"],
  removed: ["-", "bad"],
  changed: ["~", "waiting"],
};

function facts(row: QueryRow): readonly (readonly [string, string, Tone?])[] {
  const name = text(row, "WorkflowName");
  const intact = row.Intact === true;
  const kept = text(row, "Definition") !== "";
  const differs = "the text is not the one of the digest: redacted, cut or changed";
  return [
    ["name", name === row.WorkflowId ? "" : quote(name)],
    ["sha256", line(row.Sha256 ?? "")],
    ["versions", versions(row)],
    ["used", seen(row)],
    ["last run", line(row.LastRunId ?? "")],
    [
      "record",
      intact ? "the text has this digest" : kept ? differs : "",
      intact ? "good" : "waiting",
    ],
  ];
}

function roadsOf(stored: string, width: number, style: Style): readonly string[] {
  if (stored === "") {
    return ["", "Only its digest is known: runs name it, and no definition has arrived."];
  }
  const definition = parseDefinition(stored);
  if (definition === undefined) return ["", "The stored text cannot be read:", line(stored)];
  const nodeWidth = columnWidth(definition.nodes.map(({ id }) => quote(id)));
  const roadWidth = columnWidth(definition.edges.map(road));
  const block = (heading: string, rows: readonly (readonly [string, string])[], at: number) => [
    "",
    style(heading, "strong"),
    ...rows.flatMap(([name, value]) => {
      const first = `${INDENT}${pad(name, at, "left")}${INDENT}`;
      return wrapFacts(first, [{ text: value }], at + 2 * INDENT.length, width, style);
    }),
  ];
  return [
    ...block(
      `Nodes (${definition.nodes.length})`,
      definition.nodes.map(({ id, type }) => [quote(id), line(type)] as const),
      nodeWidth,
    ),
    ...block(
      `Edges (${definition.edges.length})`,
      definition.edges.map((edge) => [road(edge), line(conditionText(edge))] as const),
      roadWidth,
    ),
  ];
}

function road({ from, to }: DefinitionEdge): string {
  return `${quote(from)} → ${quote(to)}`;
}

function columnWidth(names: readonly string[]): number {
  return Math.min(NAME_WIDTH_MAX, Math.max(0, ...names.map(widthOf)));
}

function nameOf(row: QueryRow): string {
  const short = line(text(row, "Sha256").slice(0, SHORT_DIGEST_CHARS));
  return versions(row) === "" ? short : `${short}  version ${versions(row)}`;
}

function seen(row: QueryRow): string {
  const [first, last] = [text(row, "FirstAt"), text(row, "LastAt")];
  const runs = Number(row.Runs ?? 0);
  const count = runs === 1 ? "1 run" : `${runs} runs`;
  return `${showTime(first, "seconds")} to ${showTime(last, "seconds")}, ${count}`;
}

function versions(row: QueryRow): string {
  return Array.isArray(row.Versions)
    ? row.Versions.map((one) => quote(String(one))).join(", ")
    : "";
}

function text(row: QueryRow, name: string): string {
  return String(row[name] ?? "");
}
