/**
 * Goal: a header's bytes never change for the same batch, and name everything that the ledger vouches for.
 * Method: the bytes of one header as hex, read apart by the table in `header.ts`; segments of known rows.
 */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { BatchSeal } from "./batch-seal.ts";
import { decodeHeader, hashHeader, NO_PREVIOUS } from "./header.ts";
import { ledgerRow } from "./ledger-row.ts";
import { SegmentBuilder } from "./segment.ts";

/** A row: its time, then a text. */
function row(timeNs: bigint, text: string): Buffer {
  const time = Buffer.alloc(8);
  time.writeBigInt64LE(timeNs);
  return Buffer.concat([time, Buffer.from(text)]);
}

function rowsOf(...rows: readonly Buffer[]) {
  let end = 0;
  return {
    bytes: Buffer.concat(rows),
    rowEnds: Uint32Array.from(rows, ({ length }) => (end += length)),
  };
}

const sha256 = (...parts: readonly Uint8Array[]): Buffer =>
  createHash("sha256").update(Buffer.concat(parts)).digest();
const leafOf = (bytes: Buffer): Buffer => sha256(Buffer.from([0]), bytes);

const FACTS = {
  batchId: "01M7YMEV3ZTYD9H6R12JAFD6TE",
  workspaceId: "default",
  retentionClass: "standard",
  policyDigest: "ab".repeat(32),
  tables: [
    { name: "spans", segment: 0, expiresAtS: 1_826_841_600 },
    { name: "payloads", segment: 1, expiresAtS: 1_826_841_601 },
  ],
};
const FIRST = row(1_000n, "first");
const SECOND = row(-5n, "second");

function sealed(): Buffer {
  const seal = new BatchSeal(FACTS);
  seal.add(0, rowsOf(FIRST));
  seal.add(0, rowsOf(SECOND));
  return seal.seal({
    origin: "test/log",
    sequence: 7,
    previous: NO_PREVIOUS,
    facts: FACTS,
    lostRecords: 1,
    missingRows: [3, 0],
  });
}

describe("a header", () => {
  test("has these bytes, in this version and every later one", () => {
    const root = sha256(Buffer.from([1]), leafOf(FIRST), leafOf(SECOND)).toString("hex");
    const text = (value: string): string =>
      value.length.toString(16).padStart(4, "0") + Buffer.from(value).toString("hex");
    expect(sealed().toString("hex")).toBe(
      [
        Buffer.from("spanledger/batch/v1\n").toString("hex"),
        text("test/log"),
        "0000000000000007",
        Buffer.from(FACTS.batchId).toString("hex"),
        "ab".repeat(32),
        "00".repeat(32),
        "00000001",
        "0001",
        "0000",
        text("default"),
        text("spans"),
        text("standard"),
        "00000002",
        "00000003",
        root,
        "fffffffffffffffb",
        "00000000000003e8",
        "6ce36400",
      ].join(""),
    );
  });

  test("is read back field by field", () => {
    expect(decodeHeader(sealed())).toMatchObject({
      origin: "test/log",
      sequence: 7,
      batchId: FACTS.batchId,
      lostRecords: 1,
      segments: [{ table: "spans", rows: 2, missingRows: 3, minTimeNs: -5n, maxTimeNs: 1_000n }],
    });
  });

  test("cut off anywhere, or with more behind it, is refused", () => {
    const bytes = sealed();
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeHeader(bytes.subarray(0, length)), `${length}`).toThrow("no batch header");
    }
    expect(() => decodeHeader(Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow("no batch header");
    expect(decodeHeader(bytes).sequence).toBe(7);
  });

  test("is a leaf of the log", () => {
    expect(hashHeader(sealed())).toEqual(leafOf(sealed()));
  });
});

describe("a row of the ledger", () => {
  test("holds the header, its hash, and what it says", () => {
    const entry = ledgerRow(sealed(), 1_795_219_200_000);
    expect(entry).toMatchObject({
      Origin: "test/log",
      Sequence: 7n,
      HeaderHash: leafOf(sealed()).toString("hex"),
      PreviousHeader: "00".repeat(32),
      Header: sealed().toString("hex"),
      Rows: 2n,
      LostRecords: 1,
      ClosedAt: 1_795_219_200_000_000_000n,
    });
    expect(JSON.parse(entry.Segments)).toMatchObject([
      { table: "spans", rows: 2, minTimeNs: "-5" },
    ]);
  });
});

describe("a segment", () => {
  test("knows the smallest and largest time, on both sides of zero and of 32 bits", () => {
    const times = [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 32n, 2n ** 32n - 1n];
    for (const one of times) {
      for (const other of times) {
        const segment = new SegmentBuilder();
        segment.add(rowsOf(row(one, ""), row(other, "")));
        const { minTimeNs, maxTimeNs } = segment.sum();
        expect([minTimeNs, maxTimeNs]).toEqual(one < other ? [one, other] : [other, one]);
      }
    }
  });
});
