/**
 * Goal: whatever surrounds a value, it does not survive; what was redacted stays as it is; work is
 * bounded on hostile input.
 * Method: generated texts and spans (seed printed; SPANLEDGER_TEST_SEED sets it), generated values of
 * every kind with their own check digits; hostile texts of 1 MB with their steps counted.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AttributeValue, DecodedSpan } from "../base/records.ts";
import { testSeed } from "../base/seed.test.helper.ts";
import { isCardNumber } from "./detect-card.ts";
import { createRedactor } from "./index.ts";
import { prefilter } from "./prefilter.ts";
import { newCounts, redactString } from "./text-redactor.ts";
import { createTokeniser } from "./token.ts";

const KEY = new Uint8Array(32).fill(7);
const redactor = createRedactor({ key: KEY });
const seed = testSeed();
process.stdout.write(`redact properties: SPANLEDGER_TEST_SEED=${seed}\n`);
fc.configureGlobal({ seed, numRuns: 500 });

const digit = fc.integer({ min: 0, max: 9 }).map(String);
const digits = (n: number) =>
  fc.array(digit, { minLength: n, maxLength: n }).map((d) => d.join(""));
const word = (min: number, max: number) =>
  fc
    .array(fc.constantFrom(..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789"), {
      minLength: min,
      maxLength: max,
    })
    .map((c) => c.join(""));

const email = fc
  .tuple(
    word(1, 12),
    fc.constantFrom("", ".x", "+tag", "_y-z"),
    word(1, 10),
    fc.constantFrom("com", "co.uk", "de", "museum", "рф"),
  )
  .map(([a, b, c, d]) => `${a}${b}@${c}.${d}`);

const phone = fc.oneof(
  fc
    // Area and exchange codes start with 2 to 9 (North American Numbering Plan).
    .tuple(digits(3), digits(3), digits(4))
    .filter(([a, b, c]) => /^[2-9]/.test(a) && /^[2-9]/.test(b) && !/00$/.test(a + b + c))
    .chain(([a, b, c]) =>
      fc.constantFrom(`${a}-${b}-${c}`, `(${a}) ${b}-${c}`, `${a}.${b}.${c}`, `(${a})${b}-${c}x12`),
    ),
  fc
    .tuple(fc.constantFrom("44", "49", "33", "91", "351"), digits(2), digits(7))
    .map(([a, b, c]) => `+${a} ${b} ${c}`),
  digits(10).map((d) => `+1${d}`),
);

const card = fc
  .tuple(fc.constantFrom("4", "51", "55", "2221"), digits(15))
  .map(([prefix, rest]) => (prefix + rest).slice(0, 15))
  .map((body) => body + [..."0123456789"].find((d) => isCardNumber(body + d)))
  .chain((n) =>
    fc.constantFrom(n, n.replace(/(.{4})(?=.)/g, "$1 "), n.replace(/(.{4})(?=.)/g, "$1-")),
  );

const iban = digits(18)
  .map((account) => {
    const rest = BigInt(`${account}131400`) % 97n;
    return `DE${String(98n - rest).padStart(2, "0")}${account}`;
  })
  .chain((n) => fc.constantFrom(n, n.toLowerCase(), n.replace(/(.{4})(?=.)/g, "$1 ")));

const ssn = fc
  .tuple(
    fc.integer({ min: 1, max: 665 }),
    fc.integer({ min: 1, max: 99 }),
    fc.integer({ min: 1, max: 9999 }),
  )
  .map(
    ([a, g, s]) =>
      `${`${a}`.padStart(3, "0")}-${`${g}`.padStart(2, "0")}-${`${s}`.padStart(4, "0")}`,
  );

const secret = fc.oneof(
  word(36, 36).map((w) => `ghp_${w}`),
  word(48, 48).map((w) => `sk-proj-${w}1`),
  word(16, 16).map((w) => `AKIA${w.toUpperCase()}`),
  word(24, 24).map((w) => `eyJ${w}.${w}.${w}`),
);

const value = fc.oneof(email, phone, card, iban, ssn, secret);

/** What stands around a value; none of it touches the value with a letter or digit. */
const before = fc.constantFrom(
  "",
  " ",
  "to ",
  "x: ",
  "x=",
  "(",
  '"',
  "'",
  "<",
  "\n",
  "a, ",
  "é ",
  "[",
);
const after = fc.constantFrom("", " ", ". ", ", y", ")", '"', "'", ">", "\n", "; z", " é", "]");
const filler = fc.constantFrom(
  "",
  "Hello ",
  "at 2024-01-15T10:00:00Z ",
  '{"a":1} ',
  "user ",
  "%20",
  "é",
);

const planted = fc.tuple(filler, before, value, after, filler).map(([f, b, v, a, g]) => ({
  value: v,
  text: `${f}${b}${v}${a}${a === "" || g === "%20" ? "" : g}`,
}));

function makeSpan(key: string, content: AttributeValue, text: string): DecodedSpan {
  const attributes = new Map<string, AttributeValue>([[key, content]]);
  return {
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    spanId: "00f067aa0ba902b7",
    parentSpanId: "",
    traceState: text,
    flags: 0,
    name: text,
    kind: "Client",
    startNs: 1n,
    endNs: 2n,
    attributes,
    events: [{ timeNs: 1n, name: text, attributes }],
    links: [{ traceId: "", spanId: "", traceState: text, attributes }],
    statusCode: "Unset",
    statusMessage: text,
    droppedAttributes: 0,
    droppedEvents: 0,
    droppedLinks: 0,
    resource: { attributes },
    scope: { name: text, version: text, attributes },
  };
}

