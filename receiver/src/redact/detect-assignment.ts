/**
 * Values behind telling keys in free text: `password=…`, `"token": "…"`, headers, query
 * strings, connection strings, log lines, JSON that is malformed or stands inside a sentence.
 *
 * In: a text and its suspicious places. Out: findings. One pass over `=` and `:` signs; a value that was taken is not
 * read again, one that was refused costs at most {@link REFUSED_SIZE_MAX} steps.
 */

import { isAlnum, isDigit, isJsonSpace, isQuote } from "./chars.ts";
import { isRandomLooking } from "./detect-secret.ts";
import type { Findings } from "./findings.ts";
import { type FoundKey, keyBefore } from "./key-before.ts";
import { isLogprobAfter, isPlaceholder, keyedKind } from "./keyed-value.ts";
import { isSecretClass } from "./keys.ts";
import type { Places } from "./places.ts";
import { MAY_ASSIGN } from "./prefilter.ts";
import { isToken } from "./token.ts";

/** Longest unquoted word that can be refused, in characters; longer ones are no words. */
const REFUSED_SIZE_MAX = 256;

/** Most spaces between a sign and its value. */
const SPACES_MAX = 8;

/** What stands after `password:` in sentences, forms and validation errors. */
const STOP_WORDS: ReadonlySet<string> = new Set(
  `required missing invalid incorrect expired wrong empty not must is too should cannot can may
  does do was has have field string str text number boolean bool int any unknown optional type the
  a an and or for to of in please enter your my this that`.split(/\s+/),
);

const SCHEMES = /^(?:bearer|basic|digest|token|apikey|negotiate|aws4-hmac-sha256)\b/i;

/** Code that names where a secret comes from, and shell or template variables. */
const REFERENCE =
  /^(?:process\.env|os\.(?:environ|getenv)|import\.meta|env[.(]|getenv|self\.|this\.|\$\(|\$?\{\{?|\$[A-Z_]+$|<[a-z_ -]+>$|%[A-Z_]+%$)/;

export function findAssignments(text: string, places: Places, findings: Findings): void {
  /** The last place that belongs to a value. */
  let taken = -1;
  for (const [n, at] of places.at.entries()) {
    if (((places.masks[n] as number) & MAY_ASSIGN) === 0 || at <= taken) continue;
    const c = text.charCodeAt(at);
    if (c === 58 || c === 61) {
      const key = keyBefore(text, at);
      if (key !== undefined) taken = Math.max(at, findValue(text, at, key, findings));
    } else {
      findSentence(text, at, findings);
    }
  }
}

/** @returns the last place that was taken */
function findValue(text: string, sign: number, key: FoundKey, findings: Findings): number {
  let from = sign + 1;
  const isColon = text.charCodeAt(sign) === 58;
  // `:=`, `=>`, `==`
  while (text.charCodeAt(from) === 61 || text.charCodeAt(from) === 62) from++;
  if (isColon && text.startsWith("//", from)) return sign;
  const start = from;
  while (from < start + SPACES_MAX && isBlank(text.charCodeAt(from), key.quoted)) from++;
  const quote = quoteAt(text, from);
  if (quote > 0) return quotedValue(text, from + quote, quote, key, findings);
  const c = text.charCodeAt(from);
  if (key.quoted && (c === 123 || c === 91) && key.keyClass !== "query") {
    return bracketValue(text, from, key, findings);
  }
  const isLoose = from > start || text.charCodeAt(sign - 1) === 32;
  return plainValue(text, sign, from, isLoose, key, findings);
}

function isBlank(c: number, isQuotedKey: boolean): boolean {
  return c === 32 || c === 9 || (isQuotedKey && isJsonSpace(c));
}

/** Length of an opening quote with its escapes (`"`, `\"`, `\\\"`), or 0. */
function quoteAt(text: string, from: number): number {
  let i = from;
  while (text.charCodeAt(i) === 92 && i < from + 15) i++;
  return isQuote(text.charCodeAt(i)) ? i - from + 1 : 0;
}

function quotedValue(
  text: string,
  from: number,
  quote: number,
  key: FoundKey,
  findings: Findings,
): number {
  const end = closingQuote(text, from, quote);
  findings.steps += end - from;
  if (key.keyClass === "query") return from - 1;
  const value = text.slice(from, end);
  if (isSecretClass(key.keyClass)) {
    if (isPlaceholder(value) || isToken(value) || REFERENCE.test(value)) return from - 1;
    if (key.keyClass === "token" && isLogprobAfter(text, end + quote)) return end;
    findings.add("secret", from, end);
    return end;
  }
  const kind = keyedKind(key.keyClass, value);
  if (kind === undefined) return from - 1;
  findings.add(kind, from, end);
  return end;
}

/** Place of the quote (with its escapes) that closes, or the end of a text that was cut off. */
function closingQuote(text: string, from: number, size: number): number {
  const mark = text.charCodeAt(from - 1);
  let escapes = 0;
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 92) escapes++;
    else {
      // As many escapes as the opening had, or fewer: an outer string ends here too.
      if (c === mark && (escapes <= size - 1 || (size === 1 && escapes % 2 === 0))) {
        return i - escapes;
      }
      escapes = 0;
    }
  }
  return text.length;
}

/** A whole object or list under a quoted key; to the end of a text that was cut off. */
function bracketValue(text: string, from: number, key: FoundKey, findings: Findings): number {
  if (!isSecretClass(key.keyClass)) return from - 1;
  let depth = 0;
  let i = from;
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 123 || c === 91) depth++;
    else if ((c === 125 || c === 93) && --depth === 0) break;
  }
  findings.steps += i - from;
  const end = Math.min(i + 1, text.length);
  const value = text.slice(from, end);
  if (/^[[{\s]*[\]}\s]*$/.test(value.slice(0, 64)) || isToken(value)) return from - 1;
  findings.add("secret", from, end);
  return end - 1;
}

