/**
 * Goal: a token is the HMAC that its description says, for short and long values.
 * Method: Node's own Hmac, which the tokeniser does without, over the same derived keys.
 */
import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { createTokeniser } from "./token.ts";
import { REDACTION_KINDS } from "./types.ts";

const KEY = new Uint8Array(32).fill(7);
const ALPHABET = "bcdfghjklmnpqrst";

function expected(kind: string, value: string): string {
  const key = createHmac("sha256", KEY).update(`spanledger redaction v1\0${kind}`).digest();
  const mac = createHmac("sha256", key).update(value).digest("hex").slice(0, 16);
  return `[${kind}:${[...mac].map((digit) => ALPHABET[Number.parseInt(digit, 16)]).join("")}]`;
}

const LONG = [
  "",
  "x",
  "ü😀",
  "y".repeat(256),
  "y".repeat(257),
  "ü".repeat(256),
  "ü".repeat(10_000),
];

test.each(LONG)("the token of a secret is its HMAC (case %#)", (value) => {
  expect(createTokeniser(KEY).token("secret", value)).toBe(expected("secret", value));
});

test.each(REDACTION_KINDS)("each kind has a key of its own: %s", (kind) => {
  const value = kind === "email" ? "ada@example.com" : "12345678";
  expect(createTokeniser(KEY).token(kind, value)).toBe(expected(kind, value));
});
