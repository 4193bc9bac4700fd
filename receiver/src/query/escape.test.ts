/**
 * Goal: no control character of stored text reaches a terminal, and JSON stays the same value.
 * Method: every code point of the ranges that terminals act on.
 */
import { expect, test } from "vitest";
import { escapeControls, toSafeJson } from "./escape.ts";

const range = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => String.fromCharCode(from + index));

const CONTROLS = [
  ...range(0x00, 0x1f),
  ...range(0x7f, 0x9f),
  ...range(0x202a, 0x202e),
  ...range(0x2066, 0x2069),
  "\u2028",
  "\u2029",
  "\ud800",
  "\udfff",
];

test("no control character survives in one line", () => {
  for (const control of CONTROLS) {
    const escaped = escapeControls(`a${control}b`, "escape lines");
    expect(escaped).toMatch(/^a\\(?:n|r|t|u[0-9a-f]{4})b$/);
  }
});

test("text with no control character is left alone", () => {
  const text = "naïve 日本 👩‍💻 \\u001b";
  expect(escapeControls(text, "escape lines")).toBe(text);
});

test("line ends and tabs are kept where asked, a lone carriage return is not", () => {
  expect(escapeControls("a\tb\nc\r\nd\re", "keep lines")).toBe("a\tb\nc\r\nd\\re");
});

test("safe JSON holds no control character but line ends, and parses to the same value", () => {
  const value = { text: CONTROLS.join(""), list: ["\u001b[2J"] };
  const json = toSafeJson(value, 2);
  expect(escapeControls(json, "keep lines")).toBe(json);
  expect(JSON.parse(json)).toEqual(value);
});
