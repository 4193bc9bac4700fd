/**
 * Goal: the checksum is CRC-32C. Method: the vectors of RFC 3720, B.4, and its definition bit by bit.
 */
import { describe, expect, test } from "vitest";
import { crc32c } from "./crc32c.ts";
import { CRC32C_BUILDS, createFastUpdate } from "./crc32c-fast.ts";
import { updateByTables } from "./crc32c-tables.ts";

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

  test("agrees with the definition beyond the size from which it is made by WebAssembly", () => {
    const data = Uint8Array.from({ length: 700 }, (_, index) => (index * 197 + 5) & 0xff);
    for (let end = 505; end <= data.length; end += 1) {
      expect(crc32c(data, end % 7, end)).toBe(byDefinition(data.subarray(end % 7, end)));
    }
  });
});

describe.each([
  ["with relaxed instructions", 0],
  ["without relaxed instructions", 1],
])("WebAssembly %s", (_title, build) => {
  const update = createFastUpdate(CRC32C_BUILDS.slice(build, build + 1)) ?? updateByTables;

  test("is known to this engine", () => {
    expect(update).not.toBe(updateByTables);
  });

  test("agrees with the tables at every length up to 200, from any register", () => {
    const data = Uint8Array.from({ length: 200 }, (_, index) => (index * 101 + 77) & 0xff);
    for (let end = 0; end <= data.length; end += 1) {
      const register = Math.imul(end + 1, 0x9e37_79b9);
      expect(update(register, data, 0, end)).toBe(updateByTables(register, data, 0, end));
    }
  });

  // 6,144: folded alone up to there. 19,776: pieces of 16,384, the last with up to 3,392 more.
  const limits = [3_392, 6_144, 8_192, 16_384, 19_776, 32_768, 36_160, 65_536, 68_928, 140_000];

  test.each(limits)("agrees with the tables on both sides of %d bytes", (limit) => {
    const data = Uint8Array.from({ length: limit + 131 }, (_, index) => (index * index) >>> 3);
    for (const end of [-65, -64, -63, -1, 0, 1, 63, 64, 65, 128].map((more) => limit + more)) {
      const register = Math.imul(end, 0x9e37_79b9);
      expect(update(register, data, 0, end)).toBe(updateByTables(register, data, 0, end));
      expect(update(-1, data, 3, end + 3)).toBe(updateByTables(-1, data, 3, end + 3));
    }
  });

  test("counts every byte of a long text", () => {
    const data = Uint8Array.from({ length: 24_000 }, (_, index) => (index * 89) >>> 2);
    const whole = update(-1, data, 0, data.length);
    for (let at = 0; at < data.length; at += 1) {
      data[at] = (data[at] as number) ^ (1 << (at & 7));
      if (update(-1, data, 0, data.length) === whole) throw new Error(`byte ${at} is not counted`);
      data[at] = (data[at] as number) ^ (1 << (at & 7));
    }
    expect(update(-1, data, 0, data.length)).toBe(updateByTables(-1, data, 0, data.length));
  });

  test("agrees with the tables at lengths and places by chance", () => {
    const data = new Uint8Array(200_000);
    let seed = 0x1234_5678;
    const next = (): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return seed;
    };
    for (let at = 0; at < data.length; at += 1) data[at] = next() >>> 24;
    for (let round = 0; round < 300; round += 1) {
      const start = (next() >>> 8) % 1_000;
      const end = start + ((next() >>> 8) % (round % 3 === 0 ? 199_000 : 24_000));
      const register = next() | 0;
      expect(update(register, data, start, end)).toBe(updateByTables(register, data, start, end));
    }
  });
});
