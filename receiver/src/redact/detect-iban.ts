/**
 * IBANs in a text (ISO 13616): the length of the country and the check digits must hold.
 *
 * In: a text and its suspicious places. Out: findings. Any case, written whole or in groups with single spaces or hyphens.
 */

import { isAlnum, isDigit, isPercentEscape, startsWord } from "./chars.ts";
import type { Findings } from "./findings.ts";
import { ibanLength } from "./iban-countries.ts";
import type { Places } from "./places.ts";
import { MAY_IBAN } from "./prefilter.ts";

export function findIbans(text: string, places: Places, findings: Findings): void {
  let done = 0;
  for (const [n, at] of places.at.entries()) {
    if (((places.masks[n] as number) & MAY_IBAN) === 0 || at < done) continue;
    // The country's letters stand before the check digits.
    const start = at - 2;
    const length = ibanLength(text.charCodeAt(start), text.charCodeAt(start + 1));
    if (length === 0 || !startsWord(text, start) || isInside(text, start)) continue;
    const end = ibanEnd(text, start, length, findings);
    if (end === -1) continue;
    findings.add("iban", start, end);
    done = end + 1;
  }
}

/** Behind a hyphen and a letter or digit: a group of a UUID, whose check digits hold by chance. */
function isInside(text: string, start: number): boolean {
  return text.charCodeAt(start - 1) === 45 && isAlnum(text.charCodeAt(start - 2));
}

/** Width of a separator between groups at `i`: a space, a no-break space, a hyphen, `%20`. */
function separatorSize(text: string, i: number): number {
  const c = text.charCodeAt(i);
  if (c === 32 || c === 45 || c === 0xa0 || c === 43) return 1;
  return isPercentEscape(text, i) && text.startsWith("20", i + 1) ? 3 : 0;
}

function ibanEnd(text: string, start: number, length: number, findings: Findings): number {
  let compact = "";
  let gaps = 0;
  let i = start;
  while (compact.length < length) {
    findings.steps++;
    if (isAlnum(text.charCodeAt(i))) {
      compact += text.charAt(i++);
      continue;
    }
    const size = separatorSize(text, i);
    // Every group has four characters: anything else is words side by side, or a UUID.
    if (size === 0 || compact.length !== 4 * ++gaps) return -1;
    i += size;
  }
  if (gaps > 0 && gaps !== Math.ceil(length / 4) - 1) return -1;
  return !isAlnum(text.charCodeAt(i)) && hasValidCheck(compact) ? i : -1;
}

/** Remainder 1 modulo 97, the first four characters moved to the end (ISO 7064). */
function hasValidCheck(iban: string): boolean {
  let rest = 0;
  for (let n = 0; n < iban.length; n++) {
    const c = iban.charCodeAt((n + 4) % iban.length);
    rest = isDigit(c) ? (rest * 10 + c - 48) % 97 : (rest * 100 + (c & 31) + 9) % 97;
  }
  return rest === 1;
}
