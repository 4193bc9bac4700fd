/**
 * Doubles as text. Telemetry repeats them (temperatures, probabilities, scores), and the engine takes
 * longer to write one than everything else that is done with it.
 *
 * In: a double. Out: what `String` gives. Side effect: a table of fixed size of the last ones.
 */

/** Doubles remembered. */
const CELLS = 256;

/** See the module comment. */
export class DoubleTexts {
  readonly #values: Float64Array = new Float64Array(CELLS).fill(Number.NaN);
  readonly #texts: string[] = new Array(CELLS).fill("");

  text(value: number): string {
    const cell = Math.floor(value * 4093) & (CELLS - 1);
    if (this.#values[cell] === value) return this.#texts[cell] as string;
    const text = String(value);
    this.#values[cell] = value;
    this.#texts[cell] = text;
    return text;
  }
}
