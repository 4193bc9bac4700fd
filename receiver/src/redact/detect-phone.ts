/**
 * Telephone numbers in runs of digits.
 *
 * In: a run. Out: findings. Without help: international numbers (`+` or `00` and a country code of
 * ITU-T E.164), North American ones (3-3-4), those with an area code in brackets, European ones
 * with a trunk zero in their usual groups. With a word beside them (`phone`, `call me at`) or a key
 * that says so: any 6 to 15 digits. Times, dates, versions, IP addresses and ids have none of it.
 */

import { isAlnum, isDigit } from "./chars.ts";
import { characterBefore, type DigitRun, isWordCharacter, placeBefore } from "./digit-runs.ts";
import type { Findings } from "./findings.ts";
import { isOtherThing, isPhoneWordAfter, phoneContext } from "./phone-context.ts";

/** Fewest digits of a telephone number beside a word that says so. */
const PHONE_DIGITS_MIN = 6;

/** Fewest digits written without a gap that a word after them makes a telephone number. */
const WHOLE_DIGITS_MIN = 9;

/** Most digits of a telephone number (E.164). */
const PHONE_DIGITS_MAX = 15;

const COUNTRY_CODE =
  /^(?:1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|2[1-689]\d|3[578]\d|42\d|5[09]\d|6[789]\d|8[05789]\d|9[679]\d)/;

