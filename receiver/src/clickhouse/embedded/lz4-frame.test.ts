/**
 * Goal: LZ4 frames come out as they went in, and damaged ones never come out at all.
 * Method: frames made by the reference library (liblz4 through Python's `lz4` 4.4.5), and frames
 * written by hand from the format's specification; each also in pieces of every size.
 */
import { Readable } from "node:stream";
import { inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { createLz4Decompress, Lz4Error } from "./lz4-frame.ts";

/** `lz4.frame.compress(b"hello hello hello hello\n" * 3)` */
const SMALL = Buffer.from(
  "BCJNGGhASAAAAAAAAABPGgAAAG1oZWxsbyAGAB0KEgACJAAPGAABUGVsbG8KAAAAAA==",
  "base64",
);
const SMALL_CONTENT = "hello hello hello hello\n".repeat(3);

/** 9,000 times `spanledger `: two linked blocks, checksums of blocks and content; deflated. */
const LINKED = inflateSync(
  Buffer.from(
    "eNpjUfKVCHFYJ8rIwLC/uCAxLyc1JT21SIGb4f8IB3cDwEGx2OLEml4GBgb+QREiygHg2NkcangG6CaG0L7O1wC4" +
      "fJU0",
    "base64",
  ),
);

/** A frame of one stored block, without sizes or checksums, written by hand. */
const STORED = Buffer.from([
  0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, 3, 0, 0, 0x80, 0x61, 0x62, 0x63, 0, 0, 0, 0,
]);

/**
 * Two linked blocks by hand: "abcd", then a match of four bytes, four back, over the border, with
 * the five literals that end a block.
 */
const OVER_THE_BORDER = Buffer.from([
  0x04, 0x22, 0x4d, 0x18, 0x40, 0x40, 0xc0, 4, 0, 0, 0x80, 0x61, 0x62, 0x63, 0x64, 9, 0, 0, 0, 0x00,
  4, 0, 0x50, 0x76, 0x77, 0x78, 0x79, 0x7a, 0, 0, 0, 0,
]);

async function decode(frame: Uint8Array, pieceBytes: number = frame.length): Promise<string> {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < frame.length; at += pieceBytes) {
    pieces.push(frame.subarray(at, at + pieceBytes));
  }
  const chunks: Buffer[] = [];
  const decoder = createLz4Decompress();
  const source = Readable.from(pieces, { objectMode: false });
  source.on("error", (error) => decoder.destroy(error));
  for await (const chunk of source.pipe(decoder)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

describe("whole frames", () => {
  test.each<[string, Buffer, string]>([
    ["of the reference library", SMALL, SMALL_CONTENT],
    ["with checksums", LINKED, "spanledger ".repeat(9000)],
    ["with a stored block", STORED, "abc"],
    ["with linked blocks", OVER_THE_BORDER, "abcdabcdvwxyz"],
    ["one after the other", Buffer.concat([STORED, SMALL, STORED]), `abc${SMALL_CONTENT}abc`],
  ])("%s are decoded, in pieces of every size", async (_name, frame, content) => {
    for (let pieceBytes = 1; pieceBytes <= frame.length; pieceBytes += 1) {
      expect(await decode(frame, pieceBytes)).toBe(content);
    }
  });

  test("nothing at all is nothing", async () => {
    expect(await decode(Buffer.alloc(0))).toBe("");
  });
});

describe("damaged frames", () => {
  test("cut off anywhere, they are refused", async () => {
    for (let length = 1; length < SMALL.length; length += 1) {
      await expect(decode(SMALL.subarray(0, length)), `${length}`).rejects.toBeInstanceOf(Lz4Error);
    }
  });

  test.each<[string, number, number]>([
    ["another magic number", 0, 0x05],
    ["another version", 4, 0x80],
    ["a dictionary", 4, 0x61],
    ["an unknown block size", 5, 0x00],
    ["a block above the largest", 9, 0x7f],
  ])("%s is refused", async (_name, at, value) => {
    const frame = Buffer.from(STORED);
    frame[at] = value;
    await expect(decode(frame)).rejects.toBeInstanceOf(Lz4Error);
  });

  test.each<[string, number]>([
    ["a match before the beginning", 9],
    ["a match of no distance", 0],
  ])("%s is refused", async (_name, distance) => {
    const frame = Buffer.from(OVER_THE_BORDER);
    frame.writeUInt16LE(distance, 20);
    await expect(decode(frame)).rejects.toBeInstanceOf(Lz4Error);
  });

  test("bytes changed at random give content or a typed error, nothing else", async () => {
    let refused = 0;
    for (let seed = 1; seed <= 2000; seed += 1) {
      const frame = Buffer.from(SMALL);
      // A linear congruential generator: every run changes the same bytes.
      const random = Math.imul(seed, 1_103_515_245) >>> 8;
      frame[random % frame.length] = (random >>> 8) & 0xff;
      await decode(frame).catch((error: unknown) => {
        expect(error).toBeInstanceOf(Lz4Error);
        refused += 1;
      });
    }
    expect(refused).toBeGreaterThan(500);
  });
});
