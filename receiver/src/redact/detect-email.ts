/**
 * E-mail addresses in a text.
 *
 * In: a text and its suspicious places. Out: findings. From each `@` (also `%40`, `\u0040`, `&#64;`, U+FF20) the address is
 * read to both sides by hand, in bounded steps. RFC 5321 as it is used: dots, plus tags, quoted
 * local parts, sub-domains, letters of any script (RFC 6531).
 *
 * Not taken: `git@github.com:owner/name` and `ssh://git@host` (the account of a service, not a
 * person), `@scope/package@1.2.3`, `icon@2x.png`, `getty@tty1.service`, hosts without a dot.
 */

import { isAlnum, isHex, isPercentEscape, percentValue } from "./chars.ts";
import type { Findings } from "./findings.ts";
import type { Places } from "./places.ts";
import { MAY_EMAIL, MAY_ESCAPE } from "./prefilter.ts";

/** Longest local part read, in characters; RFC 5321 allows 64, escapes triple it. */
const LOCAL_SIZE_MAX = 256;

/** Longest domain read, in characters (RFC 1035 allows 253; with escapes more is never seen). */
const DOMAIN_SIZE_MAX = 255;

/** Longest quoted local part, in characters. */
const QUOTED_SIZE_MAX = 66;

/** Endings of file and unit names that no registry has as a top-level domain. */
const NO_DOMAINS: ReadonlySet<string> = new Set(
  `png jpg jpeg gif svg webp avif ico bmp js mjs cjs jsx ts mts cts tsx css scss html htm json
  jsonl xml yml yaml toml txt pdf csv log lock service socket timer target mount slice scope device
  dll exe whl tgz gz prototype`.split(/\s+/),
);

/** Accounts of version control services. */
const SERVICE_ACCOUNTS: ReadonlySet<string> = new Set(["git", "hg", "svn"]);

/** CJK and what comes after it: scripts written without spaces around an address. */
const UNSPACED_MIN = 0x2e80;

/** An `@` in every writing. */
const AT_SIGNS = ["@", "\uff20", "%40", "&#64;", "\\u0040"] as const;

export function findEmails(text: string, places: Places, findings: Findings): void {
  for (let n = 0; n < places.at.length; n++) {
    const at = places.at[n] as number;
    if (((places.masks[n] as number) & (MAY_EMAIL | MAY_ESCAPE)) === 0) continue;
    if (findings.endsUserinfo(at)) continue;
    const sign = AT_SIGNS.find((writing) => text.startsWith(writing, at));
    if (sign !== undefined) findEmailAt(text, at, sign.length, findings);
  }
}

function findEmailAt(text: string, at: number, size: number, findings: Findings): void {
  const end = domainEnd(text, at + size);
  findings.steps += end - at;
  if (end === -1) return;
  const start = localStart(text, at);
  findings.steps += at - start;
  if (start === at) return;
  const local = text.slice(start, at).toLowerCase();
  const next = text.charCodeAt(end);
  const remote = next === 58 || next === 47 || text.startsWith("//", start - 2);
  if (remote && SERVICE_ACCOUNTS.has(local)) return;
  findings.add("email", start, end);
}

function isLocalChar(c: number): boolean {
  if (c < 128) {
    // . _ + - ' ~ # ! and letters; the rest of RFC 5321 separates values in telemetry.
    return isAlnum(c) || c === 46 || c === 95 || c === 43 || c === 45 || c === 39 || c === 126;
  }
  return isForeignLetter(c);
}

/** Letters (roughly) beyond ASCII: no spaces, no punctuation. */
function isForeignLetter(c: number): boolean {
  if (c < 0xc0) return c === 0xaa || c === 0xb5 || c === 0xba;
  if (c === 0xd7 || c === 0xf7) return false;
  if (c >= 0x2000 && c <= 0x2bff) return false;
  if (c >= 0x3000 && c <= 0x303f) return c === 0x3005 || c === 0x3007;
  if (c >= 0xfe10 && c <= 0xfe6f) return false;
  return c !== 0xfeff && c !== 0xfffd && !(c >= 0xff00 && c <= 0xff20);
}

function localStart(text: string, at: number): number {
  if (text.charCodeAt(at - 1) === 34) return quotedStart(text, at);
  let i = at;
  const limit = Math.max(0, at - LOCAL_SIZE_MAX);
  let ascii = false;
  while (i > limit) {
    const c = text.charCodeAt(i - 1);
    if (i >= 3 && isHex(c) && isPercentEscape(text, i - 3)) {
      if (!isEncodedLocalChar(percentValue(text, i - 3))) break;
      i -= 3;
      continue;
    }
    if (!isLocalChar(c) || (ascii && c >= UNSPACED_MIN)) break;
    if (c < 128) ascii = true;
    i--;
  }
  while (i < at && isTrimmed(text.charCodeAt(i))) i++;
  return isEscapeLetter(text, i) && i + 1 < at ? i + 1 : i;
}

/** The n of `\n` in a text that was quoted. */
function isEscapeLetter(text: string, i: number): boolean {
  const c = text.charCodeAt(i);
  return text.charCodeAt(i - 1) === 92 && (c === 110 || c === 114 || c === 116);
}

/** `+`, `.`, `_`, `-`, letters and the bytes of UTF-8. */
function isEncodedLocalChar(c: number): boolean {
  return c >= 128 || isLocalChar(c);
}

/** Dots, quotes and hyphens before an address belong to the sentence. */
function isTrimmed(c: number): boolean {
  return c === 46 || c === 39 || c === 45;
}

/** `"jane doe"@acme.com`. */
function quotedStart(text: string, at: number): number {
  const limit = Math.max(0, at - QUOTED_SIZE_MAX);
  for (let i = at - 2; i >= limit; i--) {
    const c = text.charCodeAt(i);
    if (c === 34 && text.charCodeAt(i - 1) !== 92) return i === at - 2 ? at : i;
    if (c === 10 || c === 13) break;
  }
  return at;
}

/** End of the domain that starts at `from`, or -1 where none is. */
function domainEnd(text: string, from: number): number {
  const limit = Math.min(text.length, from + DOMAIN_SIZE_MAX);
  let i = from;
  let label = from;
  let lastEnd = -1;
  let labels = 0;
  while (i <= limit) {
    const end = labelEnd(text, label, limit);
    if (end === label) break;
    labels++;
    if (labels > 1 && isTopLevel(text, label, end)) lastEnd = end;
    i = end;
    if (text.charCodeAt(i) !== 46) break;
    i++;
    label = i;
  }
  return lastEnd;
}

/** A label is of ASCII or of an unspaced script, not both: what follows is the next sentence. */
function labelEnd(text: string, start: number, limit: number): number {
  const unspaced = text.charCodeAt(start) >= UNSPACED_MIN;
  let i = start;
  while (i < limit) {
    const c = text.charCodeAt(i);
    const inLabel = c < 128 ? isAlnum(c) || c === 45 || c === 95 : isForeignLetter(c);
    if (!inLabel || c >= UNSPACED_MIN !== unspaced) break;
    i++;
  }
  while (i > start && text.charCodeAt(i - 1) === 45) i--;
  return i;
}

/** Letters only (or xn--), at least two, and no ending of a file name. */
function isTopLevel(text: string, start: number, end: number): boolean {
  const size = end - start;
  if (text.charCodeAt(start) >= UNSPACED_MIN) return true;
  if (size < 2 || size > 63) return false;
  const label = text.slice(start, end).toLowerCase();
  if (label.startsWith("xn--")) return true;
  return /^[^\d_-]+$/.test(label) && !NO_DOMAINS.has(label);
}
