/**
 * Leaf hashing for the ledger (RFC 6962, section 2.1).
 *
 * In: the rows of one table as RowBinary, which is their canonical form. Out: 32 bytes a row.
 * No clock, no I/O; see {@link leafHashes} for the one byte that is borrowed while it runs.
 */
import { hash } from "node:crypto";
import type { EncodedRows } from "../base/batch.ts";

/** Size of a leaf, in bytes: SHA-256. */
export const LEAF_SIZE_BYTES = 32;

/** What stands before a leaf's data, so that no leaf can be taken for an inner node. */
const LEAF_PREFIX = 0;

/**
 * Hash every row into its leaf: SHA-256(0x00 ‖ row).
 *
 * The prefix is not copied before each row: the byte in front of a row is overwritten by it while
 * that row is hashed and then put back. A row without a byte in front of it is copied once.
 *
 * @param rows hashed row by row; the same bytes afterwards
 * @returns 32 bytes a row, in the order of the rows; owned by the caller
 */
export function leafHashes(rows: EncodedRows): Buffer {
  const { bytes, rowEnds } = rows;
  // From one byte before the rows, where the encoder left room.
  const hasRoom = bytes.byteOffset > 0;
  const framed = hasRoom
    ? new Uint8Array(bytes.buffer, bytes.byteOffset - 1, bytes.byteLength + 1)
    : new Uint8Array(Buffer.concat([Buffer.alloc(1), bytes]));
  // Measured against hex, base64, a buffer and createHash: a one-byte string is the cheapest way back
  // from the native side, and one write of all of them cheaper than one for each.
  let digests = "";
  let start = 0;
  for (let row = 0; row < rowEnds.length; row += 1) {
    const end = rowEnds[row] as number;
    const borrowed = framed[start] as number;
    framed[start] = LEAF_PREFIX;
    digests += hash("sha256", framed.subarray(start, end + 1), "binary");
    framed[start] = borrowed;
    start = end;
  }
  return Buffer.from(digests, "binary");
}
