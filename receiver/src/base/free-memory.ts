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

/** Memory that is larger than the bytes at its front, behind which nothing lies. */
const roomy = new WeakSet<ArrayBuffer>();

/** Say of bytes at the front of larger memory that nobody uses the rest of it. */
export function claimMemory(bytes: Uint8Array): void {
  if (bytes.buffer instanceof ArrayBuffer) roomy.add(bytes.buffer);
}

/** The memory of bytes in which nothing else lies, as far as can be told. */
export function ownMemory({ buffer, byteOffset, byteLength }: Uint8Array): ArrayBuffer | undefined {
  if (!(buffer instanceof ArrayBuffer) || byteOffset > HEAD_SIZE_MAX_BYTES) return undefined;
  return byteOffset + byteLength === buffer.byteLength || roomy.has(buffer) ? buffer : undefined;
}

/** See the module comment. */
export function freeMemory(bytes: Uint8Array): void {
  if (bytes.byteLength >= SIZE_MIN_BYTES) ownMemory(bytes)?.transfer(0);
}
