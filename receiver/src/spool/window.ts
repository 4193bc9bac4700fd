/**
 * The requests that are known: one that comes again is answered, not stored.
 *
 * In: digests of durable requests. Out: whether one is known. Memory only, bounded: two generations
 * of half the requests each; when the younger is full, or old and not small, the older is forgotten.
 */
import { WINDOW_MIN_REQUESTS } from "./limits.ts";

/** A set of digests that forgets the oldest. */
export class RequestWindow {
  readonly #halfMax: number;
  readonly #ageMaxMs: number;
  #young: Map<string, number> = new Map();
  #old: Map<string, number> = new Map();
  #youngSinceMs = 0;

  /**
   * @param requestsMax most requests that are known
   * @param ageMaxMs longest life of a generation, in milliseconds
   */
  constructor(requestsMax: number, ageMaxMs: number) {
    this.#halfMax = Math.max(1, Math.floor(requestsMax / 2));
    this.#ageMaxMs = ageMaxMs;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** How many spans of the request had been refused; undefined when it is not known. */
  rejectedOf(digest: Uint8Array): number | undefined {
    const key = keyOf(digest);
    return this.#young.get(key) ?? this.#old.get(key);
  }

  add(digest: Uint8Array, rejected: number, nowMs: number): void {
    if (this.#young.size === 0) this.#youngSinceMs = nowMs;
    const isOver =
      this.#young.size >= WINDOW_MIN_REQUESTS && nowMs - this.#youngSinceMs > this.#ageMaxMs / 2;
    if (this.#young.size >= this.#halfMax || isOver) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngSinceMs = nowMs;
    }
    this.#young.set(keyOf(digest), rejected);
  }
}

/** One character per byte: half the memory of hex. */
export function keyOf(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.byteLength).toString("latin1");
}
