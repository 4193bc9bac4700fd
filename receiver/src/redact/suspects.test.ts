/**
 * Goal: no text that the prefilter would look at is passed over, wherever it lies in a request, and
 * both ways to look give the same bits.
 * Method: telling texts and random ones between random bytes; chunks of every size around the edges.
 */

import { expect, test } from "vitest";
import { testSeed } from "../base/seed.test.helper.ts";
import { prefilter } from "./prefilter.ts";
import {
  findSuspects as beginToLook,
  isClean,
  lookUpTo,
  SUSPECT_TABLES,
  suspectPlaces,
} from "./suspects.ts";
import { createFastMark, SUSPECTS_BUILDS } from "./suspects-fast.ts";
import { markPlainly } from "./suspects-plain.ts";

const SEED = testSeed();
const ROUNDS = 20_000;

/** Pieces of which texts are made: every sign that the prefilter knows, and what is near it. */
const PIECES: readonly string[] = [
  ..."a b s S w W B b K A J e y . - _ : = @ % & \\ / \" ' ` ( + 0 7 4".split(" "),
  ..." |\n|ü|＠|\u2010|😀|\u00a0".split("|"),
  ..."sk- rk_ hf_ SG. ghp_ pat_ hvs. api- xoxb- bearer Basic AKIA AIza AGE-SECRET eyJ SK1a password".split(
    " ",
  ),
  ..."token: api_key= email: phone tel: no: x-api-key \\u0040 %40 &#64; ---BEGIN ://hooks. DE89".split(
    " ",
  ),
  ..."555 0132 415 %20 %2D %2b %A0 2024-08-06 10.0.0.1 12".split(" "),
];

function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function findSuspects(bytes: Uint8Array): Uint32Array {
  const set = beginToLook(bytes);
  lookUpTo(bytes.length);
  return set;
}

function randomText(next: (below: number) => number): string {
  return Array.from({ length: 1 + next(6) }, () => PIECES[next(PIECES.length)]).join("");
}

function hasBit(set: Uint32Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    if ((((set[at >>> 5] as number) >>> (at & 31)) & 1) === 1) return true;
  }
  return false;
}

test(`seed ${SEED}: a text that the prefilter would look at has a bit at each of its places, which says at least as much`, () => {
  const next = generator(SEED);
  let telling = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const text = randomText(next);
    const noise = (): Buffer => Buffer.from(Array.from({ length: next(12) }, () => next(256)));
    const before = noise();
    const body = Buffer.from(text);
    const bytes = new Uint8Array(Buffer.concat([before, body, noise()]));
    const set = findSuspects(bytes);
    const [start, end] = [before.length, before.length + body.length];
    const places = prefilter(text);
    if (places.mask === 0) continue;
    telling += 1;
    expect(hasBit(set, start, end), `seed ${SEED}, ${JSON.stringify(text)}`).toBe(true);
    expect(isClean(start, end), `seed ${SEED}, ${JSON.stringify(text)}`).toBe(false);
    if (body.length !== text.length) continue;
    const more = suspectPlaces(start, end);
    for (const [n, at] of places.at.entries()) {
      // Digits side by side are one place, the first that is suspicious.
      const from = at - (/\d*$/.exec(text.slice(0, at))?.[0].length ?? 0);
      const mask = places.masks[n] as number;
      expect(more.maskOf(from, at + 1) & mask, `seed ${SEED}, ${JSON.stringify(text)}`).toBe(mask);
    }
  }
  expect(telling).toBeGreaterThan(ROUNDS / 10);
});

