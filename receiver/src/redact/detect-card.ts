/**
 * Payment card and social security numbers in runs of digits.
 *
 * In: a run. Out: findings. A card has a known prefix with its lengths, the usual grouping and a
 * valid check digit (ISO/IEC 7812, Luhn). A social security number is written 3-2-4 with hyphens
 * or dots, or anyhow after its name, and follows the rules of the SSA: area not 000, 666 or 9xx,
 * group not 00, serial not 0000.
 */

import { isAlnum } from "./chars.ts";
import { characterBefore, type DigitRun, isWordCharacter } from "./digit-runs.ts";
import type { Findings } from "./findings.ts";

/** Fewest and most digits of a card number. */
export const CARD_DIGITS_MIN = 13;
const CARD_DIGITS_MAX = 19;

/** First digits and lengths by network: [from, to, lengths]; sources: the networks' BIN lists. */
const RANGES: readonly (readonly [string, string, readonly number[]])[] = [
  ["4", "4", [13, 16, 19]], // Visa
  ["51", "55", [16]], // Mastercard
  ["2221", "2720", [16]],
  ["34", "34", [15]], // American Express
  ["37", "37", [15]],
  ["300", "305", [14]], // Diners Club
  ["309", "309", [14]],
  ["36", "36", [14]],
  ["38", "39", [14]],
  ["6011", "6011", [16, 19]], // Discover
  ["644", "649", [16, 19]],
  ["65", "65", [16, 19]],
  ["3528", "3589", [16, 19]], // JCB
  ["62", "62", [16, 17, 18, 19]], // UnionPay
  ["5018", "5018", [13, 14, 15, 16, 17, 18, 19]], // Maestro
  ["5020", "5020", [13, 14, 15, 16, 17, 18, 19]],
  ["5038", "5038", [13, 14, 15, 16, 17, 18, 19]],
  ["5893", "5893", [13, 14, 15, 16, 17, 18, 19]],
  ["6304", "6304", [13, 14, 15, 16, 17, 18, 19]],
  ["6759", "6763", [13, 14, 15, 16, 17, 18, 19]],
  ["2200", "2204", [16, 17, 18, 19]], // Mir
  ["508", "508", [16]], // RuPay, Elo
  ["60", "60", [16]],
  ["81", "82", [16]],
  ["9792", "9792", [16]], // Troy
];

/** Whether the digits are a card number: prefix, length and check digit. */
export function isCardNumber(digits: string): boolean {
  return hasCardPrefix(digits) && hasLuhnCheck(digits);
}

function hasCardPrefix(digits: string): boolean {
  return RANGES.some(([from, to, lengths]) => {
    const prefix = digits.slice(0, from.length);
    return prefix >= from && prefix <= to && lengths.includes(digits.length);
  });
}

function hasLuhnCheck(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    sum += i % 2 === 0 ? digit : digit > 4 ? 2 * digit - 9 : 2 * digit;
  }
  return sum % 10 === 0;
}

export function findCards(run: DigitRun, findings: Findings): void {
  if (run.digits < CARD_DIGITS_MIN) return;
  for (let first = 0; first < run.count; first++) {
    // Cheap first: a number starts with a group of four or is written whole.
    if (run.size(first) !== 4 && run.size(first) < CARD_DIGITS_MIN) continue;
    if (first === 0 && isWordCharacter(characterBefore(run.text, run.starts[0] as number)))
      continue;
    const end = cardEnd(run, first, findings);
    if (end === -1) continue;
    findings.add("card", run.starts[first] as number, run.ends[end - 1] as number);
    first = end - 1;
  }
}

