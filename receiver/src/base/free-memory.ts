/**
 * Gives the memory of a buffer back at once.
 *
 * In: bytes that nobody needs any more. Out: nothing. Side effect: the bytes are gone, if their memory
 * is theirs alone; whoever still has them sees none.
 *
 * The garbage collector would come for it too, but it looks at objects, of which requests make few,
 * and not at the hundred megabytes a second that lie behind them.
 */

/** Smaller buffers may lie in a pool, in bytes; they are not worth the call either. */
const SIZE_MIN_BYTES = 16_384;

/** What may stand before the bytes in memory that is theirs alone: the head of a gRPC message. */
const HEAD_SIZE_MAX_BYTES = 5;

/** See the module comment. */
export function freeMemory(bytes: Uint8Array): void {
  const { buffer, byteOffset, byteLength } = bytes;
  const isAlone =
    byteOffset <= HEAD_SIZE_MAX_BYTES && byteOffset + byteLength === buffer.byteLength;
  if (isAlone && byteLength >= SIZE_MIN_BYTES && buffer instanceof ArrayBuffer) buffer.transfer(0);
}
