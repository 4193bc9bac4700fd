/**
 * Goal: the format of a batch's file never changes unnoticed, and is read as it was written.
 * Method: the bytes of each record, put together by the table in `batch-file.ts`; both sides of limits.
 */
import { describe, expect, test } from "vitest";
import type { EncodedRequest } from "../base/batch.ts";
import {
  type BatchFacts,
  decodeHead,
  decodeRequest,
  decodeSeal,
  encodeHead,
  encodeRequest,
  encodeSeal,
  readRecord,
  requestSizeBytes,
} from "./batch-file.ts";
import { RECORD_MAX_BYTES } from "./limits.ts";
import { scanRecords } from "./record.ts";

const FACTS: BatchFacts = {
  batchId: "01M7YMEV3ZTYD9H6R12JAFD6TE",
  workspaceId: "default",
  retentionClass: "standard",
  policyDigest: "ab".repeat(32),
  tables: [{ name: "spans", columns: 40, segment: 0, expiresAtS: 1_826_841_600 }],
};
const PLACE = {
  ...FACTS,
  tables: [
    { segment: 0, nextRow: 5, expiresAtS: 1 },
    { segment: 1, nextRow: 7, expiresAtS: 1 },
  ],
};
const REQUEST = {
  tables: [
    { bytes: Buffer.from("aabbb"), rowEnds: Uint32Array.from([2, 5]) },
    { bytes: Buffer.from("c"), rowEnds: Uint32Array.from([1]) },
  ],
  rejected: 3,
  message: "",
};
const DIGEST = Buffer.alloc(32, 0xcd);

/** The record of a request. */
function recordOf(request: EncodedRequest): Buffer {
  const record = Buffer.alloc(requestSizeBytes(request), 0xff);
  encodeRequest(record, DIGEST, PLACE, request);
  return record;
}

/** The payloads of the records in some bytes. */
const payloadsOf = (bytes: Buffer): Buffer[] =>
  [...scanRecords(bytes)].flatMap((item) => (item.kind === "record" ? [item.payload] : []));

describe("a head", () => {
  test("is this JSON, twice", () => {
    const payloads = payloadsOf(encodeHead(FACTS)).map((payload) => payload.toString());
    const json =
      '{"version":1,"batchId":"01M7YMEV3ZTYD9H6R12JAFD6TE","workspaceId":"default",' +
      `"retentionClass":"standard","policyDigest":"${"ab".repeat(32)}",` +
      '"tables":[{"name":"spans","columns":40,"segment":0,"expiresAtS":1826841600}]}';
    expect(payloads).toEqual([json, json]);
    expect(decodeHead(Buffer.from(json))).toEqual(FACTS);
  });

  test("of another version is not read", () => {
    expect(decodeHead(Buffer.from('{"version":2}'))).toBeUndefined();
  });
});

describe("a request", () => {
  test("has these bytes", () => {
    const [payload] = payloadsOf(recordOf(REQUEST));
    expect(payload?.toString("hex")).toBe(
      [
        "cd".repeat(32),
        "03000000",
        "02000000",
        "050000000200000005000000",
        "070000000100000001000000",
        "0200000005000000",
        "01000000",
        Buffer.from("aabbb").toString("hex"),
        Buffer.from("c").toString("hex"),
      ].join(""),
    );
  });

  test("is read as it was written", () => {
    const [payload] = payloadsOf(recordOf(REQUEST));
    const read = decodeRequest(payload ?? Buffer.alloc(0));
    expect(read).toMatchObject({ digest: DIGEST, rejected: 3 });
    expect(read.tables.map(({ firstRow, rowEnds }) => [firstRow, [...rowEnds]])).toEqual([
      [5, [2, 5]],
      [7, [1]],
    ]);
    expect(read.tables.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(["aabbb", "c"]);
  });

  test("whose lengths do not add up is refused, though its checksum is right", () => {
    const [payload] = payloadsOf(recordOf(REQUEST));
    const longer = Buffer.concat([payload ?? Buffer.alloc(0), Buffer.alloc(1)]);
    expect(() => decodeRequest(longer)).toThrow("another length");
  });

  test("just framed has its rows as views of the record, and everything else as copies", () => {
    const record = Buffer.alloc(requestSizeBytes(REQUEST));
    encodeRequest(record, DIGEST, PLACE, REQUEST);
    const { digest, tables } = readRecord(record, undefined);
    record.fill(0x7a);
    expect(tables.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(["zzzzz", "z"]);
    expect(digest).toEqual(DIGEST);
    expect(tables.map(({ firstRow, rowEnds, leaves }) => [firstRow, [...rowEnds], leaves])).toEqual(
      [
        [5, [2, 5], undefined],
        [7, [1], undefined],
      ],
    );
  });

  test("just framed is given its leaves, row after row, and not one more or less", () => {
    const record = Buffer.alloc(requestSizeBytes(REQUEST));
    encodeRequest(record, DIGEST, PLACE, REQUEST);
    const leaves = Uint8Array.from({ length: 96 }, (_, index) => index);
    const { tables } = readRecord(record, leaves);
    expect(tables.map((table) => [...(table.leaves ?? [])])).toEqual([
      [...leaves.subarray(0, 64)],
      [...leaves.subarray(64)],
    ]);
    for (const size of [64, 95, 97, 128]) {
      expect(() => readRecord(record, new Uint8Array(size))).toThrow(RangeError);
    }
  });

  test("larger than a record is refused for good", () => {
    const huge = { bytes: { length: RECORD_MAX_BYTES } as Uint8Array, rowEnds: new Uint32Array(0) };
    expect(() => requestSizeBytes({ ...REQUEST, tables: [huge] })).toThrow(
      expect.objectContaining({ code: "OTLP_REQUEST_TOO_LARGE", retryable: false }),
    );
  });
});

describe("a seal", () => {
  test("is this JSON, twice", () => {
    const seal = { closedAtMs: 1_795_219_200_000, header: Buffer.from([1, 2, 255]) };
    const json = '{"closedAtMs":1795219200000,"header":"AQL/"}';
    expect(payloadsOf(encodeSeal(seal)).map((payload) => payload.toString())).toEqual([json, json]);
    expect(decodeSeal(Buffer.from(json))).toEqual(seal);
  });
});
