/**
 * Puts a gRPC message together as its pieces come.
 *
 * In: the data of a call. Out: its messages, each behind its head of five bytes, in memory that nothing
 * else lies in. Side effect: collects V8's young generation when much has come.
 *
 * grpc-js keeps all pieces until the last one has come and then joins them, so a message of 60 MB is
 * there twice; and the pieces are old by then, for which V8 looks late. Here a piece is garbage at once.
 * The decoder of a call is no public part of it. Where there is none nothing is changed.
 */
import type { ServerInterceptingCallInterface } from "@grpc/grpc-js";
import { freeMemory } from "../base/free-memory.ts";
import type { YoungGarbage } from "../base/young-garbage.ts";

/** What stands before a message: whether it is compressed, and its size. */
export const MESSAGE_HEAD_BYTES = 5;

/** What grpc-js asks of a decoder. */
interface Decoder {
  write(data: Buffer): Buffer[];
}

/**
 * Join a call's messages here.
 *
 * @returns gives up what has come of a message that nobody waits for any more
 */
export function joinPieces(
  call: ServerInterceptingCallInterface,
  sizeMaxBytes: number,
  pieces: YoungGarbage,
): () => void {
  const own = call as { decoder?: Decoder };
  if (own.decoder === undefined) return () => undefined;
  const decoder = new MessageDecoder(sizeMaxBytes, pieces);
  own.decoder = decoder;
  return () => decoder.discard();
}

/** See the module comment. */
export class MessageDecoder implements Decoder {
  readonly #sizeMaxBytes: number;
  readonly #pieces: YoungGarbage;
  readonly #head: Buffer = Buffer.alloc(MESSAGE_HEAD_BYTES);
  #message: Buffer | undefined;
  /** Of the head, and then of the message with its head. */
  #filledBytes = 0;

  constructor(sizeMaxBytes: number, pieces: YoungGarbage) {
    this.#sizeMaxBytes = sizeMaxBytes;
    this.#pieces = pieces;
  }

  /**
   * Take what has come.
   *
   * @returns the messages that are complete now
   * @throws {RangeError} when one is too large, which grpc-js answers with RESOURCE_EXHAUSTED
   */
  write(data: Buffer): Buffer[] {
    const complete: Buffer[] = [];
    let at = 0;
    while (at < data.length) {
      at += this.#fill(this.#message ?? this.#head, data, at);
      if (this.#message === undefined && this.#filledBytes === MESSAGE_HEAD_BYTES) this.#begin();
      if (this.#message === undefined || this.#filledBytes < this.#message.length) continue;
      complete.push(this.#message);
      this.#message = undefined;
      this.#filledBytes = 0;
    }
    this.#pieces.note(data.length);
    return complete;
  }

  /** Nothing of the message at hand is wanted. */
  discard(): void {
    if (this.#message !== undefined) freeMemory(this.#message);
    this.#message = undefined;
    this.#filledBytes = 0;
  }

  #fill(target: Buffer, data: Buffer, at: number): number {
    const copiedBytes = data.copy(target, this.#filledBytes, at);
    this.#filledBytes += copiedBytes;
    return copiedBytes;
  }

  #begin(): void {
    const sizeBytes = this.#head.readUInt32BE(1);
    if (sizeBytes > this.#sizeMaxBytes) {
      throw new RangeError(
        `the message takes ${sizeBytes} bytes, more than ${this.#sizeMaxBytes}; send smaller batches`,
      );
    }
    // What of it nothing has come for is not resident.
    this.#message = Buffer.allocUnsafe(MESSAGE_HEAD_BYTES + sizeBytes);
    this.#head.copy(this.#message);
  }
}