test.each([
  ["relaxed", 0],
  ["plain", 1],
])(
  `seed ${SEED}: %s vector instructions and the loop give the same bits, at every size and across chunks`,
  (_, build) => {
    const markFast = createFastMark(SUSPECT_TABLES, SUSPECTS_BUILDS.slice(build, build + 1));
    expect(markFast).toBeDefined();
    const next = generator(SEED);
    const sizes = [...Array.from({ length: 80 }, (_, size) => size)];
    for (const edge of [65_536, 131_072]) for (let n = -40; n <= 40; n += 7) sizes.push(edge + n);
    for (const size of sizes) {
      let text = "";
      while (text.length < size) text += randomText(next);
      const bytes = new Uint8Array(Buffer.from(text).subarray(0, size));
      for (let n = 0; n < size / 50; n += 1) bytes[next(size)] = next(256);
      const words = (size >>> 5) + 1;
      const [fast, plain] = [new Uint32Array(words), new Uint32Array(words)];
      for (let at = 0; at < size; ) at = markFast?.(bytes, fast, at) ?? size;
      markPlainly(bytes, plain);
      expect(Buffer.from(fast.buffer).equals(Buffer.from(plain.buffer)), `size ${size}`).toBe(true);
    }
  },
);

/** Of each, ids and numbers are made: what is passed over as a whole and what is not lie side by side. */
const LETTERS: readonly string[] = [
  "0123456789abDEx",
  "0123456789ab%-. ",
  "0123456789DE",
  "01a",
  "012345678901234567890123456789a",
  "0123 -.(+)é＠a%",
  "%20a1",
  "_-.skrhfgopatxmneucSG:\\=@A",
];

test.each([
  ["relaxed", 0],
  ["plain", 1],
])(
  `seed ${SEED}: %s vector instructions and the loop give the same bits for digits between letters`,
  (_, build) => {
    const markFast = createFastMark(SUSPECT_TABLES, SUSPECTS_BUILDS.slice(build, build + 1));
    const next = generator(SEED);
    for (let round = 0; round < ROUNDS; round += 1) {
      const size = 20 + next(300);
      let text = "";
      while (text.length < size) {
        const letters = LETTERS[next(LETTERS.length)] as string;
        for (let n = next(40); n >= 0; n -= 1) text += letters.charAt(next(letters.length));
      }
      const bytes = new Uint8Array(Buffer.from(text));
      const words = (bytes.length >>> 5) + 1;
      const [fast, plain] = [new Uint32Array(words), new Uint32Array(words)];
      markFast?.(bytes, fast, 0);
      markPlainly(bytes, plain);
      if (Buffer.from(fast.buffer).equals(Buffer.from(plain.buffer))) continue;
      throw new Error(`seed ${SEED}: other bits for ${JSON.stringify(text)}`);
    }
  },
);

test("an engine that does not know the first build takes the second, one that knows none takes the loop", () => {
  const unknown = Buffer.from("no WebAssembly").toString("base64");
  expect(createFastMark(SUSPECT_TABLES, [unknown, ...SUSPECTS_BUILDS.slice(1)])).toBeDefined();
  expect(createFastMark(SUSPECT_TABLES, [unknown])).toBeUndefined();
});

test("plain prose has no suspicious byte", () => {
  const prose = new Uint8Array(
    Buffer.from("the customer was because of best answers below; basic, bear."),
  );
  expect(hasBit(findSuspects(prose), 0, prose.length)).toBe(false);
});

test("letters and digits within an id start no IBAN, those at its start may", () => {
  const bytes = new Uint8Array(Buffer.from("01KAJ3Z8QXDE89A7"));
  expect(hasBit(findSuspects(bytes), 0, bytes.length)).toBe(true);
  expect(isClean(0, bytes.length)).toBe(true);
  expect(isClean(10, bytes.length)).toBe(false);
});

test.each(["task-based", "risk_live", "disk-", "a desk_1"])(
  "no secret starts within %j",
  (text) => {
    const bytes = new Uint8Array(Buffer.from(text));
    findSuspects(bytes);
    expect(isClean(0, bytes.length)).toBe(true);
    expect(prefilter(text).mask).toBe(0);
  },
);

test.each(["sk-", "\\nsk-", "%20sk-", "a sk-", "gsk_", "x.rk_"])(
  "a secret may start in %j",
  (text) => {
    const bytes = new Uint8Array(Buffer.from(text));
    findSuspects(bytes);
    expect(isClean(0, bytes.length)).toBe(false);
    expect(prefilter(text).mask).not.toBe(0);
  },
);
