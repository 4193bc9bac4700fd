/**
 * Goal: whatever bytes come in as log records, they become rows or a typed refusal.
 * Method: seeded mutation of requests with every kind of record that is kept, in both encodings;
 * anything but a typed refusal is rethrown with the seed. Canaries show that the net has no hole.
 */

import { describe, expect, test } from "vitest";
import type { EncodedRequest } from "../../receiver/src/base/batch.ts";
import { testSeed } from "../../receiver/src/base/seed.test.helper.ts";
import { firstPlace } from "../../receiver/src/classify/place.ts";
import { createLogEncoder } from "../../receiver/src/encode-logs.ts";
import { IngestError } from "../../receiver/src/ingest/errors.ts";
import type { OtlpFormat } from "../../receiver/src/otlp/types.ts";
import { createRedactor } from "../../receiver/src/redact/index.ts";
import { randomOf } from "./random.ts";
import { mutated } from "./requests.ts";
import { bytesField, fixed64Field, varintField } from "./wire.ts";

const SEED = testSeed();
const ROUNDS = Number(process.env.SPANLEDGER_FUZZ_ROUNDS ?? 5_000);
const TRACE_ID = "5b8efff798038103d269b633813fc60c";

const redactor = createRedactor({ key: new Uint8Array(32).fill(7) });
const encodeLogs = createLogEncoder(redactor);
const place = firstPlace({
  batchId: "01J00000000000000000000000",
  workspaceId: "acme",
  retentionClass: "standard",
  receivedAtMs: Date.UTC(2026, 0, 1),
});

function message(number: number, ...fields: Buffer[]): Buffer {
  return bytesField(number, Buffer.concat(fields));
}

function keyValue(number: number, key: string, value: Buffer): Buffer {
  return message(number, bytesField(1, key), bytesField(2, value));
}

const CONTENT = message(6, keyValue(1, "content", bytesField(1, "write to anna@example.com")));
const RECORD = [
  fixed64Field(1, 1_544_712_660_300_000_000n),
  bytesField(9, Buffer.from(TRACE_ID, "hex")),
];
const PROTOBUF = message(
  1,
  message(1, keyValue(1, "service.name", bytesField(1, "shop"))),
  message(
    2,
    message(2, ...RECORD, bytesField(5, CONTENT), bytesField(12, "gen_ai.user.message")),
    message(2, ...RECORD, bytesField(5, CONTENT), bytesField(12, "gen_ai.choice")),
    message(
      2,
      ...RECORD,
      keyValue(6, "exception.type", bytesField(1, "E")),
      keyValue(6, "workflow.step.attempt", varintField(3, 2)),
    ),
  ),
);
const JSON_TEXT = Buffer.from(
  `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":1544712660000000001,"traceId":` +
    `"${TRACE_ID}","eventName":"gen_ai.choice","body":{"kvlistValue":{"values":[{"key":"message",` +
    `"value":{"kvlistValue":{"values":[{"key":"tool_calls","value":{"arrayValue":{"values":[` +
    `{"stringValue":"x"}]}}}]}}}]}}},{"observedTimeUnixNano":"5","traceId":"${TRACE_ID}",` +
    `"attributes":[{"key":"exception.message","value":{"stringValue":"late"}}]}]}]}]}`,
);

type EncodeBody = (body: Buffer) => EncodedRequest;

function encodeAs(format: OtlpFormat): EncodeBody {
  return (body) => encodeLogs(body, format, place);
}

function run(source: Buffer, encode: EncodeBody): { rows: number; refused: number } {
  const random = randomOf(SEED);
  const found = { rows: 0, refused: 0 };
  for (let round = 0; round < ROUNDS; round += 1) {
    try {
      const { tables, rejected, message: text } = encode(mutated(random, source));
      found.rows += tables.reduce((sum, { rowEnds }) => sum + rowEnds.length, 0);
      if (tables.some(({ bytes, rowEnds }) => bytes.length !== (rowEnds.at(-1) ?? 0))) {
        throw new Error("the rows end before their bytes");
      }
      if (rejected > 0 !== (text !== "")) throw new Error("a refusal without a word");
    } catch (cause) {
      if (!(cause instanceof IngestError)) {
        throw new Error(`seed ${SEED}, round ${round}`, { cause });
      }
      found.refused += 1;
    }
  }
  return found;
}

describe.each([
  ["protobuf", PROTOBUF],
  ["json", JSON_TEXT],
] as const)(`seed ${SEED}: log records in %s`, (format, source) => {
  test("become rows when nothing is changed", () => {
    const { tables, rejected } = encodeAs(format)(source);
    expect(rejected).toBe(0);
    const [, payloads, , , errors] = tables.map(({ rowEnds }) => rowEnds.length);
    expect([payloads, errors]).toEqual([format === "json" ? 1 : 2, 1]);
  });

  test("become rows or a typed refusal when they are mutated", () => {
    const found = run(source, encodeAs(format));
    expect(found.rows).toBeGreaterThan(ROUNDS / 200);
    expect(found.refused).toBeGreaterThan(ROUNDS / 50);
  });
});

test("the canary, an encoder that fails on a rare byte, is caught", () => {
  const faulty: EncodeBody = (body) => {
    if (body.includes(0xee)) throw new TypeError("a defect");
    return encodeAs("protobuf")(body);
  };
  expect(() => run(PROTOBUF, faulty)).toThrow(`seed ${SEED}`);
});

test("the canary, an encoder that loses the end of a row, is caught", () => {
  const faulty: EncodeBody = (body) => {
    const { tables, ...rest } = encodeAs("protobuf")(body);
    return { ...rest, tables: tables.map((one) => ({ ...one, bytes: one.bytes.subarray(1) })) };
  };
  expect(() => run(PROTOBUF, faulty)).toThrow(`seed ${SEED}`);
});
