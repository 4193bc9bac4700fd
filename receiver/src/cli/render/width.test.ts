/** Goal: widths are those of a terminal. Method: vectors from Unicode's width classes. */
import { expect, test } from "vitest";
import { pad, truncate, widthOf } from "./width.ts";

test.each([
  ["", 0],
  ["abc", 3],
  ["naïve", 5],
  ["e\u0301", 1],
  ["日本", 4],
  ["한국", 4],
  ["ｆｕｌｌ", 8],
  ["🙂", 2],
  ["👩‍💻", 2],
  ["🇩🇪", 2],
  ["✓", 1],
  ["…", 1],
  ["\u200b", 0],
])("%s takes %i columns", (text, width) => {
  expect(widthOf(text)).toBe(width);
});

test.each([
  ["abcdef", 6, "abcdef"],
  ["abcdef", 5, "abcd…"],
  ["日本語", 5, "日本…"],
  ["日本語", 4, "日…"],
  ["👩‍💻👩‍💻", 3, "👩‍💻…"],
  ["abc", 1, "…"],
  ["abc", 0, ""],
])("%s cut to %i columns is %s", (text, width, cut) => {
  expect(truncate(text, width)).toBe(cut);
  expect(widthOf(truncate(text, width))).toBeLessThanOrEqual(width);
});

test("padding fills columns, not characters", () => {
  expect(pad("日", 4, "left")).toBe("日  ");
  expect(pad("日", 4, "right")).toBe("  日");
  expect(pad("long", 2, "left")).toBe("long");
});
