/**
 * Goal: whatever text comes in as OTLP/JSON, it becomes rows or a typed refusal, and being read
 * slice by slice makes no difference.
 * Method: seeded mutation of a request with every kind of value; anything but a typed refusal is
 * rethrown with the seed. Random requests, mutated or not, give the same spans and refusals as when
 * `JSON.parse` reads them at once. Canaries show that the nets have no hole.
 */

import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { testSeed } from "../../receiver/src/base/seed.test.helper.ts";
import { firstPlace } from "../../receiver/src/classify/place.ts";
import { encodeSpans } from "../../receiver/src/encode-spans.ts";
import { IngestError } from "../../receiver/src/ingest/errors.ts";
import { decodeTraceJson } from "../../receiver/src/ingest/json.test.helper.ts";
import { createTranscoder } from "../../receiver/src/ingest/transcoder.ts";
import { createRedactor } from "../../receiver/src/redact/index.ts";
import { decodeTraceJsonAtOnce } from "../reference/decode-json.ts";
import type { DecodedRequest } from "../reference/request-builder.ts";
import { jsonRequest } from "./json-requests.ts";
import { type Random, randomOf } from "./random.ts";
import { mutated } from "./requests.ts";

const SEED = testSeed();
const ROUNDS = Number(process.env.SPANLEDGER_FUZZ_ROUNDS ?? 5_000);

const REQUEST = Buffer.from(
  '{"resourceSpans":[{"resource":{"attributes":[{"key":"a","value":{"intValue":1}}]},' +
    '"scopeSpans":[{"scope":{"name":"s"},"spans":[{"traceId":"5b8efff798038103d269b633813fc60c",' +
    '"spanId":"eee19b7ec3c1b174","startTimeUnixNano":1544712660000000001,"kind":2,' +
    '"endTimeUnixNano":"1544712660000000002","attributes":[{"key":"k","value":{"arrayValue":' +
    '{"values":[{"doubleValue":1.5},{"bytesValue":"AP8="}]}}}],"events":[{"name":"\\ud83d\\ude00"}]}' +
    "]}]}]}",
);
const SYNTAX = '" { } [ ] , : null 1e400 - \\u 99999999999999999999'.split(" ");

const redactor = createRedactor({ key: new Uint8Array(32).fill(7) });
const place = firstPlace({
  batchId: "01J00000000000000000000000",
  workspaceId: "acme",
  retentionClass: "standard",
  receivedAtMs: Date.UTC(2026, 0, 1),
});

function changed(random: Random): Buffer {
  const bytes = mutated(random, REQUEST);
  if (random.oneIn(2)) return bytes;
  const at = random.int(bytes.length + 1);
  return Buffer.concat([
    bytes.subarray(0, at),
    Buffer.from(random.pick(SYNTAX)),
    bytes.subarray(at),
  ]);
}

function run(encode: (body: Buffer) => number): { rows: number; refused: number } {
  const random = randomOf(SEED);
  const found = { rows: 0, refused: 0 };
  for (let round = 0; round < ROUNDS; round += 1) {
    const body = changed(random);
    try {
      found.rows += encode(body);
    } catch (cause) {
      if (!(cause instanceof IngestError))
        throw new Error(`seed ${SEED}, round ${round}`, { cause });
      found.refused += 1;
    }
  }
  return found;
}

const transcoder = createTranscoder({
  redactor: redactor.fields(),
  encodeSpans: (spans, at) => encodeSpans(redactor, spans, at),
});
const encode = (body: Buffer): number =>
  transcoder.encodeTracesJson(body, place).tables[0]?.rowEnds.length ?? 0;

test(`seed ${SEED}: mutated JSON becomes rows or a typed refusal`, () => {
  const found = run(encode);
  expect(found.rows).toBeGreaterThan(ROUNDS / 200);
  expect(found.refused).toBeGreaterThan(ROUNDS / 10);
});

test("the canary, an encoder that fails on a rare byte, is caught", () => {
  const faulty = (body: Buffer): number => {
    if (body.includes(0xee)) throw new TypeError("a defect");
    return encode(body);
  };
  expect(() => run(faulty)).toThrow(`seed ${SEED}`);
});

type Decode = (body: Buffer) => DecodedRequest;

/** Everything that decoding gives, or the code of the refusal. */
function outcome(decode: Decode, body: Buffer): DecodedRequest | string {
  try {
    return decode(body);
  } catch (error) {
    if (error instanceof IngestError) return error.code;
    throw error;
  }
}

/** @returns how many requests were taken, and their spans */
function compare(decode: Decode, rounds: number): { taken: number; spans: number } {
  const random = randomOf(SEED);
  const found = { taken: 0, spans: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const request = jsonRequest(random);
    const body = random.oneIn(3) ? mutated(random, request) : request;
    const expected = outcome(decodeTraceJsonAtOnce, body);
    const actual = outcome(decode, body);
    if (!isDeepStrictEqual(actual, expected)) {
      throw new Error(`seed ${SEED}, round ${round}`, { cause: { actual, expected } });
    }
    if (typeof expected === "string") continue;
    found.taken += 1;
    found.spans += expected.spans.length;
  }
  return found;
}

const COMPARED = ROUNDS / 10;

test(`seed ${SEED}: read in slices, JSON is what it is when it is read at once`, () => {
  const found = compare(decodeTraceJson, COMPARED);
  expect(found.taken).toBeGreaterThan(COMPARED / 5);
  expect(found.taken).toBeLessThan(COMPARED);
  expect(found.spans).toBeGreaterThan(COMPARED);
});

test.each<[string, Decode]>([
  [
    "loses a span of a long list",
    (body) => {
      const decoded = decodeTraceJson(body);
      return { ...decoded, spans: decoded.spans.filter((_span, index) => index !== 64) };
    },
  ],
  [
    "takes what is no JSON",
    (body) => {
      try {
        return decodeTraceJson(body);
      } catch {
        return decodeTraceJson(Buffer.from("{}"));
      }
    },
  ],
])("the canary, a reader that %s, is caught", (_name, decode) => {
  expect(() => compare(decode, COMPARED)).toThrow(`seed ${SEED}`);
});
