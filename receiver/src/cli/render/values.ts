/**
 * One value as people read it.
 *
 * In: a value and the kind of its column. Out: one line without control characters. Pure.
 */
import { escapeControls } from "../../query/escape.ts";
import type { ColumnKind } from "../../query/types.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Show a value. */
export function showValue(value: unknown, kind: ColumnKind): string {
  if (value === null || value === undefined) return "";
  if (kind === "time") return showTime(String(value), "seconds");
  if (kind === "instant") return showTime(String(value), "milliseconds");
  if (kind === "duration") return showDuration(Number(value));
  if (kind === "share") return `${(Number(value) * 100).toFixed(1)} %`;
  if (kind === "flag") return value === true ? "yes" : "no";
  if (kind === "list" && Array.isArray(value)) return value.map((item) => line(item)).join(", ");
  return line(value);
}

/** Anything in one line, safe to print. */
export function line(value: unknown): string {
  return escapeControls(typeof value === "string" ? value : JSON.stringify(value), "escape lines");
}

/** `2026-01-31 09:00:00.123Z`, always UTC; JSON has the nanoseconds. */
export function showTime(iso: string, precision: "seconds" | "milliseconds"): string {
  const match = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(\.\d{1,3})?\d*Z$/.exec(iso);
  if (match === null) return line(iso);
  const [, date, clock, fraction = "."] = match;
  return `${date} ${clock}${precision === "seconds" ? "" : fraction.padEnd(4, "0")}Z`;
}

/** `0.4 ms`, `250 ms`, `1.25 s`, `2 m 05 s`, `3 h 04 m`, `2 d 05 h`. */
export function showDuration(ms: number): string {
  if (!Number.isFinite(ms)) return "";
  if (ms < 0) return `-${showDuration(-ms)}`;
  if (ms < 10) return `${Number(ms.toFixed(1))} ms`;
  if (ms < SECOND_MS - 0.5) return `${Math.round(ms)} ms`;
  if (ms < MINUTE_MS - 5) return `${(ms / SECOND_MS).toFixed(2)} s`;
  if (ms < HOUR_MS - 500) return twoUnits(ms, MINUTE_MS, "m", SECOND_MS, "s");
  if (ms < DAY_MS - 30_000) return twoUnits(ms, HOUR_MS, "h", MINUTE_MS, "m");
  return twoUnits(ms, DAY_MS, "d", HOUR_MS, "h");
}

function twoUnits(
  ms: number,
  bigMs: number,
  bigName: string,
  smallMs: number,
  smallName: string,
): string {
  const small = Math.round(ms / smallMs);
  const perBig = bigMs / smallMs;
  const rest = String(small % perBig).padStart(2, "0");
  return `${Math.floor(small / perBig)} ${bigName} ${rest} ${smallName}`;
}
