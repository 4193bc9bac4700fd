/**
 * The suspicious places of one text: where a detector may find something, and which one.
 *
 * In: places in rising order, each with bits of `prefilter.ts`. Out: the bits of all, or of a range.
 * Detectors look at these places alone, so that a long text with one telephone number costs little
 * more than a short one.
 */

/** See the module comment. */
export class Places {
  readonly at: number[] = [];
  readonly masks: number[] = [];

  /** @param at not before the last one; at the same place the bits are joined */
  add(at: number, mask: number): void {
    const last = this.at.length - 1;
    if (last >= 0 && this.at[last] === at) {
      this.masks[last] = (this.masks[last] as number) | mask;
      return;
    }
    this.at.push(at);
    this.masks.push(mask);
  }

  /** The bits of all places together. */
  get mask(): number {
    return this.maskOf(0, Number.POSITIVE_INFINITY);
  }

  /** The bits of the places from `from` to before `to`. */
  maskOf(from: number, to: number): number {
    let mask = 0;
    for (let n = this.#first(from); n < this.at.length; n++) {
      if ((this.at[n] as number) >= to) break;
      mask |= this.masks[n] as number;
    }
    return mask;
  }

  /** The places of the part of the text from `from` to before `to`, counted from its start. */
  part(from: number, to: number): Places {
    const part = new Places();
    for (let n = this.#first(from); n < this.at.length; n++) {
      const at = this.at[n] as number;
      if (at >= to) break;
      part.add(at - from, this.masks[n] as number);
    }
    return part;
  }

  /** Index of the first place at `from` or after. */
  #first(from: number): number {
    let low = 0;
    let high = this.at.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.at[middle] as number) < from) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** A text without suspicious places; not to be added to. */
export const NO_PLACES: Places = new Places();
