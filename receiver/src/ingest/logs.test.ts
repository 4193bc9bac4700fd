/**
 * Goal: both encodings of a log request are read as the same records, and a bad record is refused
 * alone.
 * Method: JSON beside wire bytes that are written by hand; the example of opentelemetry-proto.
 */
import { describe, expect, test } from "vitest";
import type { DecodedLog } from "../base/records.ts";
import { readLogsJson, readLogsProtobuf } from "./logs.ts";
import { explainRejections } from "./rejections.ts";

function varint(value: number): Buffer {
  return value < 0x80
    ? Buffer.from([value])
    : Buffer.concat([Buffer.from([(value & 0x7f) | 0x80]), varint(value >>> 7)]);
}

function field(number: number, ...parts: (string | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  return Buffer.concat([varint(number * 8 + 2), varint(body.length), body]);
}

function fixed64(number: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return Buffer.concat([varint(number * 8 + 1), bytes]);
}

const TRACE_ID = "5b8efff798038103d269b633813fc60c";
const SPAN_ID = "eee19b7ec3c1b174";

const RECORD = Buffer.concat([
  fixed64(1, 1_544_712_660_300_000_000n),
  Buffer.from([2 * 8, 17]),
  field(3, "ERROR"),
  field(5, field(6, field(1, field(1, "content"), field(2, field(1, "Hi"))))),
  field(6, field(1, "gen_ai.system"), field(2, field(1, "openai"))),
  Buffer.from([7 * 8, 3, 8 * 8 + 5, 1, 0, 0, 0]),
  field(9, Buffer.from(TRACE_ID, "hex")),
  field(10, Buffer.from(SPAN_ID, "hex")),
  fixed64(11, 1n),
  field(12, "gen_ai.user.message"),
]);
const RESOURCE = field(1, field(1, field(1, "service.name"), field(2, field(1, "shop"))));

function request(...records: Buffer[]): Buffer {
  const scope = field(1, field(1, "lib"));
  const list = Buffer.concat(records.map((record) => field(2, record)));
  return field(1, RESOURCE, field(2, scope, list));
}

const JSON_RECORD = {
  timeUnixNano: "1544712660300000000",
  observedTimeUnixNano: "1",
  severityNumber: 17,
  severityText: "ERROR",
  body: { kvlistValue: { values: [{ key: "content", value: { stringValue: "Hi" } }] } },
  attributes: [{ key: "gen_ai.system", value: { stringValue: "openai" } }],
  traceId: TRACE_ID.toUpperCase(),
  spanId: SPAN_ID,
  eventName: "gen_ai.user.message",
  droppedAttributesCount: 3,
};

function jsonRequest(...records: object[]): Buffer {
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] };
  const scopeLogs = [{ scope: { name: "lib" }, logRecords: records }];
  return Buffer.from(JSON.stringify({ resourceLogs: [{ resource, scopeLogs }] }));
}

const EXPECTED: DecodedLog = {
  traceId: TRACE_ID,
  spanId: SPAN_ID,
  timeNs: 1_544_712_660_300_000_000n,
  severityText: "ERROR",
  eventName: "gen_ai.user.message",
  body: new Map([["content", "Hi"]]),
  attributes: new Map([["gen_ai.system", "openai"]]),
  resource: { attributes: new Map([["service.name", "shop"]]) },
};

type Read = typeof readLogsJson;

function readAll(read: Read, body: Buffer): { records: DecodedLog[]; message: string } {
  const records: DecodedLog[] = [];
  const rejected = read(body, (record) => {
    records.push(record);
    return undefined;
  });
  return { records, message: explainRejections(rejected) };
}

