/**
 * Goal: the transcoder and the reference give the same rows, byte for byte, or the same refusal.
 * Method: seeded requests, mutated requests and noise, through both; state of the transcoder is
 * kept from one to the next, as in the receiver. SPANLEDGER_TEST_SEED repeats a run,
 * SPANLEDGER_FUZZ_ROUNDS makes it long. Canaries show that the net has no hole.
 */

import { BATCH_TABLES, NORMALISED } from "@spanledger/schema";
import { expect, test } from "vitest";
import type { BatchPlace, EncodedRequest } from "../../receiver/src/base/batch.ts";
import { testSeed } from "../../receiver/src/base/seed.test.helper.ts";
import * as wire from "../../receiver/src/base/wire.test.helper.ts";
import { firstPlace } from "../../receiver/src/classify/place.ts";
import { rowsOf } from "../../receiver/src/classify/rows.ts";
import { encodeSpans } from "../../receiver/src/encode-spans.ts";
import { IngestError } from "../../receiver/src/ingest/errors.ts";
import { createTranscoder } from "../../receiver/src/ingest/transcoder.ts";
import { createRedactor } from "../../receiver/src/redact/index.ts";
import { hashRows, leafHashes } from "../../receiver/src/seal/leaf.ts";
import { encodeRows } from "../../receiver/src/store/row-binary.ts";
import { encodeByReference } from "../reference/encode.ts";
import { type Random, randomOf } from "./random.ts";
import { mutated, noise, request } from "./requests.ts";

const SEED = testSeed();
const ROUNDS = Number(process.env.SPANLEDGER_FUZZ_ROUNDS ?? 1_500);

const redactor = createRedactor({ key: new Uint8Array(32).fill(7) });
const PLACE: BatchPlace = firstPlace({
  batchId: "01J00000000000000000000000",
  workspaceId: "acme",
  retentionClass: "standard",
  receivedAtMs: Date.UTC(2026, 0, 1),
});

type EncodeBody = (body: Buffer, place: BatchPlace) => EncodedRequest;

function transcoder(): ReturnType<typeof createTranscoder> {
  return createTranscoder({
    redactor: redactor.fields(),
    encodeSpans: (spans, place) => encodeSpans(redactor, spans, place),
    hashRows,
  });
}

/** Everything that a caller can see of an answer, as text. */
function outcome(encode: EncodeBody, body: Buffer, place: BatchPlace): string {
  try {
    const { tables, rejected, message } = encode(body, place);
    const rows = tables.map(
      ({ bytes, rowEnds }) => `${rowEnds.join(",")} ${Buffer.from(bytes).toString("latin1")}`,
    );
    return [`rejected ${rejected}: ${message}`, ...rows].join("\n");
  } catch (error) {
    if (error instanceof IngestError) return error.code;
    throw error;
  }
}

function placeOf(random: Random): BatchPlace {
  const tables = PLACE.tables.map((table) => ({ ...table, nextRow: random.int(1_000_000) }));
  return { ...PLACE, tables };
}

interface Found {
  kept: number;
  refused: number;
  /** Requests with a span of another dialect. */
  foreign: number;
}

/** Compare two encoders on random bodies; throws, with the seed, at the first difference. */
function compare(make: (random: Random) => Buffer, encode: EncodeBody, rounds: number): Found {
  const random = randomOf(SEED);
  const found: Found = { kept: 0, refused: 0, foreign: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const body = make(random);
    const place = placeOf(random);
    const expected = outcome((...args) => encodeByReference(...args, redactor), body, place);
    let actual: string;
    try {
      actual = outcome(encode, body, place);
    } catch (cause) {
      throw new Error(`seed ${SEED}, round ${round}: ${body.toString("hex")}`, { cause });
    }
    if (actual !== expected) {
      const at = [...expected].findIndex((char, index) => char !== actual[index]);
      throw new Error(
        `seed ${SEED}, round ${round}, character ${at}: ${body.toString("hex")}\n` +
          `expected …${JSON.stringify(expected.slice(Math.max(0, at - 60), at + 60))}\n` +
          `actual …${JSON.stringify(actual.slice(Math.max(0, at - 60), at + 60))}`,
      );
    }
    if (expected.includes(NORMALISED.dialect)) found.foreign += 1;
    if (expected.startsWith("OTLP")) found.refused += 1;
    else found.kept += 1;
  }
  return found;
}

