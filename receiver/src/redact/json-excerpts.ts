/**
 * The excerpts of a long string that are enough for the detectors.
 *
 * In: a string of JSON as it is written, all its escapes plain ones, and its suspicious places. Out:
 * ranges that hold all that a detector reads around these places, so that the rest of 9 KB with one
 * telephone number need not be decoded. Pure.
 */

import { isLetter } from "./chars.ts";
import { endsAuthority } from "./detect-secret.ts";
import type { Places } from "./places.ts";
import { MAY_DIGITS, MAY_EMAIL, MAY_IBAN, MAY_URL } from "./prefilter.ts";

/**
 * How far a detector reads from a place, in characters as they are written: the local part of an
 * e-mail address is 256 before its `@`. The words beside a telephone number are 56 before the first
 * of its digits, and may be twice as many as they are written.
 */
const REACH = 320;

/**
 * The same for the user part of a URL: 512, which may be twice as many. It is read only where a
 * slash stands before it, with nothing in between that ends it.
 */
const URL_REACH = 1_100;

/** Shorter strings are taken as they are, in characters. */
const SIZE_MIN = 3 * REACH;

/** Detectors that read no further; the value behind a key or a secret has no end. */
const NEAR: number = MAY_EMAIL | MAY_DIGITS | MAY_IBAN | MAY_URL;

/** A bracket or a quote first: perhaps JSON, which is read from its start. */
const JSON_START = /^(?:\s|\\[nrt])*(?:[[{]|\\?")/;

/** A range of a string. */
export interface Excerpt {
  readonly from: number;
  readonly to: number;
}

/** Excerpts in rising order, none of which meets another; the whole string where that is no more. */
export function excerptsOf(written: string, places: Places): readonly Excerpt[] {
  const whole = [{ from: 0, to: written.length }];
  const isShort = written.length <= SIZE_MIN;
  if (isShort || (places.mask & ~NEAR) !== 0 || JSON_START.test(written)) return whole;
  const excerpts: Excerpt[] = [];
  let sizeSum = 0;
  for (let n = 0; n < places.at.length; n++) {
    const at = places.at[n] as number;
    const mayBeUrl = ((places.masks[n] as number) & MAY_URL) !== 0 && isAfterSlash(written, at);
    if (!mayBeUrl && at + REACH <= (excerpts.at(-1)?.to ?? 0)) continue;
    let from = edgeBefore(written, at - (mayBeUrl ? URL_REACH : REACH));
    let to = edgeAfter(written, at + REACH);
    for (
      let last = excerpts.at(-1);
      last !== undefined && from <= last.to;
      last = excerpts.at(-1)
    ) {
      from = Math.min(from, last.from);
      to = Math.max(to, last.to);
      sizeSum -= last.to - last.from;
      excerpts.pop();
    }
    excerpts.push({ from, to });
    sizeSum += to - from;
    if (sizeSum > written.length / 2) return whole;
  }
  return excerpts;
}

/** Whether a slash stands before the sign at `at`, with nothing in between that ends a user part. */
function isAfterSlash(written: string, at: number): boolean {
  const limit = Math.max(0, at - URL_REACH);
  for (let i = at - 1; i >= limit; i--) {
    const c = written.charCodeAt(i);
    if (endsAuthority(c)) return c === 47;
  }
  return false;
}

function edgeBefore(written: string, at: number): number {
  let edge = Math.max(0, at);
  while (edge > 0 && !isInWord(written, edge)) edge--;
  return edge;
}

function edgeAfter(written: string, at: number): number {
  let edge = Math.min(written.length, at);
  while (edge < written.length && !isInWord(written, edge)) edge++;
  return edge;
}

/** Between two letters of a word, where no escape and no run of digits is cut in two. */
function isInWord(written: string, at: number): boolean {
  if (!isLetter(written.charCodeAt(at - 1)) || !isLetter(written.charCodeAt(at))) return false;
  const before = written.charCodeAt(at - 2);
  return before !== 92 && before !== 37 && written.charCodeAt(at - 3) !== 37;
}
