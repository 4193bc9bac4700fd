/**
 * A number of places, and those who wait for one, first come first served.
 *
 * In: who wants a place. Out: a call when it is theirs. Side effect: its own lists only.
 */

/** See the module comment. */
export class Slots {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Ask for a place.
   *
   * @param onGranted called once, at once where a place is free
   * @returns gives the place back, or up waiting for it; a second call does nothing
   */
  acquire(onGranted: () => void): () => void {
    let state: "waiting" | "held" | "released" = "waiting";
    const grant = (): void => {
      state = "held";
      this.#free -= 1;
      onGranted();
    };
    if (this.#free > 0) grant();
    else this.#waiting.add(grant);
    return () => {
      if (state === "waiting") this.#waiting.delete(grant);
      if (state === "held") this.#release();
      state = "released";
    };
  }

  #release(): void {
    this.#free += 1;
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    next();
  }
}
