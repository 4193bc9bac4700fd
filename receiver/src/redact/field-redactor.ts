/**
 * Redaction field by field, for the encoder that has no span objects (`base/field-redactor.ts`).
 */

import type { FieldRedactor, KeyRule } from "../base/field-redactor.ts";
import { classifyKey, type KeyClass } from "./keys.ts";
import { findSuspects, isClean, lookUpTo, suspectPlaces } from "./suspects.ts";
import { type Context, findEdits, newCounts, redactString } from "./text-redactor.ts";
import { REDACTION_KINDS } from "./types.ts";
import { redactMap, redactValue } from "./values.ts";

/** Small integers are looked at under these classes alone; see `numberKind`. */
const NUMBER_CLASSES: ReadonlySet<KeyClass> = new Set(["secret", "phone", "card", "ssn"]);

/** Make one; its counts are those of the context. */
export function createFieldRedactor(context: Context): FieldRedactor {
  const rules = new Map<KeyClass, [KeyRule, KeyRule]>();
  const probe: Context = { ...context, counts: newCounts() };
  return {
    kinds: REDACTION_KINDS,
    counts: context.counts,
    keyRule(key) {
      const keyClass = classifyKey(key);
      let pair = rules.get(keyClass);
      if (pair === undefined) {
        pair = [ruleOf(keyClass, false), ruleOf(keyClass, true)];
        rules.set(keyClass, pair);
      }
      return redactString(probe, key, "none") === key ? pair[0] : pair[1];
    },
    suspects: findSuspects,
    look: lookUpTo,
    isClean,
    text: (text, rule) => redactString(context, text, classOfRule(rule)),
    edits(text, at, rule) {
      const places = suspectPlaces(at, at + text.length);
      return findEdits(context, text, classOfRule(rule), places);
    },
    value: (value, rule) => redactValue(context, value, classOfRule(rule), 0),
    attributes: (attributes) => redactMap(context, attributes, "none", 0),
  };
}

function ruleOf(keyClass: KeyClass, isKeyRedacted: boolean): KeyRule {
  return {
    keyClass,
    isOpen: keyClass === "none" || keyClass === "numbered",
    keepsSmallIntegers: !NUMBER_CLASSES.has(keyClass),
    isOpenBesideLogprob: keyClass === "token",
    isKeyRedacted,
  };
}

function classOfRule(rule: KeyRule | undefined): KeyClass {
  return (rule?.keyClass ?? "none") as KeyClass;
}
