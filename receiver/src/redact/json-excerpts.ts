/**
 * The excerpts of a long string that are enough for the detectors.
 *
 * In: a string of JSON as it is written, all its escapes plain ones, and its suspicious places. Out:
 * ranges that hold all that a detector reads around these places, so that the rest of 9 KB with one
 * telephone number need not be decoded. Pure.
 */

import { isLetter } from "./chars.ts";
import type { Places } from "./places.ts";
import { MAY_DIGITS, MAY_EMAIL, MAY_IBAN, MAY_URL } from "./prefilter.ts";

/**
 * How far a detector reads from a place, in characters as they are written, which may be twice those
 * that are meant: the most is the user part of a URL, 512 before its `@`.
 */
const REACH = 1_100;

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
  const isShort = written.length <= 4 * REACH;
  if (isShort || (places.mask & ~NEAR) !== 0 || JSON_START.test(written)) return whole;
  const excerpts: Excerpt[] = [];
  let sizeSum = 0;
  for (const at of places.at) {
    const last = excerpts.at(-1);
    if (last !== undefined && at + REACH <= last.to) continue;
    const to = edgeAfter(written, at + REACH);
    const from = edgeBefore(written, at - REACH);
    if (last !== undefined && from <= last.to) {
      excerpts[excerpts.length - 1] = { from: last.from, to };
      sizeSum += to - last.to;
    } else {
      excerpts.push({ from, to });
      sizeSum += to - from;
    }
    if (sizeSum > written.length / 2) return whole;
  }
  return excerpts;
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