test(`seed ${SEED}: whatever protobuf allows becomes the same rows`, () => {
  const { encodeTraces, lanes } = bound(transcoder());
  const found = compare(request, encodeTraces, ROUNDS);
  expect(found.kept).toBe(ROUNDS);
  // Both lanes were compared.
  expect(lanes.fast).toBeGreaterThan(ROUNDS / 2);
  expect(lanes.slow).toBeGreaterThan(ROUNDS / 10);
  expect(found.foreign).toBeGreaterThan(ROUNDS / 20);
});

test(`seed ${SEED}: mutated requests become the same rows or the same refusal`, () => {
  const { encodeTraces } = bound(transcoder());
  const found = compare((random) => mutated(random, request(random)), encodeTraces, ROUNDS);
  expect(found.kept).toBeGreaterThan(ROUNDS / 20);
  expect(found.refused).toBeGreaterThan(ROUNDS / 20);
});

test(`seed ${SEED}: noise is refused the same`, () => {
  const { encodeTraces } = bound(transcoder());
  const found = compare(noise, encodeTraces, ROUNDS);
  expect(found.refused).toBeGreaterThan(ROUNDS / 2);
});

test("letters that JSON hides in escapes come out as UTF-8 beside personal data", () => {
  const content = '[{"content":"caf\\u00e9 \\u4e2d, write to eve@example.org"}]';
  const body = wire.request(wire.span({ 9: wire.attribute(9, "note", wire.field(1, content)) }));
  const { encodeTraces, lanes } = bound(transcoder());
  const rows = Buffer.from(encodeTraces(body, PLACE).tables[0]?.bytes ?? []).toString("utf8");
  expect(rows).toMatch(/café 中, write to \[email:[a-z]{16}\]"/);
  expect(lanes).toEqual({ fast: 1, slow: 0 });
});

test(`seed ${SEED}: leaves made along with the rows are those of the rows`, () => {
  const { encodeTraces } = bound(transcoder());
  const random = randomOf(SEED);
  let leaves = 0;
  for (let round = 0; round < 200; round += 1) {
    for (const { leaves: made, ...rows } of encodeTraces(request(random), placeOf(random)).tables) {
      if (rows.rowEnds.length === 0) continue;
      expect(Buffer.from(made ?? [])).toEqual(Buffer.from(leafHashes(rows)));
      leaves += rows.rowEnds.length;
    }
  }
  expect(leaves).toBeGreaterThan(200);
});

test("the canary, an encoder that forgets a rare digit, is caught", () => {
  const { encodeTraces } = bound(transcoder());
  const faulty: EncodeBody = (body, place) => {
    const encoded = encodeTraces(body, place);
    const [spans] = encoded.tables;
    const at = spans?.bytes.indexOf(0x37, 2_000) ?? -1;
    if (spans !== undefined && at > 0) spans.bytes[at] = 0x38;
    return encoded;
  };
  expect(() => compare(request, faulty, ROUNDS)).toThrow(`seed ${SEED}`);
});

test("the canary, an encoder that keeps a span that is to be refused, is caught", () => {
  const { encodeTraces } = bound(transcoder());
  const faulty: EncodeBody = (body, place) => {
    const encoded = encodeTraces(body, place);
    return { ...encoded, rejected: Math.min(encoded.rejected, 2) };
  };
  expect(() => compare(request, faulty, ROUNDS)).toThrow(`seed ${SEED}`);
});

test("the canary, a slow lane that knows no dialect, is caught", () => {
  const { encodeTraces } = bound(
    createTranscoder({
      redactor: redactor.fields(),
      encodeSpans: (spans, place) => {
        const rows = rowsOf(
          spans.map((span) => redactor.span(span)),
          place,
        );
        return BATCH_TABLES.map((table) => encodeRows(table, rows[table.name] as never));
      },
    }),
  );
  expect(() => compare(request, encodeTraces, ROUNDS)).toThrow(`seed ${SEED}`);
});

function bound(of: ReturnType<typeof createTranscoder>) {
  return { encodeTraces: of.encodeTraces.bind(of), lanes: of.lanes };
}
