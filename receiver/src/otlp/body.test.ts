/**
 * Goal: a body is read whole or refused for the right reason, and the budget is always even.
 * Method: streams in memory, real zlib, small limits, both sides of each.
 */
import { PassThrough, Readable } from "node:stream";
import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { type BodyLimits, chooseDecompressor, readBody } from "./body.ts";
import { ByteBudget } from "./byte-budget.ts";

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
  ["deflated", "deflate", deflateSync(FULL)],
  ["as zstd", "zstd", zstdCompressSync(FULL)],
])(
  "a body of exactly the limit, sent %s in small chunks, is read",
  async (_title, encoding, sent) => {
    const given = limits();
    const body = await readBody(chunks(sent, 7), chooseDecompressor(encoding), given);
    expect(body).toEqual(FULL);
    expect(given.budget.usedBytes).toBe(FULL.length);
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
  ["a zstd bomb", "zstd", zstdCompressSync(Buffer.alloc(10 * MEGABYTE)), "OTLP_BODY_TOO_LARGE"],
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
  const reading = readBody(chunks(sent, 64), chooseDecompressor(encoding), given);
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
  expect(() => chooseDecompressor(encoding)).toThrow(
    expect.objectContaining({ code: "OTLP_UNSUPPORTED_ENCODING", httpStatus: 415 }),
  );
});
