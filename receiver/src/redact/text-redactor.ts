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
import { Edits } from "./edits.ts";
import { Findings } from "./findings.ts";
import { JSON_DEPTH_MAX, type JsonParts, looksLikeJson, redactJson } from "./json.ts";
import { isPlaceholder, keyedKind } from "./keyed-value.ts";
import { isSecretClass, type KeyClass } from "./keys.ts";
import type { Places } from "./places.ts";
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

const NO_EDITS: Edits = new Edits();

/**
 * Redact until nothing changes: a replacement can free what it touched (`…0001+44…`), and what is
 * stored must not change when it is redacted again.
 *
 * @param keyClass the class of the key under which the text stands
 */
export function redactString(context: Context, text: string, keyClass: KeyClass): string {
  return redactAgain(context, text, keyClass, pre.prefilter(text), PASSES_MAX);
}

function redactAgain(
  context: Context,
  text: string,
  keyClass: KeyClass,
  known: Places,
  passesMax: number,
): string {
  let places = known;
  let out = text;
  for (let pass = 0; pass < passesMax; pass++) {
    const edits = redactOnce(context, out, keyClass, 0, places);
    if (edits.size === 0) break;
    out = edits.apply(out);
    places = edits.placesAfter(places, out);
  }
  return out;
}

/**
 * What {@link redactString} exchanges. Nearly always one pass finds it all and its surroundings tell
 * so: then the new text is never made. Where another pass replaced more, it is one edit of the whole.
 *
 * @param places the suspicious places of the text
 */
export function findEdits(
  context: Context,
  text: string,
  keyClass: KeyClass,
  places: Places,
): Edits {
  const edits = redactOnce(context, text, keyClass, 0, places);
  if (edits.size === 0) return edits;
  if (isOpenClass(keyClass) && edits.leaveNothing(text, places)) return edits;
  const once = edits.apply(text);
  const placesLeft = edits.placesAfter(places, once);
  const out = redactAgain(context, once, keyClass, placesLeft, PASSES_MAX - 1);
  if (out === once) return edits;
  const whole = new Edits();
  whole.add(0, text.length, out);
  return whole;
}

/** Such a key expects nothing: text under it in which nothing is suspicious stays. */
function isOpenClass(keyClass: KeyClass): boolean {
  return keyClass === "none" || keyClass === "numbered";
}

/** @param depth how many strings of JSON the text was unpacked from */
function redactOnce(
  context: Context,
  text: string,
  keyClass: KeyClass,
  depth: number,
  places: Places,
): Edits {
  if (isSecretClass(keyClass)) {
    if (isPlaceholder(text) || isToken(text)) return NO_EDITS;
    return replaceAll(context, "secret", text);
  }
  // The fast path: nothing in the text, nothing expected by its key.
  if (isOpenClass(keyClass)) {
    if (places.mask === 0) return NO_EDITS;
  } else {
    const kind = keyedKind(keyClass, text);
    if (kind !== undefined && !isToken(text)) return replaceAll(context, kind, text);
  }
  if (depth < JSON_DEPTH_MAX && looksLikeJson(text)) {
    const parts: JsonParts = {
      string: (...part) => redactOnce(context, ...part),
      text: (...part) => redactText(context, part[0], "none", part[1]),
      replace: (kind, value) => replace(context, kind, value),
    };
    return redactJson(parts, text, keyClass, depth, places);
  }
  return redactText(context, text, keyClass, places);
}

function replaceAll(context: Context, kind: RedactionKind, text: string): Edits {
  const edits = new Edits();
  edits.add(0, text.length, replace(context, kind, text));
  return edits;
}

/** Detectors alone, over a text that is no JSON. */
function redactText(context: Context, text: string, keyClass: KeyClass, places: Places): Edits {
  const { mask } = places;
  if (mask === 0) return NO_EDITS;
  const findings = detect(text, keyClass, mask, places);
  context.steps += findings.steps;
  if (findings.size === 0) return NO_EDITS;
  const edits = new Edits();
  for (const { kind, start, end, valueStart, valueEnd } of findings.ordered()) {
    edits.add(start, end, replace(context, kind, text.slice(valueStart, valueEnd)));
  }
  return edits;
}

function detect(text: string, keyClass: KeyClass, mask: number, places: Places): Findings {
  const findings = new Findings();
  // The number of an order is one word; a sentence about the order may hold a telephone number.
  const isNumber = keyClass === "numbered" && !/[\s+]/.test(text);
  if ((mask & pre.MAY_SECRET) !== 0) findSecrets(text, findings);
  if ((mask & pre.MAY_URL) !== 0) findUrlPasswords(text, findings);
  if ((mask & pre.MAY_ASSIGN) !== 0) findAssignments(text, places, findings);
  if ((mask & (pre.MAY_EMAIL | pre.MAY_ESCAPE)) !== 0) findEmails(text, places, findings);
  if ((mask & pre.MAY_IBAN) !== 0) findIbans(text, places, findings);
  if ((mask & pre.MAY_DIGITS) !== 0) {
    forEachRun(text, places, pre.DIGITS_MIN, (run) => {
      if (run.digits >= CARD_DIGITS_MIN) findCards(run, findings);
      if (run.digits >= 9) findSsns(run, findings);
      if (!isNumber) findPhones(run, keyClass === "phone", findings);
    });
  }
  return findings;
}