const EXTENSION = /\s{0,2}(?:x|ext\.?|extension|#)\s{0,2}\d{1,6}(?![A-Za-z0-9])/iy;

/** Characters read around a run for words; for counting work. */
const CONTEXT_SIZE = 80;

/**
 * @param isNamed the key says that the text is a telephone number
 */
export function findPhones(run: DigitRun, isNamed: boolean, findings: Findings): void {
  for (let first = 0; first < run.count; first++) {
    const end = phoneEnd(run, first, isNamed, findings);
    if (end === -1) continue;
    const last = run.ends[end - 1] as number;
    findings.add("phone", phoneStart(run, first), end === run.count ? extended(run, last) : last);
    first = end - 1;
  }
}

/** A `+`, and the bracket around the first group, belong to the number. */
function phoneStart(run: DigitRun, first: number): number {
  const start = run.starts[first] as number;
  const isOwn = characterBefore(run.text, start) === "+" || isBracketed(run, first);
  return isOwn ? placeBefore(run.text, start) : start;
}

function extended(run: DigitRun, end: number): number {
  EXTENSION.lastIndex = end;
  return EXTENSION.test(run.text) ? EXTENSION.lastIndex : end;
}

function phoneEnd(run: DigitRun, first: number, isNamed: boolean, findings: Findings): number {
  findings.steps++;
  if (first === 0 && isNamed && run.digits <= PHONE_DIGITS_MAX && run.digits >= PHONE_DIGITS_MIN) {
    return run.count;
  }
  const shaped = shapedEnd(run, first);
  if (shaped !== -1) return shaped;
  return first === 0 && isBesideWord(run, findings) ? run.count : -1;
}

/** End of a number that its form alone gives away. */
function shapedEnd(run: DigitRun, first: number): number {
  // Cheap first: only country codes have one digit.
  if (run.size(first) === 1 && !isCountryDigit(run.text, run.starts[first] as number)) return -1;
  const plus = plusEnd(run, first);
  if (plus !== -1) return plus;
  const end = nationalEnd(run, first);
  if (end === -1 || !isAlone(run, first, end)) return -1;
  return isOtherThing(run.text, phoneStart(run, first)) ? -1 : end;
}

/** `1` before three digits, or a digit after a plus. */
function isCountryDigit(text: string, start: number): boolean {
  if (characterBefore(text, start) === "+") {
    return !isWordCharacter(characterBefore(text, placeBefore(text, start)));
  }
  return text.charCodeAt(start) === 49 && isDigit(text.charCodeAt(start + 4));
}

function plusEnd(run: DigitRun, first: number): number {
  const start = run.starts[first] as number;
  if (characterBefore(run.text, start) !== "+") return -1;
  const beforePlus = characterBefore(run.text, placeBefore(run.text, start));
  if (isWordCharacter(beforePlus) || beforePlus === "+" || beforePlus === ")") return -1;
  return internationalEnd(run, first, run.group(first));
}

/** @param head digits of the first group, which start with the country code */
function internationalEnd(run: DigitRun, first: number, head: string): number {
  if (!COUNTRY_CODE.test(head + run.digitsOf(first + 1, Math.min(first + 2, run.count)))) return -1;
  let digits = head.length;
  let end = first + 1;
  while (end < run.count && digits + run.size(end) <= PHONE_DIGITS_MAX) {
    if (head.startsWith("1") && digits >= 11) break;
    if (!isPhoneSeparator(run.separators[end] as string)) break;
    if (digits >= 9 && startsOther(run, first, end)) break;
    digits += run.size(end);
    end++;
  }
  if (end === run.count && isAlnumAfter(run, end)) return -1;
  if (head.startsWith("1")) return digits === 11 ? end : -1;
  return digits >= (end - first > 1 ? 8 : 9) && digits <= PHONE_DIGITS_MAX ? end : -1;
}

/** After groups joined by hyphens or dots a space starts something else. */
function startsOther(run: DigitRun, first: number, end: number): boolean {
  const separator = run.separators[end] as string;
  const previous = run.separators[end - 1] as string;
  return end > first + 1 && separator === " " && (previous === "-" || previous === ".");
}

function isPhoneSeparator(separator: string): boolean {
  return /^(?:[ .\-/+]|\)|\(| \(|\) |\)-|-\(| - )$/.test(separator);
}

function nationalEnd(run: DigitRun, first: number): number {
  const head = run.size(first);
  if (head >= 3 && head <= 5 && run.group(first).startsWith("00")) {
    const code = run.group(first).slice(2);
    const end = COUNTRY_CODE.exec(code)?.[0] === code ? internationalEnd(run, first, code) : -1;
    if (end - first >= 3) return end;
  }
  if (isBracketed(run, first)) return bracketEnd(run, first);
  // The country code of North America without a plus.
  const lead = head === 1 && run.group(first) === "1" ? 1 : 0;
  const american = americanEnd(run, first + lead);
  return american === -1 ? trunkZeroEnd(run, first) : american;
}

function isBracketed(run: DigitRun, first: number): boolean {
  return (
    (run.separators[first + 1] ?? "").startsWith(")") &&
    first + 1 < run.count &&
    characterBefore(run.text, run.starts[first] as number) === "("
  );
}

/** `(555) 123-4567`, `(88) 684-334`, `(030) 12345678`. */
function bracketEnd(run: DigitRun, first: number): number {
  const area = run.size(first);
  if (area < 2 || area > 5 || !/^\)[ -]?$/.test(run.separators[first + 1] ?? "")) return -1;
  let digits = area + run.size(first + 1);
  const isAmerican = first + 2 < run.count && run.size(first + 2) === 4;
  if (area === 3 && run.size(first + 1) === 3 && isAmerican) return first + 3;
  let end = first + 2;
  while (end < run.count && end < first + 5 && /^[ -]$/.test(run.separators[end] as string)) {
    digits += run.size(end++);
  }
  if (digits < 8 || digits > 12) return -1;
  const isWhole = end === first + 2 && run.size(first + 1) >= 6 && run.group(first).startsWith("0");
  return isWhole || end >= first + 3 ? end : -1;
}

/** 3-3-4 with one separator; with spaces area and exchange must start with 2 to 9. */
function americanEnd(run: DigitRun, first: number): number {
  if (first + 3 > run.count) return -1;
  if (run.size(first) !== 3 || run.size(first + 1) !== 3 || run.size(first + 2) !== 4) return -1;
  const separator = run.separators[first + 1] as string;
  const second = run.separators[first + 2] as string;
  if (separator === ") " || separator === ")" || separator === ")-") return first + 3;
  // `100-200-3000` is a range.
  const isRound = /^\d00\d00\d\d00$/.test(run.digitsOf(first, first + 3));
  if (separator === second && (separator === "-" || separator === ".")) {
    return isRound ? -1 : first + 3;
  }
  const isStrict = /^[2-9]/.test(run.group(first)) && /^[2-9]/.test(run.group(first + 1));
  return isStrict && separator === " " && (second === " " || second === "-") ? first + 3 : -1;
}

