/**
 * CRC-32C (Castagnoli, RFC 3720 appendix B.4), which storage formats use; `node:zlib` has only CRC-32.
 *
 * In: bytes. Out: their checksum. Pure. By WebAssembly where the engine knows its instructions.
 */
import { createFastUpdate } from "./crc32c-fast.ts";
import { updateByTables } from "./crc32c-tables.ts";

/** Up to this size the tables are as quick, in bytes (measured). */
const TABLES_SIZE_MAX_BYTES = 512;

const updateFast: typeof updateByTables = createFastUpdate() ?? updateByTables;

/**
 * Checksum of bytes.
 *
 * @param start first byte, 0 to the length
 * @returns 0 to 2^32 - 1
 */
export function crc32c(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  const update = end - start > TABLES_SIZE_MAX_BYTES ? updateFast : updateByTables;
  return ~update(-1, bytes, start, end) >>> 0;
}

/** Checksum of pieces, as if they stood one after another. */
export function crc32cOf(pieces: readonly Uint8Array[]): number {
  let register = -1;
  for (const piece of pieces) {
    const update = piece.length > TABLES_SIZE_MAX_BYTES ? updateFast : updateByTables;
    register = update(register, piece, 0, piece.length);
  }
  return ~register >>> 0;
}
