/**
 * Runs of digits in a text: groups of digits and the separators between them.
 *
 * In: a text and its suspicious places. Out: one {@link DigitRun} at a time, reused, with the groups that stand together.
 * A letter, a line end or a comma ends a run; `%20`, `%28`, `%2B` count as what they encode. Runs
 * of more than {@link GROUPS_MAX} groups come in pieces that overlap. Pure.
 */

import { isAlnum, isDigit, isHex, isPercentEscape, percentValue } from "./chars.ts";
import type { Places } from "./places.ts";
import { MAY_DIGITS } from "./prefilter.ts";

/** Most groups of one piece of a run; a card number has at most 5, a telephone number 8. */
const GROUPS_MAX = 64;

/** Groups that the next piece repeats. */
const OVERLAP = 10;

/** Most separator characters between two groups: `) - `. */
const SEPARATORS_MAX = 3;

export class DigitRun {
  readonly text: string;
  count = 0;
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  /** Separator before the group: decoded characters, `""` for the first. */
  readonly separators: string[] = [];
  digits = 0;

  constructor(text: string) {
    this.text = text;
  }

  size(group: number): number {
    return (this.ends[group] as number) - (this.starts[group] as number);
  }

  group(group: number): string {
    return this.text.slice(this.starts[group], this.ends[group]);
  }

  /** Digits of the groups from `first` to before `end`. */
  digitsOf(first: number, end: number): string {
    let out = "";
    for (let g = first; g < end; g++) out += this.group(g);
    return out;
  }
}

/** Call `visit` for each run with at least `digitsMin` digits; one has a suspicious place in it. */
export function forEachRun(
  text: string,
  places: Places,
  digitsMin: number,
  visit: (run: DigitRun) => void,
): void {
  const run = new DigitRun(text);
  /** Up to where runs were read. */
  let done = 0;
  for (let n = 0; n < places.at.length; n++) {
    const at = places.at[n] as number;
    if (((places.masks[n] as number) & MAY_DIGITS) === 0 || at < done) continue;
    const end = digitsEnd(text, at);
    done = startBefore(text, at, done);
    while (done < end) {
      if (isPercentEscape(text, done)) done += 3;
      else if (isDigit(text.charCodeAt(done))) done = readRun(run, done, digitsMin, visit);
      else done++;
    }
  }
}

/** A place stands for all digits side by side. */
function digitsEnd(text: string, at: number): number {
  let end = at;
  while (isDigit(text.charCodeAt(end))) end++;
  return end;
}

/** Where the run that may hold `at` starts or sooner, but not before `limit`. */
function startBefore(text: string, at: number, limit: number): number {
  let start = at;
  while (start > limit && isInRun(text, start - 1)) start--;
  return start;
}

/** A digit, a separator, or a part of a percent escape. */
function isInRun(text: string, i: number): boolean {
  const c = text.charCodeAt(i);
  if (isDigit(c) || isSeparator(c) || c === 37) return true;
  return isHex(c) && (text.charCodeAt(i - 1) === 37 || text.charCodeAt(i - 2) === 37);
}

function readRun(
  run: DigitRun,
  from: number,
  digitsMin: number,
  visit: (run: DigitRun) => void,
): number {
  const { text } = run;
  truncate(run, 0);
  run.digits = 0;
  let i = from;
  let separator = "";
  for (;;) {
    const start = i;
    while (isDigit(text.charCodeAt(i))) i++;
    push(run, start, i, separator);
    const next = skipSeparators(text, i);
    if (next === -1) break;
    separator = decode(text, i, next);
    i = next;
    if (run.count === GROUPS_MAX) {
      visit(run);
      keepLast(run);
    }
  }
  if (run.digits >= digitsMin && !isDate(run)) visit(run);
  return i;
}

/** An ISO 8601 date alone, of which the prefilter says nothing either: `2024-07-18`. */
function isDate(run: DigitRun): boolean {
  if (run.count !== 3 || run.size(0) !== 4 || run.size(1) !== 2 || run.size(2) !== 2) return false;
  if (run.separators[1] !== "-" || run.separators[2] !== "-") return false;
  return /^[12]/.test(run.group(0)) && /^[01]/.test(run.group(1));
}

/** What lies beyond the count would be taken for groups of this run. */
function truncate(run: DigitRun, count: number): void {
  run.count = count;
  run.starts.length = count;
  run.ends.length = count;
  run.separators.length = count;
}

function push(run: DigitRun, start: number, end: number, separator: string): void {
  run.starts[run.count] = start;
  run.ends[run.count] = end;
  run.separators[run.count] = separator;
  run.count++;
  run.digits += end - start;
}

function keepLast(run: DigitRun): void {
  const from = run.count - OVERLAP;
  run.digits = 0;
  for (let g = 0; g < OVERLAP; g++) {
    run.starts[g] = run.starts[from + g] as number;
    run.ends[g] = run.ends[from + g] as number;
    run.separators[g] = run.separators[from + g] as string;
    run.digits += run.size(g);
  }
  truncate(run, OVERLAP);
}

/** Place of the next group, or -1 where the run ends. */
function skipSeparators(text: string, from: number): number {
  let i = from;
  for (let n = 0; n <= SEPARATORS_MAX; n++) {
    const c = text.charCodeAt(i);
    if (isDigit(c)) return n === 0 ? -1 : i;
    const size = separatorSize(text, i);
    if (size === 0) return -1;
    i += size;
  }
  return -1;
}

/** Space, `-`, `.`, `/`, `(`, `)`, `+`, no-break spaces, the dashes of Unicode; or encoded. */
function isSeparator(c: number): boolean {
  return (
    c === 32 ||
    c === 45 ||
    c === 46 ||
    c === 47 ||
    c === 40 ||
    c === 41 ||
    c === 43 ||
    c === 0xa0 ||
    c === 0x202f ||
    (c >= 0x2010 && c <= 0x2015)
  );
}

function separatorSize(text: string, i: number): number {
  const c = text.charCodeAt(i);
  if (isSeparator(c)) return 1;
  return isPercentEscape(text, i) && isSeparator(percentValue(text, i)) ? 3 : 0;
}

function decode(text: string, from: number, to: number): string {
  let out = "";
  for (let i = from; i < to; i++) {
    if (isPercentEscape(text, i)) {
      out += String.fromCharCode(percentValue(text, i));
      i += 2;
    } else {
      const c = text.charCodeAt(i);
      out += c >= 0x2010 && c <= 0x2015 ? "-" : c === 0xa0 || c === 0x202f ? " " : text.charAt(i);
    }
  }
  return out;
}

/** The character before `i`, `%XX` decoded; `""` at the start and after the escapes `\n \r \t`. */
export function characterBefore(text: string, i: number): string {
  if (i === 0) return "";
  if (i >= 3 && isPercentEscape(text, i - 3)) return String.fromCharCode(percentValue(text, i - 3));
  const c = text.charAt(i - 1);
  if (i >= 2 && text.charAt(i - 2) === "\\" && (c === "n" || c === "r" || c === "t")) return "";
  return c;
}

/** Where the character before `i` starts. */
export function placeBefore(text: string, i: number): number {
  return i >= 3 && isPercentEscape(text, i - 3) ? i - 3 : i - 1;
}

/** Whether the character is a letter or digit of ASCII; `""` is none. */
export function isWordCharacter(character: string): boolean {
  return character !== "" && isAlnum(character.charCodeAt(0));
}
