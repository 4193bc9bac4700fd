/**
 * Goal: what is known of a written string of JSON holds for the string it means.
 * Method: generated strings (seed printed; SPANLEDGER_TEST_SEED sets it), written by JSON.stringify;
 * suspicious places against the prefilter, edits against editing the string that is meant.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testSeed } from "../base/seed.test.helper.ts";
import { Edits } from "./edits.ts";
import { ESCAPES_SIDE_BY_SIDE_MAX, Escapes, isPlainEscape } from "./json-escapes.ts";
import { prefilter } from "./prefilter.ts";

const seed = testSeed();
process.stdout.write(`JSON escapes: SPANLEDGER_TEST_SEED=${seed}\n`);

const piece = fc.constantFrom(
  ...'\n \r \t " \\ \\n \\" \\\\" \\u0040 \\u2010'.split(" "),
  ..."x 5 0132 415 - . ( ) + / : = @ % & [ ] ' é".split(" "),
  ..."2024-07-18 DE89 password token api_key Bearer basic sk- hf_ ghp_ eyJ AKIA %40 %20".split(" "),
  "\n",
  "\t",
  " ",
  "verification code",
);
const meant = fc.array(piece, { minLength: 1, maxLength: 20 }).map((pieces) => pieces.join(""));

/** All escapes, or undefined where one is not plain or too many stand side by side. */
function plainEscapes(written: string): Escapes | undefined {
  const runs = written.match(/(?:\\[\s\S])+/g) ?? [];
  const isPlain = runs.every(
    (run) =>
      run.length <= 2 * ESCAPES_SIDE_BY_SIDE_MAX &&
      [...run].every((_, n) => n % 2 === 0 || isPlainEscape(run.charCodeAt(n))),
  );
  return isPlain ? new Escapes(written) : undefined;
}

function write(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

describe("plain escapes", () => {
  it("keep every place that the prefilter finds in the string that is meant", () => {
    let places = 0;
    fc.assert(
      fc.property(meant, (text) => {
        const written = write(text);
        const escapes = plainEscapes(written);
        if (escapes === undefined) return;
        expect(escapes.meant).toBe(text);
        const known = escapes.placesIn(prefilter(written));
        const whole = prefilter(text);
        for (const [n, place] of whole.at.entries()) {
          places += 1;
          // Digits side by side are one place, the first that is suspicious.
          const from = place - (/\d*$/.exec(text.slice(0, place))?.[0].length ?? 0);
          const mask = whole.masks[n] as number;
          expect(known.maskOf(from, place + 1) & mask).toBe(mask);
        }
      }),
      { seed, numRuns: 10_000 },
    );
    expect(places).toBeGreaterThan(1_000);
  });

  it("write an edit as JSON.stringify writes the edited string", () => {
    fc.assert(
      fc.property(meant, fc.nat(40), fc.nat(40), (text, a, b) => {
        const written = write(text);
        const escapes = plainEscapes(written);
        const [start, end] = [Math.min(a, b), Math.max(a, b)];
        if (escapes === undefined || end > text.length) return;
        const edits = new Edits();
        edits.add(start, end, 'the "token"');
        expect(escapes.editsOut(edits).apply(written)).toBe(write(edits.apply(text)));
      }),
      { seed, numRuns: 5_000 },
    );
  });

  it("are line breaks, tabs, quotes and backslashes", () => {
    const plain = [...'nrt"\\'].map((sign) => sign.charCodeAt(0));
    const all = Array.from({ length: 128 }, (_, c) => c);
    expect(all.filter(isPlainEscape)).toStrictEqual(plain.sort((a, b) => a - b));
    expect(isPlainEscape(Number.NaN)).toBe(false);
  });
});
