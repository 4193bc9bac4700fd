/**
 * What waits in memory for the disk, and the requests that wait because it is too much.
 *
 * In: bytes that come and go. Out: whether there is room, and a promise for the next change. No I/O.
 */
import { PENDING_MAX_BYTES } from "./limits.ts";

export class DiskQueue {
  readonly #unsealedMaxBytes: number;
  #pendingBytes = 0;
  #unsealedBytes = 0;
  #waiters: (() => void)[] = [];

  /** @param unsealedMaxBytes memory of batches that are closed and not sealed yet */
  constructor(unsealedMaxBytes: number) {
    this.#unsealedMaxBytes = unsealedMaxBytes;
  }

  get isFull(): boolean {
    return this.#pendingBytes > PENDING_MAX_BYTES || this.#unsealedBytes > this.#unsealedMaxBytes;
  }

  /** Resolves when something has changed; whoever waited looks again. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Hold bytes until their commit has ended, either way. */
  async untilCommitted(sizeBytes: number, work: () => Promise<void>): Promise<void> {
    this.#pendingBytes += sizeBytes;
    try {
      await work();
    } finally {
      this.#pendingBytes -= sizeBytes;
      this.#resume();
    }
  }

  /** Hold a batch's memory until it is sealed. */
  async untilSealed(sizeBytes: number, sealed: Promise<void>): Promise<void> {
    this.#unsealedBytes += sizeBytes;
    await sealed;
    this.#unsealedBytes -= sizeBytes;
    this.#resume();
  }

  #resume(): void {
    for (const resume of this.#waiters.splice(0)) resume();
  }
}
