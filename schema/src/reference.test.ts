/**
 * Goal: the tables of the README say what the code does. Method: they are made anew and compared
 * (the message of a failure has what belongs there); the sources are searched for names of ours that
 * this package does not know.
 */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { APPROVAL_REQUESTED_EVENT, CONTENT_ATTRIBUTES } from "./attributes.ts";
import { ATTRIBUTE_REFERENCE, SPAN_REFERENCE } from "./reference.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const README = readFileSync(`${ROOT}schema/README.md`, "utf8");

/** Names that are no attributes: what travels in the metadata of a BullMQ job. */
const OTHERS = ["spanledger.run"];

/** A table as the formatter of this project's Markdown aligns it. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) =>
    Math.max(...rows.map((row) => (row[at] ?? "").length)),
  );
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  const [head = [], ...body] = rows.map((row) =>
    row.map((cell, at) => cell.padEnd(widths[at] ?? 0)),
  );
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("");
}

test("the README has every span", () => {
  const rows = Object.entries(SPAN_REFERENCE).map(([name, { kind, meaning }]) => [
    `\`${name}\``,
    kind,
    meaning,
  ]);
  expect(README).toContain(table([["span", "kind", "what it is"], ...rows]));
});

test("the README has every attribute", () => {
  const rows = [...ATTRIBUTE_REFERENCE].map(([name, { on, type, level, example }]) => [
    `\`${name}\``,
    on,
    CONTENT_ATTRIBUTES.has(name) ? `${type}, content` : type,
    level,
    `\`${example}\``,
  ]);
  expect(README).toContain(table([["attribute", "on", "type", "level", "example"], ...rows]));
});

test("no source writes a name of ours that stands nowhere else", () => {
  const files = globSync("{instrumentation/*,receiver}/src/**/*.ts", { cwd: ROOT });
  const known = new Set([...ATTRIBUTE_REFERENCE.keys(), APPROVAL_REQUESTED_EVENT, ...OTHERS]);
  const unknown = files
    .filter((file) => !/\.test(?:\.support)?\.ts$/.test(file))
    .flatMap((file) => {
      const text = readFileSync(`${ROOT}${file}`, "utf8");
      // Keys of contexts and symbols are no attributes.
      const written = text.replaceAll(/(?:createContextKey|Symbol\.for)\([^)]*\)/g, "");
      const names = written.matchAll(/"((?:workflow|spanledger|workspace)\.[a-z0-9_.]+)"/g);
      return [...names].map(([, name = ""]) => ({ file, name }));
    })
    .filter(({ name }) => !known.has(name));
  expect(unknown).toEqual([]);
  expect(files.length).toBeGreaterThan(100);
});