/** Group after the card number that starts with group `first`, or -1. */
function cardEnd(run: DigitRun, first: number, findings: Findings): number {
  let digits = 0;
  for (let g = first; g < run.count; g++) {
    findings.steps++;
    const separator = run.separators[g] as string;
    if (g > first && (separator.length !== 1 || separator !== run.separators[first + 1])) return -1;
    digits += run.size(g);
    if (digits > CARD_DIGITS_MAX) return -1;
    if (digits < CARD_DIGITS_MIN || !isCardGrouping(run, first, g + 1)) continue;
    if (g + 1 === run.count && isAlnum(run.text.charCodeAt(run.ends[g] as number))) continue;
    if (isCardNumber(run.digitsOf(first, g + 1))) return g + 1;
  }
  return -1;
}

/** Whole; 4-4-4-4 and a rest; 4-6-5; 4-6-4. A decimal point is no grouping. */
function isCardGrouping(run: DigitRun, first: number, end: number): boolean {
  const groups = end - first;
  if (groups === 1) return !isFraction(run, first) && !isFraction(run, end);
  if (groups < 3 || run.size(first) !== 4) return false;
  if (groups === 3) return run.size(first + 1) === 6;
  for (let g = first + 1; g < end - 1; g++) if (run.size(g) !== 4) return false;
  return run.size(end - 1) <= 4;
}

/** Whether a decimal point joins the group `g` to the one before. */
function isFraction(run: DigitRun, g: number): boolean {
  return g < run.count && run.separators[g] === ".";
}

/** The words after which nine digits are a social security number however they are written. */
const SSN_NAME =
  /(?:\bssn|\bss#|social[ _-]?security(?:[ _-]?(?:number|num|no\.?|#))?)["'`\\]*\s{0,3}(?:is|was|number|no\.?)?[\s:=#"'`\\(]{0,6}$/i;

/** How far before a number its name is looked for, in characters. */
const NAME_SIZE_MAX = 48;

export function findSsns(run: DigitRun, findings: Findings): void {
  for (let first = 0; first < run.count; first++) {
    const end = ssnEnd(run, first, findings);
    if (end === -1) continue;
    findings.add("ssn", run.starts[first] as number, run.ends[end - 1] as number);
    first = end - 1;
  }
}

function ssnEnd(run: DigitRun, first: number, findings: Findings): number {
  if (run.size(first) === 9) {
    const isNamed = first === 0 && hasName(run, first, findings);
    return isNamed && isSsn(run.group(first)) ? 1 : -1;
  }
  if (first + 3 > run.count || run.size(first) !== 3 || run.size(first + 1) !== 2) return -1;
  if (run.size(first + 2) !== 4 || !isSsn(run.digitsOf(first, first + 3))) return -1;
  const separator = run.separators[first + 1] as string;
  if (separator !== run.separators[first + 2]) return -1;
  if (!isSsnAlone(run, first, separator)) return -1;
  if (separator === "-" || separator === ".") return first + 3;
  return separator === " " && hasName(run, first, findings) ? first + 3 : -1;
}

/** No letter, digit or further group of the same writing touches it. */
function isSsnAlone(run: DigitRun, first: number, separator: string): boolean {
  if (first > 0 && run.separators[first] === separator) return false;
  if (first === 0) {
    const before = characterBefore(run.text, run.starts[0] as number);
    if (isWordCharacter(before) || before === "-" || before === "." || before === "_") return false;
  }
  if (first + 3 < run.count) return run.separators[first + 3] !== separator;
  const end = run.ends[first + 2] as number;
  const after = run.text.charCodeAt(end);
  const joined = (after === 45 || after === 95) && isAlnum(run.text.charCodeAt(end + 1));
  return !isAlnum(after) && !joined;
}

function hasName(run: DigitRun, first: number, findings: Findings): boolean {
  const start = run.starts[first] as number;
  findings.steps += NAME_SIZE_MAX;
  return SSN_NAME.test(run.text.slice(Math.max(0, start - NAME_SIZE_MAX), start));
}

/** The SSA's rules for nine digits. */
function isSsn(digits: string): boolean {
  if (digits.length !== 9 || digits.startsWith("9")) return false;
  const area = digits.slice(0, 3);
  return (
    area !== "000" && area !== "666" && digits.slice(3, 5) !== "00" && digits.slice(5) !== "0000"
  );
}
