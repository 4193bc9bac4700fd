/** Goal: CSV as RFC 4180 says, harmless in a spreadsheet. Method: exact bytes. */
import { expect, test } from "vitest";
import { toCsv } from "./csv.ts";

const COLUMNS = [{ name: "Value", kind: "text" }] as const;
const csvOf = (value: unknown): string => toCsv(COLUMNS, [{ Value: value }]).split("\r\n")[1] ?? "";

test("no rows are a header alone", () => {
  expect(toCsv([...COLUMNS, { name: "N", kind: "count" }], [])).toBe("Value,N\r\n");
});

test.each([
  ["plain", "plain"],
  ["a,b", '"a,b"'],
  ['say "x"', '"say ""x"""'],
  ["two\nlines", '"two\nlines"'],
  ["", ""],
  [null, ""],
  [undefined, ""],
  [-5, "-5"],
  [1.5, "1.5"],
  [true, "true"],
  [["a", "b"], '"[""a"",""b""]"'],
  [{ k: "v" }, '"{""k"":""v""}"'],
])("%j is written as %s", (value, text) => {
  expect(csvOf(value)).toBe(text);
});

test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "＝1"])("the formula %j is disarmed", (text) => {
  expect(csvOf(text)).toBe(`'${text}`);
});

test("a formula that needs quotes is disarmed inside them", () => {
  expect(csvOf('=HYPERLINK("x","y")')).toBe('"\'=HYPERLINK(""x"",""y"")"');
});

test("escape sequences are written out", () => {
  expect(csvOf("\u001b[2Jx\u009b")).toBe("\\u001b[2Jx\\u009b");
});
