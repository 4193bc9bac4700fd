/**
 * Seeded randomness for tests. The seed is the whole state: the same seed, the same run.
 */

/** A stream of choices. */
export interface Random {
  /** An integer from 0 to `below` - 1. */
  int(below: number): number;
  /** Whether an event happens that happens once in so many times. */
  oneIn(times: number): boolean;
  pick<T>(items: readonly T[]): T;
}

/** Mulberry32: small, seeded, good enough to pick bytes. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const int = (below: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
  return {
    int,
    oneIn: (times) => int(times) === 0,
    pick: (items) => items[int(items.length)] as (typeof items)[number],
  };
}
