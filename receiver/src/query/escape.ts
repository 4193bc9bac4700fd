/**
 * Making stored text safe to print.
 *
 * In: any text. Out: the text with control characters written as escapes. Pure.
 *
 * Stored content comes from strangers. Left alone, an escape sequence in it could rewrite the
 * terminal's title, its clipboard or the lines above; a direction override could make a line read
 * as its opposite.
 */

/** C0 and C1 controls, DEL, line separators, direction marks and overrides, and lone surrogates. */
const CONTROLS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this looks for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu;

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * Write control characters as `\n`, `\u001b` and so on.
 *
 * @param lines `escape lines` for one-line output; `keep lines` leaves tab, LF and CRLF alone
 */
export function escapeControls(text: string, lines: "escape lines" | "keep lines"): string {
  return text.replace(CONTROLS, (character, at: number) => {
    const short = SHORT[character];
    if (short === undefined) return unicodeEscape(character);
    // A carriage return alone would let what follows overwrite the line.
    const kept = lines === "keep lines" && (character !== "\r" || text[at + 1] === "\n");
    return kept ? character : short;
  });
}

/** JSON whose text also escapes what `JSON.stringify` lets through; parses to the same value. */
export function toSafeJson(value: unknown, indent: number): string {
  return JSON.stringify(value, undefined, indent).replace(CONTROLS, (character) =>
    character === "\n" ? character : unicodeEscape(character),
  );
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
