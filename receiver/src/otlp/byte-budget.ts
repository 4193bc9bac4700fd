/**
 * The memory that requests may hold together.
 *
 * In: bytes taken and given back. Out: whether there was room, and a call when there is more. Side
 * effect: its own count only.
 */

/** Counts bytes against a limit; one object is shared by all servers of a process. */
export class ByteBudget {
  readonly limitBytes: number;
  readonly #onGiven: (() => void)[] = [];
  #usedBytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** Bytes held right now. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Take room for so many bytes; false, and nothing taken, when there is not enough. */
  tryTake(sizeBytes: number): boolean {
    if (this.#usedBytes + sizeBytes > this.limitBytes) return false;
    this.#usedBytes += sizeBytes;
    return true;
  }

  /** Give back what was taken. */
  give(sizeBytes: number): void {
    this.#usedBytes -= sizeBytes;
    for (const tell of this.#onGiven) tell();
  }

  /** Be told, for good, whenever something was given back. */
  onGiven(tell: () => void): void {
    this.#onGiven.push(tell);
  }
}
