/**
 * What came through a stream, in one piece.
 *
 * In: values as they come. Out: one value for an attribute. Bounded, whatever comes; the values
 * themselves are neither changed nor concatenated, which is the application's own work.
 */
import { appendText, readField, STREAMED_ITEMS_MAX } from "@spanledger/api/internal";

export class Chunks {
  #text = "";
  readonly #others: unknown[] = [];
  #count = 0;

  add(value: unknown): void {
    this.#count += 1;
    const text = typeof value === "string" ? value : contentOf(value);
    if (text !== undefined) this.#text = appendText(this.#text, text);
    else if (this.#others.length < STREAMED_ITEMS_MAX) this.#others.push(value);
  }

  /** @returns the text, the only value, or what came of both; undefined where nothing came */
  value(): unknown {
    if (this.#count === 0) return undefined;
    if (this.#others.length === 0) return this.#text;
    if (this.#count === 1) return this.#others[0];
    return this.#text === "" ? this.#others : { text: this.#text, chunks: this.#others };
  }
}

/** The text of a message; messages without text, with tool calls for one, are kept as they are. */
function contentOf(value: unknown): string | undefined {
  const content = readField(value, "content");
  if (typeof content !== "string") return undefined;
  const calls = readField(value, "tool_call_chunks");
  return Array.isArray(calls) && calls.length > 0 ? undefined : content;
}
