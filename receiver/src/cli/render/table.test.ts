/** Goal: tables fit, and never cut an id. Method: exact tables at several widths. */
import { expect, test } from "vitest";
import type { QueryColumn } from "../../query/types.ts";
import { renderTable } from "./table.ts";
import { widthOf } from "./width.ts";

const PLAIN = (text: string): string => text;
const COLUMNS: readonly QueryColumn[] = [
  { name: "RunId", kind: "id", label: "Run" },
  { name: "Message", kind: "text" },
  { name: "Count", kind: "count" },
  { name: "Empty", kind: "text" },
  { name: "Hidden", kind: "text", tableHidden: true },
];
const ID = "01K9XA00000000000000PAVSED";
const ROWS = [
  { RunId: ID, Message: "short", Count: 7, Empty: "", Hidden: "secret" },
  { RunId: ID, Message: "日本語 and a longer message\nin two lines", Count: 1234, Empty: "" },
];

test("columns are aligned, numbers to the right, empty and hidden ones left out", () => {
  expect(renderTable(COLUMNS, ROWS, 100, PLAIN)).toEqual({
    text: [
      `Run                         Message                                    Count`,
      `${ID}  short                                          7`,
      `${ID}  日本語 and a longer message\\nin two lines   1234`,
      "",
    ].join("\n"),
    leftOut: [],
  });
});

test("counts go before a text gets too narrow to read, then the text is cut", () => {
  const { text, leftOut } = renderTable(COLUMNS, ROWS, 50, PLAIN);
  expect(text.split("\n")[2]).toBe(`${ID}  日本語 and a longer m…`);
  expect(leftOut).toEqual(["Count"]);
});

test.each([30, 40, 45, 50, 60, 80, 120])("no line is wider than %i columns", (width) => {
  for (const line of renderTable(COLUMNS, ROWS, width, PLAIN).text.split("\n")) {
    expect(widthOf(line)).toBeLessThanOrEqual(width);
  }
});

test("columns without room are left out and named, the id stays whole", () => {
  const { text, leftOut } = renderTable(COLUMNS, ROWS, 10, PLAIN);
  expect(text).toBe(`Run\n${ID}\n${ID}\n`);
  expect(leftOut).toEqual(["Message", "Count"]);
});
