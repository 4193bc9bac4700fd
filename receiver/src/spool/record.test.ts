/**
 * Goal: every byte of a spool file is read as what was written, as cut off, or as corrupt.
 * Method: a small file, cut at every byte and changed in every bit; the bytes of the format.
 */
import { describe, expect, test } from "vitest";
import { FRAME_SIZE_BYTES, frameRecord, RECORD, scanRecords } from "./record.ts";

/** SPLR, length 4, checksum of those, checksum of the body, type 2, abc. */
const GOLDEN = "53504c5204000000ec9b72408bf42fa102616263";

const PAYLOADS = ["first", "second, SPLR", "", "last"];
const RECORDS = PAYLOADS.map((text) => frameRecord(RECORD.request, Buffer.from(text)));
const FILE = Buffer.concat(RECORDS);
/** Where each record ends. */
const ENDS = RECORDS.map((_, index) =>
  RECORDS.slice(0, index + 1).reduce((sum, { length }) => sum + length, 0),
);

const textsOf = (file: Buffer): string[] =>
  [...scanRecords(file)].flatMap((item) =>
    item.kind === "record" ? [item.payload.toString()] : [],
  );
const kindsOf = (file: Buffer): string[] =>
  [...scanRecords(file)].map(({ kind }) => kind).filter((kind) => kind !== "record");

describe("a record", () => {
  test("has these bytes, in this version and every later one", () => {
    expect(frameRecord(RECORD.request, Buffer.from("abc")).toString("hex")).toBe(GOLDEN);
  });

  test("is read as it was written", () => {
    expect(textsOf(FILE)).toEqual(PAYLOADS);
    expect(kindsOf(FILE)).toEqual([]);
  });
});

describe("a file cut off", () => {
  test("at any byte keeps every complete record and has at most a torn tail", () => {
    for (let length = 0; length <= FILE.length; length += 1) {
      const cut = FILE.subarray(0, length);
      const complete = ENDS.filter((end) => end <= length).length;
      expect(textsOf(cut), `cut at ${length}`).toEqual(PAYLOADS.slice(0, complete));
      const isWhole = length === 0 || ENDS.includes(length);
      expect(kindsOf(cut), `cut at ${length}`).toEqual(isWhole ? [] : ["torn"]);
    }
  });

  test("behind its length, so that zeros stand for what was not written, has a torn tail", () => {
    for (let length = ENDS[2] ?? 0; length <= (ENDS[2] ?? 0) + FRAME_SIZE_BYTES; length += 8) {
      const file = Buffer.concat([FILE.subarray(0, length), Buffer.alloc(FILE.length - length)]);
      if (length > (ENDS[2] ?? 0) && length < (ENDS[2] ?? 0) + FRAME_SIZE_BYTES) continue;
      expect(textsOf(file), `zeros from ${length}`).toEqual(PAYLOADS.slice(0, 3));
      expect(kindsOf(file), `zeros from ${length}`).toEqual(["torn"]);
    }
  });
});

describe("a file with a changed bit", () => {
  test("anywhere has one corrupt stretch, which is that record, and every other record", () => {
    for (let bit = 0; bit < FILE.length * 8; bit += 1) {
      const changed = Buffer.from(FILE);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      const hit = ENDS.findIndex((end) => bit >> 3 < end);
      expect(kindsOf(changed), `bit ${bit}`).toEqual(["corrupt"]);
      expect(textsOf(changed), `bit ${bit}`).toEqual(PAYLOADS.filter((_, at) => at !== hit));
    }
  });

  test("is told from one without, so that this test can fail", () => {
    expect(kindsOf(FILE)).toEqual([]);
  });
});

describe("bytes that are no file", () => {
  test("are corrupt as a whole, and reading them ends", () => {
    expect([...scanRecords(Buffer.from("not a spool file at all"))]).toEqual([
      { kind: "corrupt", start: 0, end: 23, reason: "head" },
    ]);
  });
});
