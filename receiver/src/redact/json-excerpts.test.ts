/**
 * Goal: a long string of which only excerpts are read loses what it loses when it is read whole.
 * Method: generated strings with values far apart and close together (seed printed;
 * SPANLEDGER_TEST_SEED sets it), as text and as JSON; the edges of excerpts by hand.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testSeed } from "../base/seed.test.helper.ts";
import { createRedactor } from "./index.ts";
import { excerptsOf } from "./json-excerpts.ts";
import { prefilter } from "./prefilter.ts";

const seed = testSeed();
process.stdout.write(`JSON excerpts: SPANLEDGER_TEST_SEED=${seed}\n`);

const redactor = createRedactor({ key: new Uint8Array(32).fill(7) });

const filler = fc
  .tuple(
    fc.constantFrom(
      "the customer asked about it\n",
      'she said "well" and left. ',
      "- 1 (a) + ",
      "%20",
    ),
    fc.nat(140),
  )
  .map(([text, times]) => text.repeat(times));
const value = fc.constantFrom(
  "jane@acme.com",
  "https://user:pa@ss@h.de/x",
  `https://u:${"x".repeat(480)}@h.de`,
  `${"a".repeat(250)}@acme.com`,
  "+1 415 555 0132",
  "call me at 73 448 266",
  "4111 1111 1111 1111",
  "DE89 3704 0044 0532 0130 00",
  "ssn 123 45 6789",
  `https://user:${"p@".repeat(20)}@h.de/@jane@acme.com`,
  `//${"a".repeat(250)}:${"b@".repeat(120)}`,
  "12 ".repeat(400),
  "password: hunter2",
  "2024-07-18 12:30",
);
const piece = fc.oneof({ weight: 2, arbitrary: filler }, { weight: 1, arbitrary: value });
const text = fc
  .array(piece, { minLength: 1, maxLength: 10 })
  .map((pieces) => `x ${pieces.join("\n")}\n`);

describe("a long string of JSON", () => {
  it("loses what its text loses", () => {
    let excerpted = 0;
    fc.assert(
      fc.property(text, (content) => {
        const written = JSON.stringify(content).slice(1, -1);
        const excerpts = excerptsOf(written, prefilter(written));
        if (excerpts.length !== 1 || excerpts[0]?.to !== written.length) excerpted += 1;
        const expected = JSON.stringify([redactor.text(content)]);
        expect(redactor.text(JSON.stringify([content]))).toBe(expected);
      }),
      { seed, numRuns: 1_000 },
    );
    expect(excerpted).toBeGreaterThan(100);
  });
});

describe("excerpts", () => {
  const prose = "the customer asked about it\\n".repeat(400);

  it("are the surroundings of places, cut within words", () => {
    const written = `${prose}jane@acme.com${prose}`;
    const [only, ...more] = excerptsOf(written, prefilter(written));
    expect(more).toStrictEqual([]);
    expect(only?.from).toBeGreaterThan(written.indexOf("@") - 400);
    expect(only?.to).toBeLessThan(written.indexOf("@") + 400);
    expect(written.slice((only?.from ?? 0) - 1, (only?.from ?? 0) + 1)).toMatch(/^[a-z]{2}$/);
    expect(written.slice((only?.to ?? 0) - 1, (only?.to ?? 0) + 1)).toMatch(/^[a-z]{2}$/);
  });

  it("reach to the start of a URL with a user part, over those before it", () => {
    const url = `https://u:${"x@".repeat(3)}\\\\${"y".repeat(500)}@h.de`;
    const written = `${prose}a@b.de ${prose.slice(0, 800)} ${url}${prose}`;
    const excerpts = excerptsOf(written, prefilter(written));
    const start = written.indexOf("https");
    expect(excerpts.some(({ from, to }) => from < start && to > start + url.length)).toBe(true);
    for (const [n, { from, to }] of excerpts.entries()) {
      expect(to).toBeGreaterThan(from);
      expect(from).toBeGreaterThan(excerpts[n - 1]?.to ?? -1);
    }
  });

  it("become one where they meet, and the whole where they are most of it", () => {
    const near = `${prose}a@b.de ${prose.slice(0, 300)} c@d.de${prose}`;
    expect(excerptsOf(near, prefilter(near))).toHaveLength(1);
    const many = `a@b.de ${prose.slice(0, 600)}`.repeat(10);
    expect(excerptsOf(many, prefilter(many))).toStrictEqual([{ from: 0, to: many.length }]);
  });

  it.each(["password: x ", "sk-", '{\\"a\\": ', '\\"a', "\\n [1, "])(
    "are the whole where more has to be read: %j",
    (start) => {
      const written = `${start}${prose}jane@acme.com`;
      expect(excerptsOf(written, prefilter(written))).toStrictEqual([
        { from: 0, to: written.length },
      ]);
    },
  );
});
