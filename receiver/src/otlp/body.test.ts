/**
 * Goal: a body is read whole or refused for the right reason, and the budget is always even.
 * Method: streams in memory, real zlib, small limits, both sides of each.
 */
import { PassThrough, Readable } from "node:stream";
import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { ownMemory } from "../base/free-memory.ts";
import { type BodyLimits, chooseEncoding, readBody } from "./body.ts";
import { ByteBudget } from "./byte-budget.ts";
import {
  CHUNKS_MAX_BYTES,
  GATHER_FACTOR,
  ZSTD_CONCURRENT_MAX,
  ZSTD_WINDOW_LOG_MAX,
} from "./limits.ts";

const SIZE_MAX_BYTES = 1_000;
const MEGABYTE = 1_000_000;

function limits(changes: Partial<BodyLimits> = {}): BodyLimits {
  const budget = new ByteBudget(10 * SIZE_MAX_BYTES);
  return { sizeMaxBytes: SIZE_MAX_BYTES, timeoutMs: 5_000, budget, ...changes };
}

function chunks(body: Buffer, sizeBytes: number): Readable {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += sizeBytes) parts.push(body.subarray(at, at + sizeBytes));
  return Readable.from(parts);
}

/** A frame of one uncompressed block that asks for a window (RFC 8878, section 3.1.1). */
function zstdWithWindow(body: Buffer, windowLog: number): Buffer {
  const head = Buffer.from("28b52ffd00000000", "hex");
  head.writeUInt8((windowLog - 10) << 3, 5);
  const block = Buffer.alloc(3);
  block.writeUIntLE((body.length << 3) | 1, 0, 3);
  return Buffer.concat([head.subarray(0, 6), block, body]);
}

const FULL = Buffer.alloc(SIZE_MAX_BYTES, "ab");

test.each<[string, string | undefined, Buffer]>([
  ["as it is", undefined, FULL],
  ["as identity", "Identity", FULL],
  ["gzipped", " GZIP ", gzipSync(FULL)],
  [
    "gzipped in two members",
    "gzip",
    Buffer.concat([gzipSync(FULL.subarray(500)), gzipSync(FULL.subarray(0, 500))]),
  ],
  ["gzipped, by its older name", "x-gzip", gzipSync(FULL)],
  ["deflated", "deflate", deflateSync(FULL)],
  ["deflated, by the Collector's name", "zlib", deflateSync(FULL)],
  ["as zstd", "zstd", zstdCompressSync(FULL)],
])(
  "a body of exactly the limit, sent %s in small chunks, is read",
  async (_title, encoding, sent) => {
    const given = limits();
    const body = await readBody(chunks(sent, 7), chooseEncoding(encoding), given);
    expect(body).toEqual(FULL);
    expect(given.budget.usedBytes).toBe(FULL.length);
  },
);

test.each([
  ["as it is", undefined, (body: Buffer) => body],
  ["gzipped", "gzip", gzipSync],
  ["as zstd", "zstd", zstdCompressSync],
])(
  "a large body of unknown size, sent %s, is whole, in memory of its own",
  async (_, encoding, compress) => {
    const sizes = [CHUNKS_MAX_BYTES, CHUNKS_MAX_BYTES + 1, (GATHER_FACTOR + 1) * CHUNKS_MAX_BYTES];
    for (const sizeBytes of sizes) {
      const body = Buffer.alloc(sizeBytes);
      for (let at = 0; at + 4 <= sizeBytes; at += 1_000) body.writeUInt32LE(at, at);
      const budget = new ByteBudget(2 * sizeBytes);
      const given = limits({ sizeMaxBytes: sizeBytes, budget });
      const read = await readBody(chunks(compress(body), 65_536), chooseEncoding(encoding), given);
      expect(read.equals(body)).toBe(true);
      expect(budget.usedBytes).toBe(sizeBytes);
      expect(ownMemory(read)).toBe(read.buffer);
    }
  },
);

test("an empty body is read as no bytes", async () => {
  expect(await readBody(Readable.from([]), undefined, limits())).toHaveLength(0);
});

const BOMB = gzipSync(Buffer.alloc(10 * MEGABYTE));

