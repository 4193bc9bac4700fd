/**
 * Goal: memory of columns is used again, and given back where a seldom request made it large.
 * Method: both sides of the limit; which memory is used afterwards.
 */
import { expect, test } from "vitest";
import { CONTENT_KEPT_MAX_BYTES, GrowingBytes, RowReader } from "./bytes.ts";

function filled(sizeBytes: number): GrowingBytes {
  const reader = new RowReader();
  reader.open(new Uint8Array(1).fill(7));
  const bytes = new GrowingBytes();
  bytes.append(reader, 0, 1);
  bytes.repeat(0, sizeBytes - 1);
  return bytes;
}

test("memory of an ordinary size is used again", () => {
  const bytes = filled(CONTENT_KEPT_MAX_BYTES);
  const { buffer } = bytes.bytes;
  bytes.clear();
  expect([bytes.size, bytes.bytes.buffer]).toEqual([0, buffer]);
});

test("larger memory is given back at once, and the next content is whole", () => {
  const bytes = filled(CONTENT_KEPT_MAX_BYTES + 1);
  const large = bytes.taken();
  bytes.clear();
  expect([large.length, bytes.size]).toEqual([0, 0]);
  bytes.uint64(5);
  expect([bytes.uint64At(0), bytes.size]).toEqual([5, 8]);
});
