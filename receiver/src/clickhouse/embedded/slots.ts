/**
 * A bounded number of places for queries, and a bounded queue before them.
 *
 * In: requests for a place, each with a signal. Out: a function that gives the place back. First
 * come, first served.
 */
import { exception } from "./exceptions.ts";

interface Waiter {
  readonly admit: () => void;
}

export class Slots {
  readonly #placesMax: number;
  readonly #waitingMax: number;
  readonly #waiting = new Set<Waiter>();
  #taken = 0;

  constructor(placesMax: number, waitingMax: number) {
    this.#placesMax = placesMax;
    this.#waitingMax = waitingMax;
  }

  /** Places taken now. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * Wait for a place.
   *
   * @throws {Exception} 202 when too many wait already, 394 when the signal aborts first
   */
  async take(signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) throw exception("QUERY_WAS_CANCELLED", "Query was cancelled");
    if (this.#taken < this.#placesMax) this.#taken += 1;
    else await this.#wait(signal);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#giveBack();
    };
  }

  #wait(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= this.#waitingMax) {
      throw exception(
        "TOO_MANY_SIMULTANEOUS_QUERIES",
        `Too many simultaneous queries. Maximum: ${this.#placesMax} running, ${this.#waitingMax} waiting`,
      );
    }
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.delete(waiter);
        reject(exception("QUERY_WAS_CANCELLED", "Query was cancelled"));
      };
      const waiter: Waiter = {
        admit: () => {
          signal.removeEventListener("abort", abort);
          resolve();
        },
      };
      signal.addEventListener("abort", abort, { once: true });
      this.#waiting.add(waiter);
    });
  }

  /** The place goes to the first who waits, so it stays taken. */
  #giveBack(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#taken -= 1;
      return;
    }
    this.#waiting.delete(next);
    next.admit();
  }
}
