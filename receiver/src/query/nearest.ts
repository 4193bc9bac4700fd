/**
 * The nearest known word to a mistyped one.
 *
 * In: what was typed and the known words. Out: the nearest, or nothing. Pure.
 */

/** Longest word that is compared, in characters; longer ones are no typing mistakes. */
const WORD_CHARS_MAX = 64;

/** Share of a word's characters that may differ for it still to count as meant. */
const DISTANCE_SHARE_MAX = 0.5;

/**
 * The known word that was probably meant.
 *
 * A known word that starts with what was typed, or the other way round, counts as distance 1.
 */
export function nearest(typed: string, known: readonly string[]): string | undefined {
  const word = typed.toLowerCase();
  if (word === "" || word.length > WORD_CHARS_MAX) return undefined;
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of known) {
    const distance = distanceOf(word, name.toLowerCase());
    if (distance > Math.max(word.length, name.length) * DISTANCE_SHARE_MAX) continue;
    if (best === undefined || distance < best.distance) best = { name, distance };
  }
  return best?.name;
}

/** Ends a message: names the nearest known word, if there is one. */
export function didYouMean(typed: string, known: readonly string[]): string {
  const name = nearest(typed, known);
  return name === undefined ? "" : `; did you mean ${name}?`;
}

function distanceOf(a: string, b: string): number {
  const edits = levenshtein(a, b);
  const shorter = Math.min(a.length, b.length);
  return shorter >= 3 && (a.startsWith(b) || b.startsWith(a)) ? Math.min(edits, 1) : edits;
}

function levenshtein(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, replaced));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
