/**
 * How wide text is on a terminal, and cutting it to a width.
 *
 * In: text without control characters. Out: columns, or shorter text. Pure.
 *
 * The unit is the grapheme: an emoji of several code points is one character of two columns. East
 * Asian wide and full-width ranges are those of Unicode's EastAsianWidth.txt, without the gaps.
 */

const SEGMENTER = new Intl.Segmenter(undefined, { granularity: "grapheme" });

const WIDE =
  /^(?:[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|[\u{16fe0}-\u{18aff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f251}\u{20000}-\u{3fffd}])/u;

const EMOJI = /^\p{Emoji_Presentation}|\ufe0f|\u20e3/u;

const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;

const ASCII = /^[\u0020-\u007e]*$/;

/** Columns that text takes. */
export function widthOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const { segment } of SEGMENTER.segment(text)) width += graphemeWidth(segment);
  return width;
}

/** Text cut to a width; what was cut ends in `…`. */
export function truncate(text: string, width: number): string {
  if (text.length <= width && ASCII.test(text)) return text;
  if (widthOf(text) <= width) return text;
  let kept = "";
  let used = 0;
  for (const { segment } of SEGMENTER.segment(text)) {
    used += graphemeWidth(segment);
    if (used > width - 1) break;
    kept += segment;
  }
  return width < 1 ? "" : `${kept}…`;
}

/** Text filled with spaces to a width. */
export function pad(text: string, width: number, side: "left" | "right"): string {
  const fill = " ".repeat(Math.max(0, width - widthOf(text)));
  return side === "left" ? text + fill : fill + text;
}

function graphemeWidth(grapheme: string): number {
  if (ZERO.test(grapheme)) return 0;
  return WIDE.test(grapheme) || EMOJI.test(grapheme) ? 2 : 1;
}
