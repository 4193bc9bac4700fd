/**
 * Redaction of single fields, for an encoder that has no span object: the contract between the
 * stages `ingest` and `redact`.
 */
import type { AttributeMap, AttributeValue } from "./records.ts";

/** What an attribute key says about its value, as far as an encoder must know. */
export interface KeyRule {
  /** For the redactor; opaque to anyone else. */
  readonly keyClass: string;
  /** Whether text under it stays as it is where nothing in it looks suspicious. */
  readonly isOpen: boolean;
  /** Whether integers from 0 to 10^12 - 1 stay as they are under it. */
  readonly keepsSmallIntegers: boolean;
  /** Whether it says nothing any more beside a key `logprob` in the same list. */
  readonly isOpenBesideLogprob: boolean;
  /** Whether the key itself holds personal data and is written differently. */
  readonly isKeyRedacted: boolean;
}

/** What is to be exchanged in a text: ranges in rising order, none of which meets another. */
export interface TextEdits {
  /** How many; none where the text stays as it is. */
  readonly size: number;
  startOf(n: number): number;
  endOf(n: number): number;
  /** What stands there instead. */
  textOf(n: number): string;
  /** The new text as a whole. */
  apply(text: string): string;
}

/** Redacts field after field and counts replacements until they are taken. */
export interface FieldRedactor {
  /** The kinds of {@link counts}, in the order in which a row lists them. */
  readonly kinds: readonly string[];
  /** Replacements by kind so far; the encoder reads it and sets it back to zero. */
  readonly counts: Uint32Array;
  keyRule(key: string): KeyRule;
  /**
   * Begin to look at a request: a bit for each byte (byte `n` is bit `n % 32` of word `n / 32`).
   * UTF-8 text that lies anywhere in these bytes and has no bit set stays as it is under an open
   * key. Bits are set as far as {@link look} was asked to, so that a large request is looked at
   * while it is in the cache anyway. Valid until the next call.
   */
  suspects(bytes: Uint8Array): Uint32Array;
  /** Set the bits of the bytes before `end`, or more. */
  look(end: number): void;
  /**
   * A closer look at a text in the bytes of the last {@link suspects}, for one that has a bit set.
   *
   * @returns whether it stays as it is under an open key
   */
  isClean(start: number, end: number): boolean;
  /** @param rule of the key above the text; none for names and the like */
  text(text: string, rule?: KeyRule): string;
  /**
   * The same for an ASCII text in the bytes of the last {@link suspects}: saves a look at it, and
   * mostly the making of the new text.
   *
   * @param at where it stands in these bytes
   */
  edits(text: string, at: number, rule?: KeyRule): TextEdits;
  value(value: AttributeValue, rule: KeyRule): AttributeValue;
  attributes(attributes: AttributeMap): AttributeMap;
}
