/**
 * Goal: after replacements no suspicious place is missing, though only their surroundings are looked
 * at again.
 * Method: generated texts and ranges (seed printed; SPANLEDGER_TEST_SEED sets it), against the
 * prefilter on the whole new text.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testSeed } from "../base/seed.test.helper.ts";
import { Edits } from "./edits.ts";
import { prefilter } from "./prefilter.ts";

const seed = testSeed();
process.stdout.write(`edits: SPANLEDGER_TEST_SEED=${seed}\n`);

const TOKEN = "[phone:bcdfghjklmnpqrst]";

const piece = fc.constantFrom(
  ..."x 5 0132 415 - . ( ) + / : = @ % & \\ [ ] \" ' é \n".split(" "),
  ..."2024-07-18 DE89 password token: api_key= Bearer sk- ghp_ eyJ AKIA %40 \\u0040 %20".split(" "),
  " ",
  " verification code",
  "a word that says nothing at all, and another one. ".repeat(5),
);
const text = fc.array(piece, { minLength: 1, maxLength: 24 }).map((pieces) => pieces.join(""));
const cuts = fc.uniqueArray(fc.nat(400), { maxLength: 6 });
const replacement = fc.constantFrom(TOKEN, `"${TOKEN}"`, "a=5", `mail x@y.de ${TOKEN} 555-0132`);

/** Every second stretch between the cuts is replaced. */
function editsOf(source: string, at: readonly number[], by: string): Edits {
  const places = [...at].sort((a, b) => a - b).filter((place) => place <= source.length);
  const edits = new Edits();
  for (let n = 0; n + 1 < places.length; n += 2) {
    edits.add(places[n] as number, places[n + 1] as number, by);
  }
  return edits;
}

/** What a detector would exchange, roughly: the places and what stands around them. */
function aroundPlaces(source: string, before: number, after: number, by: string): Edits {
  const edits = new Edits();
  for (const at of prefilter(source).at) {
    if (edits.size > 0 && at < edits.lastEnd) continue;
    const start = Math.max(edits.lastEnd, at - before);
    edits.add(start, Math.min(source.length, at + 1 + after), by);
  }
  return edits;
}

describe("edits", () => {
  it("know every place that the prefilter finds in the new text", () => {
    let moved = 0;
    fc.assert(
      fc.property(text, cuts, replacement, (source, at, by) => {
        const edits = editsOf(source, at, by);
        const out = edits.apply(source);
        const after = edits.placesAfter(prefilter(source), out);
        const whole = prefilter(out);
        for (const [n, place] of whole.at.entries()) {
          moved += 1;
          // Digits side by side are one place, the first that is suspicious.
          const from = place - (/\d*$/.exec(out.slice(0, place))?.[0].length ?? 0);
          const mask = whole.masks[n] as number;
          expect(after.maskOf(from, place + 1) & mask).toBe(mask);
        }
      }),
      { seed, numRuns: 5_000 },
    );
    expect(moved).toBeGreaterThan(5_000);
  });

  it("say that they leave nothing only where the prefilter finds nothing", () => {
    let said = 0;
    let kept = 0;
    fc.assert(
      fc.property(text, fc.nat(12), fc.nat(40), replacement, (source, before, after, by) => {
        const edits = aroundPlaces(source, before, after, by);
        const isClean = prefilter(edits.apply(source)).mask === 0;
        if (!isClean) kept += 1;
        if (!edits.leaveNothing(source, prefilter(source))) return;
        if (edits.size > 0) said += 1;
        expect(isClean).toBe(true);
      }),
      { seed, numRuns: 5_000 },
    );
    expect(said).toBeGreaterThan(500);
    expect(kept).toBeGreaterThan(500);
  });

  it("leave places in order and none behind the end", () => {
    const edits = new Edits();
    edits.add(0, 13, TOKEN);
    edits.add(14, 26, TOKEN);
    const source = "jane@acme.com 415 555 0132 or x@y.de";
    const out = edits.apply(source);
    expect(out).toBe(`${TOKEN} ${TOKEN} or x@y.de`);
    expect(edits.placesAfter(prefilter(source), out).at).toStrictEqual([out.indexOf("@")]);
  });
});
