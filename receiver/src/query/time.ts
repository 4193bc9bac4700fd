/**
 * Times as people write them: an age (`90s`, `15m`, `1h`, `7d`) or an ISO time.
 *
 * In: the text and the present time. Out: milliseconds since 1970, UTC. Pure.
 */

const AGE = /^(\d{1,9})(ms|s|m|h|d|w)$/;

/** An ISO date, or a date and time; without a zone it means UTC. */
const ISO =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i;

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** What a time may look like; ends the message about one that does not. */
export const TIME_FORMS =
  "an age such as 90s, 15m, 1h or 7d, or an ISO time such as 2026-01-31T09:00:00Z";

/**
 * Milliseconds since 1970 of an age before `nowMs`, or of an ISO time; undefined when it is neither.
 */
export function parseTime(text: string, nowMs: number): number | undefined {
  const age = AGE.exec(text.trim());
  if (age !== null) {
    const ms = nowMs - Number(age[1]) * (UNIT_MS[age[2] ?? ""] ?? Number.NaN);
    return Math.max(0, Math.round(ms));
  }
  const iso = ISO.exec(text.trim());
  if (iso === null) return undefined;
  const [, date = "", clock, zone = "Z"] = iso;
  const parsed = new Date(`${date}T${clock ?? "00:00"}${zone.toUpperCase()}`);
  const ms = parsed.getTime();
  if (Number.isNaN(ms) || !isDate(date)) return undefined;
  return Math.max(0, ms);
}

/** JavaScript turns 30 February into March; this refuses it. */
function isDate(date: string): boolean {
  const parsed = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(date);
}
