/** Goal: values read well. Method: vectors on both sides of each unit. */
import { expect, test } from "vitest";
import { showDuration, showTime, showValue } from "./values.ts";

test.each([
  [0, "0 ms"],
  [0.44, "0.4 ms"],
  [9.94, "9.9 ms"],
  [250, "250 ms"],
  [999.4, "999 ms"],
  [999.6, "1.00 s"],
  [1_250, "1.25 s"],
  [59_994, "59.99 s"],
  [59_996, "1 m 00 s"],
  [125_000, "2 m 05 s"],
  [3_599_499, "59 m 59 s"],
  [3_599_500, "1 h 00 m"],
  [11_040_000, "3 h 04 m"],
  [86_369_999, "23 h 59 m"],
  [86_370_000, "1 d 00 h"],
  [190_800_000, "2 d 05 h"],
  [-1_250, "-1.25 s"],
  [Number.NaN, ""],
])("%d ms is %s", (ms, text) => {
  expect(showDuration(ms)).toBe(text);
});

test("times are UTC, to the second or the millisecond", () => {
  const iso = "2026-11-20T08:00:00.123456789Z";
  expect(showTime(iso, "seconds")).toBe("2026-11-20 08:00:00Z");
  expect(showTime(iso, "milliseconds")).toBe("2026-11-20 08:00:00.123Z");
  expect(showTime("2026-11-20T08:00:00Z", "milliseconds")).toBe("2026-11-20 08:00:00.000Z");
  expect(showTime("no\u001btime", "seconds")).toBe("no\\u001btime");
});

test("values of every kind are one safe line", () => {
  expect(showValue(0.256, "share")).toBe("25.6 %");
  expect(showValue(true, "flag")).toBe("yes");
  expect(showValue(["a", "b\n"], "list")).toBe("a, b\\n");
  expect(showValue({ a: "\u001b" }, "object")).toBe('{"a":"\\u001b"}');
  expect(showValue(null, "time")).toBe("");
});
