/** Goal: times are read as people write them. Method: vectors, a fixed present. */
import { expect, test } from "vitest";
import { parseTime } from "./time.ts";

const NOW = Date.parse("2026-11-20T12:00:00Z");

test.each([
  ["90s", "2026-11-20T11:58:30Z"],
  ["15m", "2026-11-20T11:45:00Z"],
  ["1h", "2026-11-20T11:00:00Z"],
  ["7d", "2026-11-13T12:00:00Z"],
  ["2w", "2026-11-06T12:00:00Z"],
  ["250ms", "2026-11-20T11:59:59.750Z"],
  ["0s", "2026-11-20T12:00:00Z"],
  [" 1h ", "2026-11-20T11:00:00Z"],
  ["2026-11-20", "2026-11-20T00:00:00Z"],
  ["2026-11-20T09:30", "2026-11-20T09:30:00Z"],
  ["2026-11-20 09:30:15", "2026-11-20T09:30:15Z"],
  ["2026-11-20T09:30:15.123456789Z", "2026-11-20T09:30:15.123Z"],
  ["2026-11-20T09:30:00+02:00", "2026-11-20T07:30:00Z"],
  ["2026-11-20T09:30:00-0130", "2026-11-20T11:00:00Z"],
  ["2028-02-29", "2028-02-29T00:00:00Z"],
  ["999999999w", "1970-01-01T00:00:00Z"],
])("%s is read", (text, iso) => {
  expect(parseTime(text, NOW)).toBe(Date.parse(iso));
});

test.each([
  "",
  "h",
  "1",
  "-1h",
  "1.5h",
  "1y",
  "1H",
  "1h30m",
  "yesterday",
  "2026-13-01",
  "2026-02-30",
])("%j is refused", (text) => {
  expect(parseTime(text, NOW)).toBeUndefined();
});

test.each(["2026-11-20T25:00", "2026-11-20T09", "20.11.2026", "1700000000", `${"9".repeat(10)}h`])(
  "%s is refused too",
  (text) => {
    expect(parseTime(text, NOW)).toBeUndefined();
  },
);
