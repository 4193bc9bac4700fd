/**
 * Goal: JSON inside strings is redacted by key and value, and nothing else of it changes.
 * Method: exact texts before and after.
 */

import { describe, expect, it } from "vitest";
import { createRedactor } from "./index.ts";
import { JSON_DEPTH_MAX } from "./json.ts";

const redactor = createRedactor({ key: new Uint8Array(32).fill(7) });
const { text: redact, token } = redactor;
const SECRET = /\[secret:[a-z]{16}\]/;

describe("JSON inside a string", () => {
  it("keeps every byte that is not redacted, large and odd numbers included", () => {
    const head = '{ "n" :12345678901234567890,"f":1.10e+5,\n "u":"\\u00e9\\/" ,"password" : ';
    const tail = ',"z":[ ] }';
    expect(redact(`${head}"hunter2"${tail}`)).toBe(`${head}"${token("secret", "hunter2")}"${tail}`);
  });

  it("replaces what stands under a sensitive key whole: objects, lists, numbers of codes", () => {
    expect(redact('{"credentials":{"u":"x","p":[1,"}"]},"a":1}')).toMatch(
      /^\{"credentials":"\[secret:[a-z]{16}\]","a":1\}$/,
    );
    expect(redact('{"otp":123456,"pin":1234}')).toBe(
      `{"otp":"${token("secret", "123456")}","pin":"${token("secret", "1234")}"}`,
    );
  });

  it("lets numbers and flags under token keys pass, and empty values under any", () => {
    const text = '{"token":5,"access_token":true,"password":"","secret":null,"credentials":{}}';
    expect(redact(text)).toBe(text);
  });

  it("leaves the pieces of text of log-probabilities", () => {
    const text = '{"content":[{"token":"Hello","logprob":-0.1,"bytes":[72]}]}';
    expect(redact(text)).toBe(text);
    expect(redact('{"token":"Hello","other":1}')).toMatch(SECRET);
  });

  it("redacts personal data because of its key where the value alone would not tell", () => {
    expect(redact('{"phone":"7858949","mobile":7858949012,"ssn":123456789}')).toBe(
      `{"phone":"${token("phone", "7858949")}","mobile":"${token("phone", "7858949012")}",` +
        `"ssn":"${token("ssn", "123456789")}"}`,
    );
    expect(redact('{"card":{"number":"4111 1111 1111 1112"}}')).toBe(
      `{"card":{"number":"${token("card", "4111111111111112")}"}}`,
    );
    const other = '{"count":"7858949","order_id":"123-456-7890","card":{"last4":"1111"}}';
    expect(redact(other)).toBe(other);
  });

  it("redacts keys that are personal data", () => {
    expect(redact('{"jane@acme.com":1}')).toBe(`{"${token("email", "jane@acme.com")}":1}`);
  });

  it("reads escapes before it looks", () => {
    expect(redact('{"pass\\u0077ord":"a\\"b","e":"jane\\u0040acme.com"}')).toBe(
      `{"pass\\u0077ord":"${token("secret", 'a"b')}","e":"${token("email", "jane@acme.com")}"}`,
    );
  });

  it("unpacks JSON in JSON to its limit, and beyond it still scans as text", () => {
    for (const depth of [1, JSON_DEPTH_MAX, JSON_DEPTH_MAX + 2]) {
      let text = JSON.stringify({ password: "hunter2", mail: "jane@acme.com" });
      for (let i = 0; i < depth; i++) text = JSON.stringify(i === depth - 1 ? { v: text } : text);
      const out = redact(text);
      expect(out).not.toContain("hunter2");
      expect(out).not.toContain("jane");
      expect(() => JSON.parse(out)).not.toThrow();
    }
  });

  it("handles lines of JSON, each by its own keys", () => {
    expect(redact('{"password":"c"}\n{"a":"b"}\n{"ssn":"123456789"}')).toBe(
      `{"password":"${token("secret", "c")}"}\n{"a":"b"}\n{"ssn":"${token("ssn", "123456789")}"}`,
    );
  });

  it.each([
    ['{"a":{"password":"hunter2', '{"a":{"password":"'],
    ['{"a":{"secret":{"x":"hunter2"', '{"a":{"secret":"'],
    ['{"a":1, oops "password":"hunter2"', '{"a":1, oops "password":"'],
    ['{"password": hunter2}', '{"password": '],
    ["[INFO] password=hunter2", "[INFO] password="],
    ['{"a":"b"} ... {"password":"hunter2"} (truncated)', '{"a":"b"} ... {"password":"'],
    ['"password":"hunter2"', '"password":"'],
    ['{"a":"{\\"password\\":\\"hunter2', '{"a":"{\\"password\\":\\"'],
  ])("finds the secret in the malformed or truncated %s", (text, start) => {
    const out = redact(text);
    expect(out).not.toContain("hunter2");
    expect(out.startsWith(`${start}[secret:`)).toBe(true);
    expect(redact(out)).toBe(out);
  });

  it("survives nesting far beyond its limit", () => {
    const text = `${"[".repeat(100_000)}"jane@acme.com"`;
    expect(redact(text)).toBe(`${"[".repeat(100_000)}"${token("email", "jane@acme.com")}"`);
  });
});
