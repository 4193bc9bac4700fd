/** Goal: secrets are replaced, and nothing that only sounds like one. Method: keys of both kinds. */
import { expect, test } from "vitest";
import { isSecret, redactedJson } from "./sensitive.ts";

test.each([
  "password",
  "newPassword",
  "user_password",
  "PASSWORD",
  "access_token",
  "refreshToken",
  "otp",
  "x-api-key",
  "apiKey",
  "Authorization",
  "set-cookie",
  "client_secret",
  "cardNumber",
  "card.cvc",
  "privateKey",
  "verification_code",
])("%s is a secret", (key) => {
  expect(isSecret(key, "value")).toBe(true);
});

test.each([
  "max_tokens",
  "output_tokens",
  "token_type",
  "author",
  "authority",
  "tokenizer",
  "next_page_token",
  "continuationToken",
  "secretary",
  "session.id",
  "secret_arn",
  "password_policy",
  "key",
  "code",
  "pinned",
  "",
  "k".repeat(300),
])("%s is none", (key) => {
  expect(isSecret(key, "value")).toBe(false);
});

test("numbers and booleans under tokens are counts and flags, under passwords they are not", () => {
  expect(isSecret("token", 12)).toBe(false);
  expect(isSecret("has_token", true)).toBe(false);
  expect(isSecret("pin", 1234)).toBe(true);
});

test("what lies below a secret's key goes with it, and named keys as well", () => {
  const text = '{"credentials":{"user":"a","list":["b"]},"Iban":"DE00","kept":[{"otp":"1"}]}';
  expect(JSON.parse(redactedJson(text, new Set(["iban"])))).toEqual({
    credentials: "[REDACTED]",
    Iban: "[REDACTED]",
    kept: [{ otp: "[REDACTED]" }],
  });
});

test("a secret is not kept in the shadow of a key that comes again", () => {
  expect(redactedJson('{"a":{"password":"x"},"a":1}', new Set())).toBe('{"a":1}');
  expect(redactedJson('{"pass\\u0077ord":"x"}', new Set())).toBe('{"password":"[REDACTED]"}');
});

test.each(["1", '"a"', "null", "true", "[]", "[[null,{}]]"])("%s stays as it is", (text) => {
  expect(redactedJson(text, new Set())).toBe(text);
});
