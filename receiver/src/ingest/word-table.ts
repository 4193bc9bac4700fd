/**
 * A few known words, found in bytes without decoding them.
 *
 * In: words, each with a number. Out: the number of the word that stands in a range, or -1. Pure.
 */

/** Longest word, in bytes. */
const WORD_SIZE_MAX_BYTES = 63;

/** See the module comment. */
export class WordTable {
  /** By size and first byte: the first entry, or -1. */
  readonly #heads: Int16Array = new Int16Array((WORD_SIZE_MAX_BYTES + 1) * 256).fill(-1);
  readonly #words: Uint8Array[] = [];
  readonly #numbers: number[] = [];
  readonly #next: number[] = [];

  /** @param words ASCII, 1 to 63 characters */
  constructor(words: Iterable<readonly [word: string, number: number]>) {
    for (const [word, number] of words) {
      const bytes = new Uint8Array(Buffer.from(word));
      const cell = bytes.length * 256 + (bytes[0] as number);
      this.#next.push(this.#heads[cell] as number);
      this.#heads[cell] = this.#words.length;
      this.#words.push(bytes);
      this.#numbers.push(number);
    }
  }

  find(bytes: Uint8Array, start: number, end: number): number {
    const size = end - start;
    if (size === 0 || size > WORD_SIZE_MAX_BYTES) return -1;
    let entry = this.#heads[size * 256 + (bytes[start] as number)] as number;
    while (entry !== -1) {
      if (isSame(this.#words[entry] as Uint8Array, bytes, start)) {
        return this.#numbers[entry] as number;
      }
      entry = this.#next[entry] as number;
    }
    return -1;
  }
}

function isSame(word: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let i = 1; i < word.length; i += 1) if (word[i] !== bytes[start + i]) return false;
  return true;
}
