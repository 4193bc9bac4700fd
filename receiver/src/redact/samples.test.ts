/**
 * Goal: recall and precision on labelled text, and no secret seen in the keys of the field.
 * Method: the samples beside the repository (skipped where they are not); a value counts as found
 * if its very token stands in the output. The table is printed.
 */

import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { createRedactor, type RedactionKind } from "./index.ts";
import { classifyKey, isSecretClass } from "./keys.ts";

const DATA = resolve(import.meta.dirname, "../../../../shared/data");
const TEXTS = resolve(DATA, "pii/generated_large.json");
const KEYS = resolve(DATA, "attribute-keys/keys.tsv");
for (const path of [TEXTS, KEYS]) {
  if (!existsSync(path))
    process.stdout.write("redact samples: skipped, ../shared/data is absent\n");
}

const KINDS: Readonly<Record<string, RedactionKind>> = {
  EMAIL_ADDRESS: "email",
  PHONE_NUMBER: "phone",
  CREDIT_CARD: "card",
  IBAN_CODE: "iban",
  US_SSN: "ssn",
};

interface Sample {
  readonly full_text: string;
  readonly spans: readonly { readonly entity_type: string; readonly entity_value: string }[];
}

interface Score {
  planted: number;
  found: number;
  tokens: number;
  right: number;
}

function measure(samples: readonly Sample[]): Record<RedactionKind, Score> {
  const redactor = createRedactor({ key: new Uint8Array(32).fill(7) });
  const empty = (): Score => ({ planted: 0, found: 0, tokens: 0, right: 0 });
  const scores = {
    email: empty(),
    phone: empty(),
    card: empty(),
    iban: empty(),
    ssn: empty(),
    secret: empty(),
  };
  for (const { full_text: text, spans } of samples) {
    const out = redactor.text(text);
    const wanted: string[] = [];
    for (const { entity_type: type, entity_value: value } of spans) {
      const kind = KINDS[type];
      if (kind === undefined) continue;
      const token = redactor.token(kind, value);
      wanted.push(token);
      scores[kind].planted++;
      if (out.includes(token) && !out.includes(value)) scores[kind].found++;
    }
    for (const [token, kind] of out.matchAll(/\[(email|phone|card|iban|ssn|secret):[a-z]{16}\]/g)) {
      const score = scores[kind as RedactionKind];
      score.tokens++;
      if (wanted.includes(token)) score.right++;
    }
  }
  return scores;
}

describe("labelled samples", () => {
  it.skipIf(!existsSync(TEXTS))("are found, and nothing else is", () => {
    const scores = measure(JSON.parse(readFileSync(TEXTS, "utf8")) as Sample[]);
    const lines = Object.entries(scores).map(
      ([kind, s]) =>
        `${kind}\tplanted ${s.planted}\tfound ${s.found}\ttokens ${s.tokens}\tright ${s.right}`,
    );
    process.stdout.write(`${lines.join("\n")}\n`);
    for (const kind of Object.values(KINDS)) {
      const { planted, found, tokens, right } = scores[kind];
      expect(planted, kind).toBeGreaterThan(20);
      expect(found / planted, `recall of ${kind}`).toBeGreaterThanOrEqual(0.99);
      expect(right / tokens, `precision of ${kind}`).toBeGreaterThanOrEqual(0.99);
    }
    expect(scores.secret.tokens).toBe(0);
  });

  it.skipIf(!existsSync(KEYS))("of attribute keys hold no key of a secret", () => {
    const keys = readFileSync(KEYS, "utf8")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => line.split("\t")[0] as string);
    expect(keys.length).toBeGreaterThan(300);
    expect(keys.filter((key) => isSecretClass(classifyKey(key)))).toEqual([]);
  });
});
