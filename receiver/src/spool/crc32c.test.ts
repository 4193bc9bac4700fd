/**
 * Goal: the checksum is CRC-32C. Method: the vectors of RFC 3720, B.4, and its definition bit by bit.
 */
import { describe, expect, test } from "vitest";
import { crc32c } from "./crc32c.ts";

const bytes = (make: (index: number) => number): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, index) => make(index));

/** The definition, one bit at a time. */
function byDefinition(data: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}

describe("crc32c", () => {
  test.each([
    ["32 zeros", bytes(() => 0), 0x8a91_36aa],
    ["32 ones", bytes(() => 0xff), 0x62a8_ab43],
    ["32 incrementing bytes", bytes((index) => index), 0x46dd_794e],
    ["32 decrementing bytes", bytes((index) => 31 - index), 0x113f_db5c],
    ["the digits 1 to 9", Buffer.from("123456789"), 0xe306_9283],
    ["nothing", new Uint8Array(0), 0],
  ])("of %s is that of the RFC", (_, data, expected) => {
    expect(crc32c(data)).toBe(expected);
  });

  test("agrees with the definition at every length and alignment up to 64", () => {
    const data = Uint8Array.from({ length: 80 }, (_, index) => (index * 167 + 13) & 0xff);
    for (let start = 0; start < 16; start += 1) {
      for (let end = start; end <= start + 64; end += 1) {
        expect(crc32c(data, start, end)).toBe(byDefinition(data.subarray(start, end)));
      }
    }
  });
});
