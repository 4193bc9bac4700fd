/**
 * What waits in memory for the disk, and the requests that wait because it is too much.
 *
 * In: bytes that come and go. Out: whether there is room, and a promise for the next change. No I/O.
 */
import { PENDING_MAX_BYTES } from "./limits.ts";

export class DiskQueue {
  readonly #unsealedMaxBytes: number;
  readonly #unsealed = new Set<{ readonly sizeBytes: number }>();
  #pendingBytes = 0;
  #waiters: (() => void)[] = [];

  /** @param unsealedMaxBytes memory of batches that are closed and not sealed yet */
  constructor(unsealedMaxBytes: number) {
    this.#unsealedMaxBytes = unsealedMaxBytes;
  }

  /** @param openBytes memory of the batch that is still open */
  isFull(openBytes: number): boolean {
    let sumBytes = openBytes;
    for (const { sizeBytes } of this.#unsealed) sumBytes += sizeBytes;
    const isBehind = sumBytes > openBytes && sumBytes > this.#unsealedMaxBytes;
    return isBehind || this.#pendingBytes > PENDING_MAX_BYTES;
  }

  /** Resolves when something has changed; whoever waited looks again. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Hold bytes until they are needed no more, in whichever way that ends. */
  async untilKept(sizeBytes: number, work: Promise<void>): Promise<void> {
    this.#pendingBytes += sizeBytes;
    try {
      await work;
    } finally {
      this.#pendingBytes -= sizeBytes;
      this.#resume();
    }
  }

  /** Hold a batch's memory until it is sealed. */
  async untilSealed(memory: { readonly sizeBytes: number }, sealed: Promise<void>): Promise<void> {
    this.#unsealed.add(memory);
    await sealed;
    this.#unsealed.delete(memory);
    this.#resume();
  }

  #resume(): void {
    for (const resume of this.#waiters.splice(0)) resume();
  }
}