test.each<[string, string | undefined, Buffer, string]>([
  ["one byte too many", undefined, Buffer.alloc(SIZE_MAX_BYTES + 1), "OTLP_BODY_TOO_LARGE"],
  [
    "a byte too many after gzip",
    "gzip",
    gzipSync(Buffer.alloc(SIZE_MAX_BYTES + 1)),
    "OTLP_BODY_TOO_LARGE",
  ],
  ["a gzip bomb", "gzip", BOMB, "OTLP_BODY_TOO_LARGE"],
  ["a deflate bomb", "deflate", deflateSync(Buffer.alloc(10 * MEGABYTE)), "OTLP_BODY_TOO_LARGE"],
  ["a zstd bomb", "zstd", zstdCompressSync(Buffer.alloc(10 * MEGABYTE)), "OTLP_BODY_TOO_LARGE"],
  [
    "a byte too many after zstd",
    "zstd",
    zstdCompressSync(Buffer.alloc(SIZE_MAX_BYTES + 1)),
    "OTLP_BODY_TOO_LARGE",
  ],
  [
    "zstd with a window that is too large",
    "zstd",
    zstdWithWindow(Buffer.from("text"), ZSTD_WINDOW_LOG_MAX + 1),
    "OTLP_BAD_COMPRESSION",
  ],
  ["text said to be zstd", "zstd", Buffer.from("hello"), "OTLP_BAD_COMPRESSION"],
  ["nothing said to be zstd", "zstd", Buffer.alloc(0), "OTLP_BAD_COMPRESSION"],
  ["zstd cut short", "zstd", zstdCompressSync(FULL).subarray(0, -2), "OTLP_BAD_COMPRESSION"],
  [
    "a second zstd frame",
    "zstd",
    Buffer.concat([zstdCompressSync(FULL), zstdCompressSync(FULL)]),
    "OTLP_BAD_COMPRESSION",
  ],
  [
    "a zstd frame after a skippable one",
    "zstd",
    Buffer.concat([Buffer.from("502a4d180100000000", "hex"), zstdCompressSync(FULL)]),
    "OTLP_BAD_COMPRESSION",
  ],
  [
    "a second deflate stream",
    "deflate",
    Buffer.concat([deflateSync(FULL), deflateSync(FULL)]),
    "OTLP_BAD_COMPRESSION",
  ],
  ["deflate without its zlib frame", "deflate", deflateRawSync(FULL), "OTLP_BAD_COMPRESSION"],
  ["deflate cut short", "deflate", deflateSync(FULL).subarray(0, -2), "OTLP_BAD_COMPRESSION"],
  ["text said to be gzip", "gzip", Buffer.from("hello"), "OTLP_BAD_COMPRESSION"],
  ["nothing said to be gzip", "gzip", Buffer.alloc(0), "OTLP_BAD_COMPRESSION"],
  ["gzip cut short", "gzip", gzipSync(FULL).subarray(0, -4), "OTLP_BAD_COMPRESSION"],
  [
    "gzip with a wrong checksum",
    "gzip",
    Buffer.concat([gzipSync(FULL).subarray(0, -8), Buffer.alloc(8)]),
    "OTLP_BAD_COMPRESSION",
  ],
])("%s is refused and leaves the budget even", async (_title, encoding, sent, code) => {
  const given = limits();
  const reading = readBody(chunks(sent, 64), chooseEncoding(encoding), given);
  await expect(reading).rejects.toMatchObject({ code, retryable: false });
  expect(given.budget.usedBytes).toBe(0);
});

test("a full budget refuses with a retryable error and keeps what others hold", async () => {
  const budget = new ByteBudget(1_500);
  budget.tryTake(501);
  const reading = readBody(chunks(FULL, 100), undefined, limits({ budget }));
  await expect(reading).rejects.toMatchObject({ code: "OTLP_OVERLOADED", retryable: true });
  expect(budget.usedBytes).toBe(501);
});

test("a body that never ends is refused after the time limit, retryably", async () => {
  const given = limits({ timeoutMs: 1 });
  const source = new PassThrough();
  source.write("a");
  const reading = readBody(source, undefined, given);
  await expect(reading).rejects.toMatchObject({ code: "OTLP_RECEIVE_TIMEOUT", retryable: true });
  expect(given.budget.usedBytes).toBe(0);
});

test("a body that is cut off is refused", async () => {
  const given = limits();
  const source = new PassThrough();
  source.write("a");
  const reading = readBody(source, undefined, given);
  source.destroy();
  await expect(reading).rejects.toMatchObject({ code: "OTLP_ABORTED" });
  expect(given.budget.usedBytes).toBe(0);
});

test.each(["br", "gzip, gzip", "compress", "constructor"])("encoding %s is refused", (encoding) => {
  expect(() => chooseEncoding(encoding)).toThrow(
    expect.objectContaining({ code: "OTLP_UNSUPPORTED_ENCODING", httpStatus: 415 }),
  );
});

test("zstd with the largest window that is taken is read", async () => {
  const sent = zstdWithWindow(Buffer.from("text"), ZSTD_WINDOW_LOG_MAX);
  const body = await readBody(chunks(sent, 7), chooseEncoding("zstd"), limits());
  expect(body.toString()).toBe("text");
});

test("more zstd bodies than may be decompressed at once are all read", async () => {
  const given = limits();
  const reading = Array.from({ length: 3 * ZSTD_CONCURRENT_MAX }, () =>
    readBody(chunks(zstdCompressSync(FULL), 7), chooseEncoding("zstd"), {
      ...given,
      budget: new ByteBudget(10 * SIZE_MAX_BYTES),
    }),
  );
  expect(await Promise.all(reading)).toEqual(Array(reading.length).fill(FULL));
});

test("a zstd body counts twice while it is decompressed, and once after", async () => {
  const sent = zstdCompressSync(FULL);
  const budget = new ByteBudget(sent.length + FULL.length - 1);
  const reading = readBody(chunks(sent, 64), chooseEncoding("zstd"), limits({ budget }));
  await expect(reading).rejects.toMatchObject({ code: "OTLP_OVERLOADED" });
  expect(budget.usedBytes).toBe(0);
});

test("a body that others wait for has less time to arrive", async () => {
  const ended: string[] = [];
  const read = (name: string, isAwaited: boolean): Promise<number> =>
    readBody(new PassThrough(), undefined, limits({ timeoutMs: 80, isAwaited: () => isAwaited }))
      .catch((error: unknown) => expect(error).toMatchObject({ code: "OTLP_RECEIVE_TIMEOUT" }))
      .then(() => ended.push(name));
  await Promise.all([read("alone", false), read("awaited", true)]);
  expect(ended).toEqual(["awaited", "alone"]);
});
