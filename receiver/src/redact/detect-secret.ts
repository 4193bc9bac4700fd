/**
 * Secrets that are recognised by their own form: keys of known issuers, JSON web tokens, PEM
 * private keys, `Bearer` and `Basic` values, passwords in URLs, Slack webhooks.
 *
 * In: a text. Out: findings. Each pattern starts with a literal at the start of a word and has one
 * open repetition at its end, so that no input makes it go back (tested).
 */

import type { Findings } from "./findings.ts";
import { isToken } from "./token.ts";

/** Issuers' prefixes; sources: the issuers' own documentation of their secret scanning. */
const PREFIXED = new RegExp(
  `(?:(?<=\\\\[nrt])|(?<=%[0-9A-Fa-f]{2})|(?<![A-Za-z0-9]))(?:${[
    "A[KS]IA[0-9A-Z]{16}(?![0-9A-Za-z])",
    "AIza[\\w-]{35,}",
    "AGE-SECRET-KEY-1[0-9A-Z]{50,}",
    "gh[pousr]_[A-Za-z0-9]{30,}",
    "github_pat_\\w{22,}",
    "glpat-[\\w-]{20,}",
    "xox[abeoprs]-[\\w-]{10,}",
    "xapp-[\\w-]{20,}",
    "[sr]k_(?:live|test|prod)_[A-Za-z0-9]{10,}",
    "whsec_[A-Za-z0-9+/=]{16,}",
    "npm_[A-Za-z0-9]{30,}",
    "pypi-[\\w-]{50,}",
    "hf_[A-Za-z0-9]{30,}",
    "gsk_[A-Za-z0-9]{30,}",
    "nvapi-[\\w-]{40,}",
    "pplx-[A-Za-z0-9]{30,}",
    "tvly-[\\w-]{20,}",
    "shpat_[A-Fa-f0-9]{32}",
    "dckr_pat_[\\w-]{20,}",
    "hvs\\.[\\w-]{20,}",
    "GOCSPX-[\\w-]{20,}",
    "SG\\.[\\w-]{16,}\\.[\\w-]{16,}",
    "SK[0-9a-fA-F]{32}(?![0-9A-Za-z])",
  ].join("|")})`,
  "g",
);

/** The start of a word, also behind the escapes of a text that was quoted or encoded. */
const START = "(?:(?<=\\\\[nrt])|(?<=%[0-9A-Fa-f]{2})|(?<![\\w-]))";

/** OpenAI, Anthropic, OpenRouter and those that copied them. */
const SK = new RegExp(`${START}(sk-[\\w-]{20,})`, "g");

/** RFC 7519: two base64url objects, the first of which starts with `{"`, and a signature. */
const JWT = new RegExp(`${START}(eyJ[\\w-]{10,}\\.[\\w-]{4,}(?:\\.[\\w-]*){0,3})`, "g");

const BEARER = new RegExp(
  `${START}(?:bearer|basic)(?:[ \\t+]|%20){1,4}([\\w.~+/-]{6,}={0,2})`,
  "gi",
);

const WEBHOOK = /hooks\.(?:slack|zapier)\.com\/[\w/-]{20,}/g;

const PEM_BEGIN = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10}-----/g;
const PEM_END = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10}-----/g;

/** Longest authority of a URL read, in characters. */
const AUTHORITY_SIZE_MAX = 512;

export function findSecrets(text: string, findings: Findings): void {
  findPem(text, findings);
  for (const match of text.matchAll(PREFIXED)) {
    findings.add("secret", match.index, match.index + match[0].length);
  }
  for (const match of text.matchAll(SK)) addGroup(match, findings, hasRandomPart);
  for (const match of text.matchAll(JWT)) addGroup(match, findings, () => true);
  for (const match of text.matchAll(BEARER)) addGroup(match, findings, isCredential);
  for (const match of text.matchAll(WEBHOOK)) {
    const path = match.index + match[0].indexOf("/");
    findings.add("secret", path + 1, match.index + match[0].length);
  }
}

function addGroup(
  match: RegExpExecArray,
  findings: Findings,
  accept: (value: string, whole: string) => boolean,
): void {
  const value = match[1] as string;
  if (!accept(value, match[0])) return;
  const end = match.index + match[0].length;
  findings.add("secret", end - value.length, end);
}

/** Long, or a run of 16 letters and digits, digits among them: `sk-learn-…` in words has none. */
function hasRandomPart(value: string): boolean {
  if (value.length >= 48 && /\d/.test(value)) return true;
  return value.split(/[-_]/).some((part) => part.length >= 16 && /\d/.test(part));
}

function isCredential(value: string, whole: string): boolean {
  if (/^basic/i.test(whole)) {
    const plain = Buffer.from(value, "base64").toString("latin1");
    return /^[\x20-\x7e\x80-\xff]*:[\x20-\x7e\x80-\xff]*$/.test(plain);
  }
  return isRandomLooking(value);
}

/** Whether a word is more likely a credential than one of a language. */
export function isRandomLooking(value: string): boolean {
  if (value.length >= 24) return true;
  if (value.length >= 6 && /\d/.test(value)) return true;
  return value.length >= 12 && /[a-z][A-Z]/.test(value);
}

/** A key without its end was cut off: everything after its start goes. */
function findPem(text: string, findings: Findings): void {
  if (!text.includes("PRIVATE KEY")) return;
  PEM_BEGIN.lastIndex = 0;
  for (let begin = PEM_BEGIN.exec(text); begin !== null; begin = PEM_BEGIN.exec(text)) {
    PEM_END.lastIndex = PEM_BEGIN.lastIndex;
    const end = PEM_END.exec(text);
    const stop = end === null ? text.length : end.index + end[0].length;
    findings.add("secret", begin.index, stop);
    PEM_BEGIN.lastIndex = stop;
  }
}

/** Passwords in the user part of URLs: `scheme://user:password@host` (RFC 3986, 3.2.1). */
export function findUrlPasswords(text: string, findings: Findings): void {
  for (let at = text.indexOf("://"); at !== -1; at = text.indexOf("://", at + 3)) {
    const from = at + 3;
    const limit = Math.min(text.length, from + AUTHORITY_SIZE_MAX);
    let colon = -1;
    let end = -1;
    for (let i = from; i < limit && !endsAuthority(text.charCodeAt(i)); i++) {
      const c = text.charCodeAt(i);
      if (c === 58 && colon === -1) colon = i;
      if (c === 64) end = i;
      findings.steps++;
    }
    if (colon === -1 || end <= colon) continue;
    findings.addUserinfoEnd(end);
    const isDone = end === colon + 1 || isToken(text.slice(colon + 1, end));
    if (!isDone) findings.add("secret", colon + 1, end);
  }
}

/** `/ ? #`, white space, quotes, `< >`. */
export function endsAuthority(c: number): boolean {
  return c <= 32 || c === 47 || c === 63 || c === 35 || c === 34 || c === 60 || c === 62;
}