/** White space, `, ; & | " ' < > ( ) [ ] { }`, backslash, backtick. */
function endsWord(c: number): boolean {
  if (c <= 32 || Number.isNaN(c)) return true;
  return (
    c === 44 ||
    c === 59 ||
    c === 38 ||
    c === 124 ||
    isQuote(c) ||
    c === 60 ||
    c === 62 ||
    c === 41 ||
    c === 93 ||
    c === 125 ||
    c === 92
  );
}

function endsLine(c: number): boolean {
  return c === 10 || c === 13 || isQuote(c) || c === 92 || Number.isNaN(c);
}

function plainValue(
  text: string,
  sign: number,
  from: number,
  isLoose: boolean,
  key: FoundKey,
  findings: Findings,
): number {
  const isLine = key.keyClass === "header" && text.charCodeAt(sign) === 58;
  let end = from;
  const ends = isLine ? endsLine : endsWord;
  while (end < text.length && !ends(text.charCodeAt(end))) end++;
  // The bracket that closes a token or `[REDACTED]` belongs to it.
  if (text.charCodeAt(end) === 93 && isDone(text.slice(from, end + 1))) return end;
  while (end > from && isSentenceEnd(text.charCodeAt(end - 1))) end--;
  findings.steps += end - from;
  if (end === from) return sign;
  const value = text.slice(from, end);
  if (isToken(value)) return end - 1;
  const refused = end - from > REFUSED_SIZE_MAX ? end - 1 : sign;
  if (!isSecretClass(key.keyClass) && key.keyClass !== "query") {
    const kind = keyedKind(key.keyClass, value);
    if (kind === undefined || kind === "email") return refused;
    findings.add(kind, from, end);
    return end - 1;
  }
  const isCall = text.charCodeAt(end) === 40 || /^[\w.]+\(/.test(value.slice(0, 64));
  if (isCall || isPlaceholder(value) || REFERENCE.test(value)) return refused;
  if (!isSecretValue(text, value, sign, end, isLoose, key)) return refused;
  findings.add("secret", from, end);
  return end - 1;
}

function isDone(value: string): boolean {
  return isToken(value) || (value.startsWith("[") && isPlaceholder(value));
}

/** A full stop and spaces at the end of a sentence; `!` and `?` end many a password. */
function isSentenceEnd(c: number): boolean {
  return c === 46 || c === 32;
}

function isSecretValue(
  text: string,
  value: string,
  sign: number,
  end: number,
  isLoose: boolean,
  key: FoundKey,
): boolean {
  const isColon = text.charCodeAt(sign) === 58;
  const isNumber = /^-?\d+(?:\.\d+)?$/.test(value);
  switch (key.keyClass) {
    case "query":
      return value.length >= 10 && /\d/.test(value);
    case "header":
      if (isColon) return SCHEMES.test(value) || value.includes("=") || isRandomLooking(value);
      return !isLoose || isRandomLooking(value);
    case "token":
      if (isNumber) return false;
      return isLoose || isColon ? isRandomLooking(value) : value !== text.slice(key.start, sign);
    default:
      if (isNumber || isTypedSecret(value)) return true;
      if (STOP_WORDS.has(value.toLowerCase())) return false;
      if (!isLoose && !isColon) return value !== text.slice(key.start, sign);
      // A word of letters alone: only where it is all that follows.
      return isPasswordWord(text, key, sign) && isLastOfLine(text, end) && value.length >= 4;
  }
}

/** A digit or a sign among the letters. */
function isTypedSecret(value: string): boolean {
  return value.length >= 4 && (/\d/.test(value) || /[^\w.,:;()-]/.test(value));
}

function isPasswordWord(text: string, key: FoundKey, sign: number): boolean {
  return /pass|pwd/i.test(text.slice(key.start, sign));
}

function isLastOfLine(text: string, end: number): boolean {
  let i = end;
  while (text.charCodeAt(i) === 32 || text.charCodeAt(i) === 46) i++;
  const c = text.charCodeAt(i);
  return i >= text.length || c === 10 || c === 13 || c === 44 || c === 59 || c === 92;
}

const SENTENCE =
  /(?:password|passwd|passphrase|passcode)\s{1,3}(?:is|was)\s{0,3}:?\s{1,3}["'`]?([^\s"'`,;\\]{4,128})/iy;

/** `my password is hunter2`; `w` is at `i`. */
function findSentence(text: string, i: number, findings: Findings): void {
  const start = i - 4;
  if (start < 0 || (start > 0 && isAlnum(text.charCodeAt(start - 1)))) return;
  SENTENCE.lastIndex = start;
  const match = SENTENCE.exec(text);
  findings.steps += 24;
  if (match === null) return;
  const value = (match[1] as string).replace(/[.!?)]+$/, "");
  if (value.length < 4 || isToken(value) || !hasDigit(value)) return;
  const end = start + match[0].length - ((match[1] as string).length - value.length);
  findings.add("secret", end - value.length, end);
}

function hasDigit(value: string): boolean {
  for (let i = 0; i < value.length; i++) if (isDigit(value.charCodeAt(i))) return true;
  return false;
}
