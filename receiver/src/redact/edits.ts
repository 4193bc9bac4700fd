/**
 * Replacements in one text, gathered and then made at once.
 *
 * In: ranges of the text in rising order, none of which meets another, and what replaces them. Out:
 * the new text, and its suspicious places without a look at all of it. Pure.
 */

import type { TextEdits } from "../base/field-redactor.ts";
import { Places } from "./places.ts";
import { prefilterRange } from "./prefilter.ts";
import { isToken } from "./token.ts";

/**
 * How far before and after a replacement a place can become suspicious by it, in characters: ahead
 * the prefilter reads a word (`-----BEGIN`), back a key of two words and what may follow it.
 */
const REACH_BEFORE = 16;
const REACH_AFTER = 192;

/** How far before a place the prefilter reads, in characters: two words of a key, and escapes. */
const READ_BEFORE = 192;

/** The same after a place: a token behind its kind. */
const READ_AFTER = 32;

/** See the module comment. */
export class Edits implements TextEdits {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #texts: string[] = [];

  add(start: number, end: number, text: string): void {
    this.#starts.push(start);
    this.#ends.push(end);
    this.#texts.push(text);
  }

  /** Those of a part of the text that starts at `from`. */
  addPart(part: Edits, from: number): void {
    for (let n = 0; n < part.#starts.length; n++) {
      this.add(
        from + (part.#starts[n] as number),
        from + (part.#ends[n] as number),
        part.textOf(n),
      );
    }
  }

  get size(): number {
    return this.#starts.length;
  }

  /** The end of the last range, 0 when there is none. */
  get lastEnd(): number {
    return this.#ends.at(-1) ?? 0;
  }

  startOf(n: number): number {
    return this.#starts[n] as number;
  }

  endOf(n: number): number {
    return this.#ends[n] as number;
  }

  textOf(n: number): string {
    return this.#texts[n] as string;
  }

  /** The new text. Joined from a list it is one piece of memory, which is read several times. */
  apply(text: string): string {
    const pieces: string[] = [];
    let last = 0;
    for (let n = 0; n < this.#starts.length; n++) {
      pieces.push(text.slice(last, this.#starts[n]), this.textOf(n));
      last = this.#ends[n] as number;
    }
    pieces.push(text.slice(last));
    return pieces.join("");
  }

  /**
   * The suspicious places of the new text: those of the old one outside of the replacements, and
   * those that a look at the replacements and their surroundings finds.
   *
   * @param places of the old text
   * @param out the new text
   */
  placesAfter(places: Places, out: string): Places {
    const kept = new Places();
    const found = new Places();
    let place = 0;
    let shift = 0;
    /** The range that is to be looked at: a run of digits must not be cut in two. */
    let from = 0;
    let to = 0;
    for (let n = 0; n < this.#starts.length; n++) {
      const start = this.#starts[n] as number;
      const end = this.#ends[n] as number;
      place = keep(kept, places, place, start, shift);
      while ((places.at[place] as number) < end) place++;
      if (start + shift - REACH_BEFORE > to) {
        prefilterRange(found, out, from, to);
        from = start + shift - REACH_BEFORE;
      }
      shift += this.textOf(n).length - (end - start);
      to = Math.min(out.length, end + shift + REACH_AFTER);
    }
    prefilterRange(found, out, from, to);
    keep(kept, places, place, Number.POSITIVE_INFINITY, shift);
    return merge(kept, found);
  }

  /**
   * Whether the new text has no suspicious place, without making it. It may say no too often.
   *
   * @param text the old text
   * @param places of the old text
   */
  leaveNothing(text: string, places: Places): boolean {
    let place = 0;
    for (let n = 0; n < this.size; n++) {
      if ((places.at[place] as number) < this.startOf(n)) return false;
      while ((places.at[place] as number) < this.endOf(n)) place++;
    }
    if (place < places.at.length) return false;
    for (let first = 0; first < this.size; ) {
      const next = this.#nextApart(first);
      if (!this.#leavesNothingAround(text, first, next)) return false;
      first = next;
    }
    return true;
  }

  /** The first replacement after `first` whose surroundings do not meet those of the one before it. */
  #nextApart(first: number): number {
    let next = first + 1;
    while (
      next < this.size &&
      this.startOf(next) - this.endOf(next - 1) < REACH_BEFORE + REACH_AFTER
    ) {
      next++;
    }
    return next;
  }

  #leavesNothingAround(text: string, first: number, next: number): boolean {
    const from = Math.max(0, this.startOf(first) - REACH_BEFORE);
    const to = Math.min(text.length, this.endOf(next - 1) + REACH_AFTER);
    let last = Math.max(0, from - READ_BEFORE);
    const before = from - last;
    const pieces: string[] = [];
    /** Where the ranges that are to be looked at start and end, in turns. */
    const edges: number[] = [before];
    let size = 0;
    for (let n = first; n < next; n++) {
      const replacement = this.textOf(n);
      pieces.push(text.slice(last, this.startOf(n)), replacement);
      size += this.startOf(n) - last;
      // Nothing in a token is suspicious.
      if (isToken(replacement)) edges.push(size, size + replacement.length);
      size += replacement.length;
      last = this.endOf(n);
    }
    pieces.push(text.slice(last, to + READ_AFTER));
    edges.push(size + to - last);
    const around = pieces.join("");
    for (let n = 0; n < edges.length; n += 2) {
      const found = prefilterRange(undefined, around, edges[n] as number, edges[n + 1] as number);
      if (found !== undefined) return false;
    }
    return true;
  }
}

/** Keep places before `to`, moved. @returns the first one that was not kept */
function keep(kept: Places, places: Places, first: number, to: number, shift: number): number {
  let n = first;
  for (; (places.at[n] as number) < to; n++) {
    kept.add((places.at[n] as number) + shift, places.masks[n] as number);
  }
  return n;
}

function merge(a: Places, b: Places): Places {
  if (b.at.length === 0) return a;
  const out = new Places();
  let n = 0;
  for (const [m, at] of b.at.entries()) {
    n = keep(out, a, n, at, 0);
    out.add(at, b.masks[m] as number);
  }
  // A place in both is joined by the one after it.
  keep(out, a, n, Number.POSITIVE_INFINITY, 0);
  return out;
}