function serialise(span: unknown): string {
  return JSON.stringify(span, (_, v: unknown) => {
    if (typeof v === "bigint") return `${v}`;
    if (v instanceof Uint8Array) return Buffer.from(v).toString("utf8");
    return v instanceof Map ? [...v] : v;
  });
}

const wrap = fc.constantFrom<(text: string) => AttributeValue>(
  (text) => text,
  (text) => [text, 1n],
  (text) => new Map<string, AttributeValue>([["k", [text]]]),
  (text) => new TextEncoder().encode(text),
  (text) => JSON.stringify({ role: "user", parts: [{ content: text }] }),
  (text) => JSON.stringify({ a: JSON.stringify({ b: JSON.stringify([text]) }) }),
  (text) => JSON.stringify({ a: [text] }).slice(0, -2),
  (text) => `Request: ${JSON.stringify({ a: text })} done`,
);

describe("a planted value", () => {
  it("survives nowhere in a redacted span", () => {
    fc.assert(
      fc.property(
        planted,
        wrap,
        fc.constantFrom("a", "input.value"),
        ({ text, value }, put, key) => {
          const out = serialise(redactor.span(makeSpan(key, put(text), text)));
          const [local = value] = value.split("@");
          expect(out).not.toContain(value);
          expect(out).not.toContain(value.replace(/\D/g, "").padEnd(7, "-"));
          if (local.length > 4) expect(out).not.toContain(local);
        },
      ),
    );
  });

  it("gets the token of the value, so that it joins", () => {
    fc.assert(
      fc.property(fc.oneof(email, iban, card, ssn), (v) => {
        expect(redactor.text(`x ${v}, y`)).toContain(redactor.text(v));
      }),
    );
  });
});

/** Pieces of which texts are made that are close to everything. */
const piece = fc.oneof(
  value,
  fc.constantFrom(
    "[email:",
    "[secret:bcdfghjklmnpqrst]",
    "]",
    "{",
    "}",
    "[",
    '"',
    '\\"',
    "\\",
    ":",
    "=",
    ",",
    "&",
    "password",
    "token",
    "otp",
    "phone",
    "Authorization",
    "Bearer ",
    "Cookie",
    " ",
    "\n",
    "@",
    "%40",
    "\\u0040",
    "://",
    "x@y.de",
    "555",
    "-",
    "(",
    ")",
    "+",
    ".",
    "/",
    "'",
    "true",
    "12",
    "is ",
  ),
  fc.string({ maxLength: 5 }),
);
const mess = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(""));

describe("a redacted text", () => {
  it("does not change when it is redacted again", () => {
    fc.assert(
      fc.property(mess, (text) => {
        const once = redactor.text(text);
        expect(redactor.text(once)).toBe(once);
      }),
      { numRuns: 5_000 },
    );
  });

  it("is the same for the same key, whatever was redacted before", () => {
    fc.assert(
      fc.property(mess, mess, (text, other) => {
        const fresh = createRedactor({ key: KEY });
        fresh.text(other);
        expect(fresh.text(text)).toBe(redactor.text(text));
      }),
    );
  });

  it("was let through by the prefilter before", () => {
    fc.assert(
      fc.property(planted, ({ text }) => {
        expect(prefilter(text)).not.toBe(0);
        expect(redactor.text(text)).not.toBe(text);
      }),
    );
  });

  it("keeps JSON valid", () => {
    fc.assert(
      fc.property(fc.json(), planted, (json, { text }) => {
        const whole = `{"a":${json},"b":${JSON.stringify(text)},"password":${json}}`;
        expect(() => JSON.parse(redactor.text(whole))).not.toThrow();
      }),
    );
  });
});

/** Most steps per character of hostile input beyond the passes over the text. */
const STEPS_PER_CHARACTER_MAX = 300;

describe("hostile texts of 1 MB", () => {
  const units = [
    "@",
    "a@",
    "a@b.",
    "%40",
    ".a@a",
    "1",
    "1 ",
    "1-",
    "4111 ",
    "(1",
    "+1",
    "00",
    "GB82 ",
    "gb82",
    "=",
    "password=",
    "password:",
    '"password":"',
    '"password":{',
    "token: a",
    "token:",
    "a:",
    "Cookie:",
    "eyJ",
    "eyJaaaaaaaaaa.",
    "sk-",
    "Bearer ",
    "bearer a",
    "SG.",
    "://",
    "://a:",
    "http://a:b@",
    "-----BEGIN PRIVATE KEY-----",
    "PRIVATE KEY",
    "\\",
    '\\"',
    "[",
    "{",
    '{"a":',
    '["',
    '"',
    "phone ",
    "call 12 34 56 ",
    "ssn 123 ",
    "password is ",
    "x ext ",
    "(12) 345-",
    "\\u0040",
    "é@",
    "%",
    "A".repeat(9),
  ];
  it.each(units)("made of %j take bounded work", (unit) => {
    const text = unit.repeat(Math.ceil(1_000_000 / unit.length));
    for (const start of ["", "{", '["']) {
      const context = { tokeniser: createTokeniser(KEY), counts: newCounts(), steps: 0 };
      redactString(context, start + text, "none");
      expect(context.steps).toBeLessThan(text.length * STEPS_PER_CHARACTER_MAX);
    }
  });
});
