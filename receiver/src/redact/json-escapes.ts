/**
 * The escapes of one string of JSON, where all are plain ones.
 *
 * In: a string as it is written, without its quotes. Out: what is known of the written string for
 * the string it means, and the way back, so that neither the search for suspicious places nor the
 * writing of a string of 9 KB has to start over because of a line break. Pure.
 */

import { Edits } from "./edits.ts";
import { Places } from "./places.ts";

/**
 * Line breaks, tabs, quotes and backslashes, which are nearly all escapes there are: the prefilter
 * sees in the written string at least what it sees in the one that is meant.
 */
const PLAIN: ReadonlySet<string> = new Set(["n", "r", "t", '"', "\\"]);

/** Most escapes side by side: `keyBefore` reads 15 backslashes before a quote. */
const RUN_MAX = 7;

/** See the module comment. */
export class Escapes {
  /** Places of their backslashes. */
  readonly #at: readonly number[];

  constructor(at: readonly number[]) {
    this.#at = at;
  }

  /** The suspicious places of the string that is meant, from those of the written one. */
  placesIn(written: Places): Places {
    if (this.#at.length === 0) return written;
    const meant = new Places();
    let escapes = 0;
    for (const [n, at] of written.at.entries()) {
      while ((this.#at[escapes] as number) < at) escapes++;
      meant.add(at - escapes, written.masks[n] as number);
    }
    return meant;
  }

  /** Edits of the string that is meant, as edits of the written one. */
  editsOut(meant: Edits): Edits {
    const written = new Edits();
    let escapes = 0;
    const moved = (place: number): number => {
      while ((this.#at[escapes] as number) - escapes < place) escapes++;
      return place + escapes;
    };
    for (let n = 0; n < meant.size; n++) {
      const start = moved(meant.startOf(n));
      const end = moved(meant.endOf(n));
      written.add(start, end, JSON.stringify(meant.textOf(n)).slice(1, -1));
    }
    return written;
  }
}

/** Of a string without escapes. */
export const NO_ESCAPES: Escapes = new Escapes([]);

/** The escapes of a written string, or undefined where one is not plain. */
export function plainEscapes(written: string): Escapes | undefined {
  const found: number[] = [];
  let run = 0;
  for (let at = written.indexOf("\\"); at !== -1; at = written.indexOf("\\", at + 2)) {
    run = found.at(-1) === at - 2 ? run + 1 : 1;
    if (run > RUN_MAX || !PLAIN.has(written.charAt(at + 1))) return undefined;
    found.push(at);
  }
  return new Escapes(found);
}
