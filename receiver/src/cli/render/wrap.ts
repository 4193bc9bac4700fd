/**
 * Facts in a line, wrapped at words under a hanging indent.
 *
 * In: short texts with a tone each. Out: lines. Pure.
 */
import type { Style, Tone } from "./style.ts";
import { widthOf } from "./width.ts";

/** A short text and what it means; without control characters. */
export interface Fact {
  readonly text: string;
  readonly tone?: Tone | undefined;
}

/** Space between facts; between words of one fact it is one. */
const FACT_GAP = 2;

/** Narrowest block of text, in columns, however deep the indent. */
const BLOCK_WIDTH_MIN = 24;

/**
 * Lay out facts after `first`, whose width later lines are indented by `hang`.
 *
 * A word wider than the line stays whole.
 */
export function wrapFacts(
  first: string,
  facts: readonly Fact[],
  hang: number,
  width: number,
  style: Style,
): readonly string[] {
  const end = Math.max(width, hang + BLOCK_WIDTH_MIN);
  const lines: string[] = [];
  let current = first;
  let used = widthOf(first);
  let empty = true;
  for (const fact of facts) {
    const words = fact.text.split(" ").filter((word) => word !== "");
    for (const [index, word] of words.entries()) {
      const gap = empty ? 0 : index === 0 ? FACT_GAP : 1;
      const wordWidth = widthOf(word);
      if (!empty && used + gap + wordWidth > end) {
        lines.push(current);
        current = " ".repeat(hang);
        used = hang;
      } else {
        current += " ".repeat(gap);
        used += gap;
      }
      current += style(word, fact.tone);
      used += wordWidth;
      empty = false;
    }
  }
  return [...lines, current.trimEnd()];
}
