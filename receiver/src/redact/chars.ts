/**
 * Character classes of the scanners, as functions of UTF-16 code units. Pure.
 */

export function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

/** ASCII letters. */
export function isLetter(c: number): boolean {
  const lower = c | 32;
  return lower >= 97 && lower <= 122;
}

export function isAlnum(c: number): boolean {
  return isDigit(c) || isLetter(c);
}

export function isHex(c: number): boolean {
  const lower = c | 32;
  return isDigit(c) || (lower >= 97 && lower <= 102);
}

/** Space, tab, line feed, carriage return. */
export function isJsonSpace(c: number): boolean {
  return c === 32 || c === 9 || c === 10 || c === 13;
}

/** `"`, `'` and the backtick. */
export function isQuote(c: number): boolean {
  return c === 34 || c === 39 || c === 96;
}

/** Whether `%XX` stands at `i`. */
export function isPercentEscape(text: string, i: number): boolean {
  return (
    text.charCodeAt(i) === 37 && isHex(text.charCodeAt(i + 1)) && isHex(text.charCodeAt(i + 2))
  );
}

/** The code of `%XX` at `i`. */
export function percentValue(text: string, i: number): number {
  return Number.parseInt(text.slice(i + 1, i + 3), 16);
}

/**
 * Whether a word may start at `i`: what stands before is no letter or digit, or is the end of an
 * escape (`\n`, `%20`) of a text that was quoted or encoded.
 */
export function startsWord(text: string, i: number): boolean {
  if (i === 0 || !isAlnum(text.charCodeAt(i - 1))) return true;
  if (i >= 2 && text.charCodeAt(i - 2) === 92) {
    const c = text.charCodeAt(i - 1);
    return c === 110 || c === 114 || c === 116;
  }
  return i >= 3 && isPercentEscape(text, i - 3);
}

/**
 * The same text in memory of its own, to be kept: a part of a text keeps all of that alive.
 *
 * @param text short
 */
export function detached(text: string): string {
  return text.split("").join("");
}

/** Three letters before `end` as 15 bits; anything else than a letter counts as 0. */
export function tail3(text: string, end: number): number {
  return (code5(text, end - 3) << 10) | (code5(text, end - 2) << 5) | code5(text, end - 1);
}

function code5(text: string, i: number): number {
  const c = text.charCodeAt(i);
  return isLetter(c) ? c & 31 : 0;
}