/** Groups of the numbers with a trunk zero that are found without a word beside them. */
const TRUNK_SHAPES: ReadonlySet<string> = new Set([
  "2 2 2 2 2",
  "2 4 4",
  "3 2 2 2",
  "3 3 2 2",
  "3 3 3",
  "3 3 4",
  "3 4 3",
  "3 4 4",
  "4 2 2 2",
  "4 3 2 2",
  "4 3 3",
  "4 3 4",
  "5 2 2 2",
  "5 3 3",
  "2 8",
  "4 7",
  "4 8",
  "5 6",
]);

/** `0487 23 46 71`, `02.27.96.63.08`, `020 7946 0958`, `06-24312407`, `07700 900123`. */
function trunkZeroEnd(run: DigitRun, first: number): number {
  if (!/^0[1-9]/.test(run.group(first))) return -1;
  const separator = run.separators[first + 1] ?? "";
  if (separator === "/") return slashEnd(run, first);
  if (separator !== " " && separator !== "-" && separator !== ".") return -1;
  let shape = `${run.size(first)}`;
  let end = first + 1;
  while (end < run.count && run.separators[end] === separator) shape += ` ${run.size(end++)}`;
  if (!TRUNK_SHAPES.has(shape) || (separator === "." && shape !== "2 2 2 2 2")) return -1;
  // Two groups only for mobile numbers: 06, 07, 015, 016, 017.
  if (end === first + 2 && !/^0(?:[67]$|7\d{3}$|1[567]\d$)/.test(run.group(first))) return -1;
  return end;
}

/** `030/12345678`. */
function slashEnd(run: DigitRun, first: number): number {
  const area = run.size(first);
  const digits = area + run.size(first + 1);
  const isEnd = first + 2 === run.count || run.separators[first + 2] !== "/";
  return area >= 3 && area <= 5 && digits >= 9 && digits <= 12 && isEnd ? first + 2 : -1;
}

/** Nothing touches the number that makes it a part of something longer. */
function isAlone(run: DigitRun, first: number, end: number): boolean {
  const inner = run.separators[end - 1] as string;
  if (first > 0) {
    const before = run.separators[first] as string;
    if (before === inner || before === "." || before === "-" || before === "/-") return false;
  } else {
    const start = phoneStart(run, 0);
    const before = characterBefore(run.text, start);
    if (isWordCharacter(before) || /^[-._$€£%]$/.test(before)) return false;
  }
  if (end < run.count) {
    const after = run.separators[end] as string;
    return after !== inner && after !== "." && after !== "-";
  }
  return !isTouchedAfter(run, end);
}

function isTouchedAfter(run: DigitRun, end: number): boolean {
  const place = run.ends[end - 1] as number;
  const c = run.text.charCodeAt(place);
  if (isAlnum(c)) return extended(run, place) === place;
  if (c === 45)
    return isAlnum(run.text.charCodeAt(place + 1)) && !isPhoneWordAfter(run.text, place);
  return c === 95 || (c === 58 && isDigit(run.text.charCodeAt(place + 1)));
}

function isAlnumAfter(run: DigitRun, end: number): boolean {
  const place = run.ends[end - 1] as number;
  return isAlnum(run.text.charCodeAt(place)) && extended(run, place) === place;
}

/** A whole run that a word before or after it calls a telephone number. */
function isBesideWord(run: DigitRun, findings: Findings): boolean {
  if (run.digits < PHONE_DIGITS_MIN || run.digits > PHONE_DIGITS_MAX) return false;
  const start = phoneStart(run, 0);
  if (isWordCharacter(characterBefore(run.text, start)) || isAlnumAfter(run, run.count))
    return false;
  if (!hasPhoneGroups(run)) return false;
  findings.steps += CONTEXT_SIZE;
  const context = phoneContext(run.text, start, run.ends[run.count - 1] as number);
  if (run.count > 1) return context !== "none";
  if (context === "before") return run.digits > PHONE_DIGITS_MIN;
  return context === "after" && run.digits >= WHOLE_DIGITS_MIN;
}

/** No date, no decimal number, no IP address. */
function hasPhoneGroups(run: DigitRun): boolean {
  if (run.count > 8) return false;
  const isDate = run.size(0) === 4 && run.count === 3 && run.size(1) === 2 && run.size(2) === 2;
  if (isDate) return false;
  for (let g = 1; g < run.count; g++) {
    const separator = run.separators[g] as string;
    const isDotted = separator === "." && (run.count < 4 || run.size(g) !== 2);
    if (isDotted || !isPhoneSeparator(separator)) return false;
  }
  return true;
}
