/**
 * Goal: a leaf is what RFC 6962 says, whatever lies around the row, and the rows stay as they were.
 * Method: leaves computed apart with the prefix copied in front; known answers of the RFC's tests.
 */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { LEAF_SIZE_BYTES, leafHashes } from "./leaf.ts";

function plainLeaf(row: Uint8Array): string {
  return createHash("sha256").update(Buffer.alloc(1)).update(row).digest("hex");
}

function leavesOf(bytes: Uint8Array, rowEnds: readonly number[]): string[] {
  const leaves = Buffer.from(leafHashes({ bytes, rowEnds: Uint32Array.from(rowEnds) }));
  return rowEnds.map((_, row) =>
    leaves.toString("hex", row * LEAF_SIZE_BYTES, (row + 1) * LEAF_SIZE_BYTES),
  );
}

test("the leaf of an empty row is the hash of one zero byte", () => {
  expect(leavesOf(new Uint8Array(0), [0])).toEqual([
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  ]);
});

test.each([0, 1, 7])("rows that start %i bytes into their memory have the same leaves", (room) => {
  const memory = new Uint8Array(room + 10).fill(0xee);
  const bytes = memory.subarray(room);
  bytes.set([1, 2, 3, 0, 0, 0, 7, 8, 9, 255]);
  const before = Buffer.from(memory).toString("hex");
  expect(leavesOf(bytes, [3, 3, 9, 10])).toEqual([
    plainLeaf(bytes.subarray(0, 3)),
    plainLeaf(new Uint8Array(0)),
    plainLeaf(bytes.subarray(3, 9)),
    plainLeaf(bytes.subarray(9)),
  ]);
  expect(Buffer.from(memory).toString("hex")).toBe(before);
});

test("no rows have no leaves", () => {
  expect(leafHashes({ bytes: new Uint8Array(0), rowEnds: new Uint32Array(0) })).toHaveLength(0);
});
