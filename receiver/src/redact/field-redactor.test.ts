/**
 * Goal: a text that is redacted where it stands in the bytes of a request becomes what the redaction
 * of objects makes of it, under every kind of key.
 * Method: both on generated texts (seed printed; SPANLEDGER_TEST_SEED sets it), then what differed
 * once, by hand.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testSeed } from "../base/seed.test.helper.ts";
import { createRedactor } from "./index.ts";

const seed = testSeed();
process.stdout.write(`field redactor: SPANLEDGER_TEST_SEED=${seed}\n`);

const redactor = createRedactor({ key: new Uint8Array(32).fill(7) });
const fields = redactor.fields();

const KEYS = "a phone email order_id card ssn iban token authorization password".split(" ");

function byObjects(key: string, text: string): unknown {
  const log = {
    traceId: "",
    spanId: "",
    timeNs: 1n,
    attributes: new Map([[key, text]]),
    contents: new Map(),
    isError: false,
    resource: { attributes: new Map() },
  };
  return redactor.log(log).attributes.get(key);
}

function byBytes(key: string, text: string): string {
  const bytes = new Uint8Array(Buffer.from(`key ${text}`));
  fields.suspects(bytes);
  fields.look(bytes.length);
  const isAscii = bytes.length === text.length + 4;
  const rule = fields.keyRule(key);
  return isAscii ? fields.edits(text, 4, rule).apply(text) : fields.text(text, rule);
}

const piece = fc.oneof(
  fc.constantFrom(
    "jane@acme.com",
    '"jane doe"@acme.com',
    "+1 415 555 0132",
    "call me at 73 448 266",
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "ssn 123456789",
    "2024-07-18",
    "2024-07-18 12:30",
    `ghp_${"a1".repeat(18)}`,
    "eyJhbGciOiJIUzI1.eyJhbGciOiJIUzI1.abc",
    "https://u:p@h.de/x",
    "https://hooks.slack.com/services/T00/B00/XXXXXXXXXXXXXXXX",
    "Bearer abcdef123456",
    "password is hunter2",
    "api key",
    "[secret:bcdfghjklmnpqrst]",
    "[phone:",
    "\\u0040",
    "%40",
    "%20",
    "x@y.de",
    " the customer asked about it".repeat(8),
  ),
  fc.constantFrom(
    ...'] { } [ " \\" \\ : = , & password token otp phone @ :// 555 - ( ) + . / 12'.split(" "),
  ),
  fc.constantFrom(" ", "\n", "é"),
  fc.string({ maxLength: 5 }),
);
const mess = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(""));
const text = fc.oneof(
  mess,
  mess.map((content) => JSON.stringify({ parts: [{ content, phone: content, n: 12345 }] })),
  mess.map((content) => JSON.stringify({ a: JSON.stringify([content]) })),
  mess.map((content) => `{"x":"${content}","y":"${content}"}`),
);

describe("a text in the bytes of a request", () => {
  it("is redacted as one in an object is", () => {
    let changed = 0;
    fc.assert(
      fc.property(text, fc.constantFrom(...KEYS), (content, key) => {
        const redacted = byObjects(key, content);
        if (redacted !== content) changed += 1;
        expect(byBytes(key, content)).toBe(redacted);
      }),
      { seed, numRuns: 5_000 },
    );
    expect(changed).toBeGreaterThan(1_000);
  });

  it.each([
    "on 2024-07-18",
    '{"a":["2024-07-18"]}',
    "from 2024-07-18; x",
    "mail https://u@h.de on 2024-07-18",
  ])("keeps its dates under the key of a telephone number: %j", (content) => {
    expect(byBytes("phone", content)).toContain("2024-07-18");
    expect(byObjects("phone", content)).toBe(byBytes("phone", content));
  });

  it.each([
    ["phone", '{"extension":"55512"}', "phone", "55512"],
    ["ssn", '["2024-07-18"]', "ssn", "2024-07-18"],
    ["a", "phone: 2024-07-18 12345", "phone", "2024-07-18 12345"],
    ["a", "password:/Str0ng! ", "secret", "/Str0ng!"],
  ] as const)("loses what stands under the key %s in %j", (key, content, kind, value) => {
    const redacted = content.replace(value, redactor.token(kind, value));
    expect(byBytes(key, content)).toBe(redacted);
    expect(byObjects(key, content)).toBe(redacted);
  });
});
