/**
 * What the detectors found in one text, and the work it took.
 *
 * Where ranges of two findings meet, they become one with the kind and value of the stronger, so
 * that no rest of the weaker one stays readable. Pure.
 */

import type { RedactionKind } from "./types.ts";

export interface Finding {
  readonly kind: RedactionKind;
  /** Place in the text that is replaced. */
  readonly start: number;
  readonly end: number;
  /** Place of the value that the token stands for; the same unless findings were made one. */
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** Which kind wins where two meet; the lower number wins. */
const RANK: Record<RedactionKind, number> = {
  secret: 0,
  email: 1,
  iban: 2,
  card: 3,
  ssn: 4,
  phone: 5,
};

export class Findings {
  readonly #list: Finding[] = [];
  /** Places of `@` that end the user part of a URL; most texts have none. */
  #userinfoEnds: Set<number> | undefined;
  /** Characters looked at beyond the single pass; tests bound it on hostile input. */
  steps = 0;

  add(kind: RedactionKind, start: number, end: number): void {
    this.#list.push({ kind, start, end, valueStart: start, valueEnd: end });
  }

  /** The `@` at this place ends the user part of a URL and is no part of an e-mail address. */
  addUserinfoEnd(at: number): void {
    this.#userinfoEnds ??= new Set();
    this.#userinfoEnds.add(at);
  }

  endsUserinfo(at: number): boolean {
    return this.#userinfoEnds?.has(at) ?? false;
  }

  get size(): number {
    return this.#list.length;
  }

  #isOrdered(): boolean {
    let end = 0;
    for (const finding of this.#list) {
      if (finding.start < end) return false;
      end = finding.end;
    }
    return true;
  }

  /** Findings in order of place, without overlap. */
  ordered(): readonly Finding[] {
    if (this.#isOrdered()) return this.#list;
    this.#list.sort((a, b) => a.start - b.start || b.end - a.end);
    const out: Finding[] = [];
    for (const finding of this.#list) {
      const last = out.at(-1);
      if (last === undefined || finding.start >= last.end) out.push(finding);
      else out[out.length - 1] = merge(last, finding);
    }
    return out;
  }
}

function merge(a: Finding, b: Finding): Finding {
  const winner = RANK[b.kind] < RANK[a.kind] ? b : a;
  return { ...winner, start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) };
}
