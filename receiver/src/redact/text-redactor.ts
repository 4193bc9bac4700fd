/**
 * Redaction of one text: detectors by value, and by key where the text is JSON.
 *
 * In: a text and the class of the key above it. Out: the text with tokens in the places of values,
 * or the very same string. Side effect: counts per kind in the given counter.
 */

import { findAssignments } from "./detect-assignment.ts";
import { CARD_DIGITS_MIN, findCards, findSsns } from "./detect-card.ts";
import { findEmails } from "./detect-email.ts";
import { findIbans } from "./detect-iban.ts";
import { findPhones } from "./detect-phone.ts";
import { findSecrets, findUrlPasswords } from "./detect-secret.ts";
import { forEachRun } from "./digit-runs.ts";
import { Findings } from "./findings.ts";
import { JSON_DEPTH_MAX, type JsonParts, looksLikeJson, redactJson } from "./json.ts";
import { isPlaceholder, keyedKind } from "./keyed-value.ts";
import { isSecretClass, type KeyClass } from "./keys.ts";
import * as pre from "./prefilter.ts";
import { isToken, type Tokeniser } from "./token.ts";
import { REDACTION_KINDS, type RedactionKind } from "./types.ts";

/** Replacements by kind, in the order of `REDACTION_KINDS`. */
export type Counts = Uint32Array;

export function newCounts(): Counts {
  return new Uint32Array(REDACTION_KINDS.length);
}

/** What the redaction of one text or span carries along. */
export interface Context {
  readonly tokeniser: Tokeniser;
  readonly counts: Counts;
  /** Work beyond the single pass, for tests. */
  steps: number;
}

/** The token of a value, counted. */
export function replace(context: Context, kind: RedactionKind, value: string): string {
  const index = REDACTION_KINDS.indexOf(kind);
  context.counts[index] = (context.counts[index] as number) + 1;
  return context.tokeniser.token(kind, value);
}

/** Most passes over one text; each but the last replaced something, two are usual. */
const PASSES_MAX = 8;

/**
 * Redact until nothing changes: a replacement can free what it touched (`…0001+44…`), and what is
 * stored must not change when it is redacted again.
 *
 * @param keyClass the class of the key under which the text stands
 * @param look the prefilter for this text, where there is a cheaper one
 */
export function redactString(
  context: Context,
  text: string,
  keyClass: KeyClass,
  look?: pre.Look,
): string {
  let out = redactOnce(context, text, keyClass, 0, look);
  if (out === text) return text;
  for (let pass = 1; pass < PASSES_MAX; pass++) {
    const next = redactOnce(context, out, keyClass, 0);
    if (next === out) break;
    out = next;
  }
  return out;
}

/** @param depth how many strings of JSON the text was unpacked from */
function redactOnce(
  context: Context,
  text: string,
  keyClass: KeyClass,
  depth: number,
  look?: pre.Look,
): string {
  if (isSecretClass(keyClass)) {
    if (isPlaceholder(text) || isToken(text)) return text;
    return replace(context, "secret", text);
  }
  const mask = look === undefined ? pre.prefilter(text) : look(0, text.length);
  // The fast path: nothing in the text, nothing expected by its key.
  if (mask === 0 && (keyClass === "none" || keyClass === "numbered")) return text;
  if (keyClass !== "none" && keyClass !== "numbered") {
    const kind = keyedKind(keyClass, text);
    if (kind !== undefined && !isToken(text)) return replace(context, kind, text);
    if (mask === 0) return text;
  }
  if (depth < JSON_DEPTH_MAX && looksLikeJson(text)) {
    const parts: JsonParts = {
      string: (...part) => redactOnce(context, ...part),
      text: (part) => redactText(context, part, "none", pre.prefilter(part)),
      replace: (kind, value) => replace(context, kind, value),
    };
    return redactJson(parts, text, keyClass, depth, look);
  }
  return redactText(context, text, keyClass, mask);
}

/** Detectors alone, over a text that is no JSON. */
function redactText(context: Context, text: string, keyClass: KeyClass, mask: number): string {
  if (mask === 0) return text;
  const findings = detect(text, keyClass, mask);
  context.steps += findings.steps;
  if (findings.size === 0) return text;
  let out = "";
  let last = 0;
  for (const { kind, start, end, valueStart, valueEnd } of findings.ordered()) {
    out += text.slice(last, start) + replace(context, kind, text.slice(valueStart, valueEnd));
    last = end;
  }
  return out + text.slice(last);
}

function detect(text: string, keyClass: KeyClass, mask: number): Findings {
  const findings = new Findings();
  // The number of an order is one word; a sentence about the order may hold a telephone number.
  const isNumber = keyClass === "numbered" && !/[\s+]/.test(text);
  if ((mask & pre.MAY_SECRET) !== 0) findSecrets(text, findings);
  if ((mask & pre.MAY_URL) !== 0) findUrlPasswords(text, findings);
  if ((mask & pre.MAY_ASSIGN) !== 0) findAssignments(text, findings);
  if ((mask & (pre.MAY_EMAIL | pre.MAY_ESCAPE)) !== 0) findEmails(text, findings);
  if ((mask & pre.MAY_IBAN) !== 0) findIbans(text, findings);
  if ((mask & pre.MAY_DIGITS) !== 0) {
    forEachRun(text, pre.DIGITS_MIN, (run) => {
      if (run.digits >= CARD_DIGITS_MIN) findCards(run, findings);
      if (run.digits >= 9) findSsns(run, findings);
      if (!isNumber) findPhones(run, keyClass === "phone", findings);
    });
  }
  return findings;
}
