/**
 * Whose body is read next: a number of bodies that may arrive at once, and the bytes held by all.
 *
 * In: requests that ask for their turn, with the bytes expected of them. Out: a call when it is
 * theirs, first come first served. Side effect: its own lists only.
 *
 * A request that waits is not read, and flow control stops its client: so the memory for bodies
 * grows neither with the number of connections nor while the disk is slow.
 */
import type { ByteBudget } from "./byte-budget.ts";
import { READ_AHEAD_MAX_BYTES } from "./limits.ts";

interface Asked {
  readonly expectBytes: () => number;
  readonly onGranted: (expectedBytes: number) => void;
}

/** See the module comment. */
export class Turns {
  readonly #budget: ByteBudget;
  readonly #readAheadBytes: number;
  readonly #waiting = new Set<Asked>();
  #free: number;
  /** Of the bodies that are arriving. */
  #expectedBytes = 0;

  /**
   * @param count bodies that arrive at once
   * @param budget what has arrived, until it is given back
   */
  constructor(count: number, budget: ByteBudget, readAheadBytes: number = READ_AHEAD_MAX_BYTES) {
    this.#free = count;
    this.#budget = budget;
    this.#readAheadBytes = readAheadBytes;
    budget.onGiven(() => this.#grant());
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Ask for a turn.
   *
   * @param expectBytes how large the body will be; asked when it is about to come
   * @param onGranted called once, at once where there is room
   * @returns ends the turn, once the body is in the budget, or the waiting; a second call does nothing
   */
  acquire(expectBytes: () => number, onGranted: () => void): () => void {
    let state: "waiting" | "held" | "ended" = "waiting";
    let heldBytes = 0;
    const asked: Asked = {
      expectBytes,
      onGranted: (expectedBytes) => {
        state = "held";
        heldBytes = expectedBytes;
        onGranted();
      },
    };
    this.#waiting.add(asked);
    this.#grant();
    return () => {
      const before = state;
      state = "ended";
      if (before === "waiting") this.#waiting.delete(asked);
      if (before === "held") {
        this.#free += 1;
        this.#expectedBytes -= heldBytes;
      }
      if (before !== "ended") this.#grant();
    };
  }

  #grant(): void {
    for (const asked of this.#waiting) {
      const expectedBytes = asked.expectBytes();
      if (!this.#hasRoom(expectedBytes)) return;
      this.#waiting.delete(asked);
      this.#free -= 1;
      this.#expectedBytes += expectedBytes;
      asked.onGranted(expectedBytes);
    }
  }

  #hasRoom(expectedBytes: number): boolean {
    if (this.#free === 0) return false;
    const heldBytes = this.#budget.usedBytes + this.#expectedBytes;
    return heldBytes === 0 || heldBytes + expectedBytes <= this.#readAheadBytes;
  }
}