describe.each<[string, Read, (changes: Partial<typeof JSON_RECORD>) => Buffer, Buffer]>([
  ["JSON", readLogsJson, (changes) => jsonRequest({ ...JSON_RECORD, ...changes }), jsonRequest()],
  ["protobuf", readLogsProtobuf, (changes) => request(changed(changes)), request()],
])("a request in %s", (_name, read, build, empty) => {
  test("is read record by record", () => {
    expect(readAll(read, build({}))).toEqual({ records: [EXPECTED], message: "" });
  });

  test("without records is nothing", () => {
    expect(readAll(read, empty)).toEqual({ records: [], message: "" });
  });

  test("takes the time of observation where there is no other", () => {
    expect(readAll(read, build({ timeUnixNano: "0" })).records[0]?.timeNs).toBe(1n);
  });

  test.each([
    ["", ""],
    ["0".repeat(32), "0".repeat(16)],
  ])("takes ids %j and %j for none", (traceId, spanId) => {
    expect(readAll(read, build({ traceId, spanId })).records).toEqual([
      { ...EXPECTED, traceId: "", spanId: "" },
    ]);
  });

  test.each([
    [{ traceId: "5b" }, "1 refused: trace_id must be 16 bytes, not all zero"],
    [{ spanId: "5b" }, "1 refused: span_id must be 8 bytes, not all zero"],
    [
      { timeUnixNano: "0", observedTimeUnixNano: "0" },
      "1 refused: a log record needs a time_unix_nano or observed_time_unix_nano below 2^63",
    ],
    [
      { timeUnixNano: `${2n ** 63n}` },
      "1 refused: a log record needs a time_unix_nano or observed_time_unix_nano below 2^63",
    ],
  ])("refuses %j alone", (changes, message) => {
    expect(readAll(read, build(changes))).toEqual({ records: [], message });
  });

  test("counts what the visitor refuses", () => {
    const rejected = read(build({}), () => "log_kind");
    expect(rejected.count).toBe(1);
    expect(explainRejections(rejected)).toBe(
      "1 refused: only log records with GenAI content or an exception are kept",
    );
  });
});

/** The record in protobuf with some of its fields written anew; the last one counts. */
function changed(changes: Partial<typeof JSON_RECORD>): Buffer {
  const parts: Buffer[] = [RECORD];
  if (changes.timeUnixNano !== undefined) parts.push(fixed64(1, BigInt(changes.timeUnixNano)));
  if (changes.observedTimeUnixNano !== undefined) {
    parts.push(fixed64(11, BigInt(changes.observedTimeUnixNano)));
  }
  if (changes.traceId !== undefined) parts.push(field(9, Buffer.from(changes.traceId, "hex")));
  if (changes.spanId !== undefined) parts.push(field(10, Buffer.from(changes.spanId, "hex")));
  return Buffer.concat(parts);
}

test("a record that is not UTF-8 is refused and its neighbour kept", () => {
  const bad = Buffer.concat([RECORD, field(12, Buffer.from([0xff]))]);
  const { records, message } = readAll(readLogsProtobuf, request(bad, RECORD));
  expect(records).toEqual([EXPECTED]);
  expect(message).toBe("1 refused: a string is not valid UTF-8");
});

test("a record that is nested too deeply is refused and its neighbour kept", () => {
  let value: Buffer = field(1, "deep");
  for (let depth = 0; depth < 60; depth += 1) value = field(5, field(1, value));
  const bad = Buffer.concat([RECORD, field(5, value)]);
  const { records, message } = readAll(readLogsProtobuf, request(bad, RECORD));
  expect(records).toHaveLength(1);
  expect(message).toBe("1 refused: an attribute is nested too deeply");
});

test("a resource that cannot be kept refuses all records under it", () => {
  const resource = field(1, field(1, field(1, Buffer.from([0xff])), field(2)));
  const body = field(1, resource, field(2, field(2, RECORD), field(2, RECORD)));
  const { records, message } = readAll(readLogsProtobuf, Buffer.concat([body, request(RECORD)]));
  expect(records).toHaveLength(1);
  expect(message).toBe("2 refused: a string is not valid UTF-8");
});

test("bytes that are no such message refuse the request", () => {
  const cut = request(RECORD).subarray(0, -1);
  expect(() => readAll(readLogsProtobuf, cut)).toThrow(
    expect.objectContaining({ code: "OTLP_MALFORMED_PROTOBUF" }),
  );
  expect(() => readAll(readLogsJson, Buffer.from('{"resourceLogs":7}'))).toThrow(
    expect.objectContaining({ code: "OTLP_MALFORMED_JSON" }),
  );
});

test("more records than a request may have refuse it", () => {
  const records = Array.from({ length: 65_537 }, () => Buffer.alloc(0));
  expect(() => readAll(readLogsProtobuf, request(...records))).toThrow(
    expect.objectContaining({ code: "OTLP_TOO_MANY_VALUES" }),
  );
  expect(() => readAll(readLogsJson, jsonRequest(...records.map(() => ({}))))).toThrow(
    expect.objectContaining({ code: "OTLP_TOO_MANY_VALUES" }),
  );
});
