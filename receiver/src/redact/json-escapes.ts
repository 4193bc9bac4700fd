/**
 * The escapes of one string of JSON.
 *
 * In: a string as it is written, without its quotes. Out: the string it means; and where all escapes
 * are plain ones, what is known of the written string for it, and the way back, so that neither the
 * search for suspicious places nor the writing of a string of 9 KB has to start over because of a
 * line break. Pure.
 */

import { Edits } from "./edits.ts";
import { Places } from "./places.ts";

/** Most escapes side by side: `keyBefore` reads 15 backslashes before a quote. */
export const ESCAPES_SIDE_BY_SIDE_MAX = 7;

/**
 * Whether the character behind a backslash makes a plain escape: line breaks, tabs, quotes and
 * backslashes, which are nearly all escapes there are. The prefilter sees in the written string at
 * least what it sees in the one that is meant.
 */
export function isPlainEscape(c: number): boolean {
  return c === 110 || c === 34 || c === 92 || c === 116 || c === 114;
}

/** What a plain escape means, by the character behind its backslash. */
function meaningOf(c: number): string {
  if (c === 110) return "\n";
  if (c === 116) return "\t";
  if (c === 114) return "\r";
  return c === 34 ? '"' : "\\";
}

/** See the module comment. */
export class Escapes {
  /** The string that is meant. */
  readonly meant: string;
  /** Places of their backslashes. */
  readonly #at: readonly number[];

  /** @param written all its escapes are plain ones, and not too many side by side */
  constructor(written: string) {
    const places: number[] = [];
    const pieces: string[] = [];
    let last = 0;
    for (let at = written.indexOf("\\"); at !== -1; at = slashFrom(written, last)) {
      places.push(at);
      // A line break seldom comes alone.
      if (at > last) pieces.push(written.slice(last, at));
      pieces.push(meaningOf(written.charCodeAt(at + 1)));
      last = at + 2;
    }
    this.#at = places;
    if (last > 0) pieces.push(written.slice(last));
    this.meant = last > 0 ? pieces.join("") : written;
  }

  /** The suspicious places of the string that is meant, from those of the written one. */
  placesIn(written: Places): Places {
    if (this.#at.length === 0) return written;
    const meant = new Places();
    let escapes = 0;
    for (let n = 0; n < written.at.length; n++) {
      const at = written.at[n] as number;
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
      written.add(start, end, asWritten(meant.textOf(n)));
    }
    return written;
  }
}

/** The first backslash from `from` on, or -1; looks before it asks the engine to search. */
function slashFrom(text: string, from: number): number {
  return text.charCodeAt(from) === 92 ? from : text.indexOf("\\", from);
}

/** A text as it is written in JSON. A token, which nearly all are, is written as it is. */
function asWritten(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (mayBeEscaped(text.charCodeAt(i))) return JSON.stringify(text).slice(1, -1);
  }
  return text;
}

function mayBeEscaped(c: number): boolean {
  return c < 32 || c === 34 || c === 92 || c > 126;
}

/** Of a string without escapes. */
export const NO_ESCAPES: Escapes = new Escapes("");

/** Control characters: invalid inside JSON strings, written by lenient producers all the same. */
const CONTROL = /\p{Cc}/gu;

/** The string that the escapes mean; a cut-off escape at the end is let go. */
export function decode(raw: string): string | undefined {
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return decodeLenient(raw);
  }
}

function decodeLenient(raw: string): string | undefined {
  try {
    return JSON.parse(`"${raw.replace(CONTROL, escapeControl)}"`) as string;
  } catch {
    return undefined;
  }
}

function escapeControl(c: string): string {
  return `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
