/**
 * JSON inside strings, redacted in place.
 *
 * In: a text that starts like JSON. Out: what is to be exchanged, values alone; every byte
 * else, numbers above 2^53 included, stays as written. A hand-written scanner, no `JSON.parse` of
 * the whole: lines of JSON and JSON that was cut off work too, and where the text stops being JSON
 * the rest is scanned as free text. Strings of JSON are unpacked {@link JSON_DEPTH_MAX} deep.
 */

import { isAlnum, isDigit, isJsonSpace } from "./chars.ts";
import { Edits } from "./edits.ts";
import {
  decode,
  ESCAPES_SIDE_BY_SIDE_MAX,
  Escapes,
  isPlainEscape,
  NO_ESCAPES,
} from "./json-escapes.ts";
import { excerptsOf } from "./json-excerpts.ts";
import { isLogprobAfter, numberKind } from "./keyed-value.ts";
import { classifyKey, isSecretClass, type KeyClass } from "./keys.ts";
import type { Places } from "./places.ts";
import { prefilter } from "./prefilter.ts";
import { isToken } from "./token.ts";
import type { RedactionKind } from "./types.ts";

/** How many strings of JSON are unpacked from one another; deeper ones are scanned as text. */
export const JSON_DEPTH_MAX = 4;

/** Deepest nesting followed, in brackets; protects memory, real content has some twenty. */
const NESTING_MAX = 512;

const QUOTE = 34;

/** What the scanner needs of the redaction of texts. */
export interface JsonParts {
  /** Redact one string of JSON, decoded, that was unpacked `depth` times. */
  string(text: string, keyClass: KeyClass, depth: number, places: Places): Edits;
  /** Redact text that is no JSON. */
  text(text: string, places: Places): Edits;
  /** The token of a value. */
  replace(kind: RedactionKind, value: string): string;
}

/** Starts with a bracket, or is one quoted string. */
export function looksLikeJson(text: string): boolean {
  let i = 0;
  while (i < text.length && isJsonSpace(text.charCodeAt(i))) i++;
  const c = text.charCodeAt(i);
  if (c === 123 || c === 91) return true;
  return c === QUOTE && text.length > i + 1 && text.trimEnd().endsWith('"');
}

/** @param places the suspicious places of this text */
export function redactJson(
  parts: JsonParts,
  text: string,
  keyClass: KeyClass,
  depth: number,
  places: Places,
): Edits {
  return new JsonRedactor(parts, text, depth, places).run(keyClass);
}

class JsonRedactor {
  readonly #parts: JsonParts;
  readonly #text: string;
  readonly #depth: number;
  readonly #places: Places;
  readonly #edits: Edits = new Edits();
  #i = 0;
  /** The next quote and backslash, as far as they were looked for: each is found only once. */
  #quote = -1;
  #slash = -1;
  /** Whether the string whose end was found last has an escape. */
  #hasEscape = false;
  /** Whether all escapes of that string are plain ones (`json-escapes.ts`). */
  #isPlain = true;
  /** Class that the values of each open bracket inherit. */
  readonly #classes: KeyClass[] = [];
  readonly #isObject: boolean[] = [];
  /** Class of the key above the whole text. */
  #topClass: KeyClass = "none";
  /** Class of the key whose value comes next. */
  #keyClass: KeyClass = "none";
  /** Where that key starts, or -1: there the scan as text starts over if no value follows. */
  #keyStart = -1;

  constructor(parts: JsonParts, text: string, depth: number, places: Places) {
    this.#parts = parts;
    this.#text = text;
    this.#depth = depth;
    this.#places = places;
  }

  run(keyClass: KeyClass): Edits {
    this.#topClass = keyClass;
    const text = this.#text;
    while (this.#i < text.length) {
      const c = text.charCodeAt(this.#i);
      if (isJsonSpace(c) || c === 44) this.#i++;
      else if (c === 123 || c === 91) this.#open(c === 123);
      else if (c === 125 || c === 93) this.#close();
      else if (!(c === QUOTE ? this.#string() : this.#scalar(c))) return this.#rest();
      if (this.#classes.length > NESTING_MAX) return this.#rest();
    }
    return this.#edits;
  }

  /** No JSON any more: what follows is free text. */
  #rest(): Edits {
    const start = this.#keyStart === -1 ? this.#i : this.#keyStart;
    const from = Math.max(start, this.#edits.lastEnd);
    const places = this.#places.part(from, this.#text.length);
    this.#edits.addPart(this.#parts.text(this.#text.slice(from), places), from);
    return this.#edits;
  }

  /** Class for the value at this place; a key is used up by it. */
  #takeClass(): KeyClass {
    const keyClass = this.#keyStart === -1 ? this.#inherited() : this.#keyClass;
    this.#keyStart = -1;
    return keyClass;
  }

  #inherited(): KeyClass {
    return this.#classes.at(-1) ?? this.#topClass;
  }

  #open(isObject: boolean): void {
    const keyClass = this.#takeClass();
    if (isSecretClass(keyClass)) {
      this.#whole();
      return;
    }
    this.#classes.push(keyClass === "numbered" && isObject ? "none" : keyClass);
    this.#isObject.push(isObject);
    this.#i++;
  }

  #close(): void {
    this.#classes.pop();
    this.#isObject.pop();
    this.#keyStart = -1;
    this.#i++;
  }

  /** The object or list at this place is a secret as a whole; an empty one stays. */
  #whole(): void {
    const start = this.#i;
    let depth = 0;
    let values = 0;
    while (this.#i < this.#text.length) {
      const c = this.#text.charCodeAt(this.#i);
      if (c === 123 || c === 91) depth++;
      else if (c === 125 || c === 93) depth--;
      else if (!isJsonSpace(c)) values++;
      if (c === QUOTE) this.#i = this.#stringEnd(this.#i);
      this.#i++;
      if (depth === 0) break;
    }
    this.#i = Math.min(this.#i, this.#text.length);
    if (values === 0) return;
    const raw = this.#text.slice(start, this.#i);
    // Not JSON: a bare word that was redacted before.
    if (isToken(raw)) return;
    this.#edits.add(start, this.#i, `"${this.#parts.replace("secret", raw)}"`);
  }

  /** A key or a value; false where a colon follows a string that cannot be a key. */
  #string(): boolean {
    const start = this.#i;
    const end = this.#stringEnd(start);
    const next = Math.min(end + 1, this.#text.length);
    const colon = this.#colonAfter(next);
    if (colon !== -1) {
      if (this.#keyStart !== -1 || this.#isObject.at(-1) !== true) return false;
      this.#key(start, end, colon);
      return true;
    }
    this.#i = next;
    const keyClass = this.#takeClass();
    if (keyClass === "token" && isLogprobAfter(this.#text, next)) return true;
    this.#leaf(start + 1, end, keyClass);
    return true;
  }

  /** Place of the quote that closes the string opened at `start`, or the end of the text. */
  #stringEnd(start: number): number {
    const text = this.#text;
    let i = start + 1;
    let sideBySide = 0;
    this.#hasEscape = false;
    this.#isPlain = true;
    for (;;) {
      if (this.#quote < i) this.#quote = placeOf(text, '"', i);
      // Line breaks come in pairs: a look is cheaper than a search.
      if (text.charCodeAt(i) === 92) this.#slash = i;
      else if (this.#slash < i) this.#slash = placeOf(text, "\\", i);
      if (this.#slash >= this.#quote) return this.#quote;
      sideBySide = this.#slash === i ? sideBySide + 1 : 1;
      this.#hasEscape = true;
      if (sideBySide > ESCAPES_SIDE_BY_SIDE_MAX) this.#isPlain = false;
      if (!isPlainEscape(text.charCodeAt(this.#slash + 1))) this.#isPlain = false;
      i = this.#slash + 2;
    }
  }

  #colonAfter(from: number): number {
    let i = from;
    while (isJsonSpace(this.#text.charCodeAt(i))) i++;
    return this.#text.charCodeAt(i) === 58 ? i : -1;
  }

  #key(start: number, end: number, colon: number): void {
    const raw = this.#text.slice(start + 1, end);
    const key = this.#hasEscape ? (decode(raw) ?? raw) : raw;
    const own = classifyKey(key);
    this.#leaf(start + 1, end, "none");
    // `{"card": {"number": …}}`: what an inner key leaves open, the outer one tells.
    this.#keyClass = own === "none" ? this.#inherited() : own;
    this.#keyStart = start;
    this.#i = colon + 1;
  }

  /** The string between `start` and `end`, without its quotes: the one whose end was found last. */
  #leaf(start: number, end: number, keyClass: KeyClass): void {
    if (start >= end) return;
    const isOpen = keyClass === "none" || keyClass === "numbered";
    const isClean = isOpen && this.#places.maskOf(start, end) === 0;
    // The fast path: a string that holds nothing is not even copied.
    if (isClean && this.#isPlain) return;
    const raw = this.#text.slice(start, end);
    const places = this.#places.part(start, end);
    if (this.#isPlain) {
      this.#plainLeaf(raw, places, start, keyClass);
      return;
    }
    const decoded = decode(raw);
    if (decoded === undefined) {
      this.#edits.addPart(this.#parts.string(raw, keyClass, JSON_DEPTH_MAX, places), start);
      return;
    }
    const edits = this.#parts.string(decoded, keyClass, this.#depth + 1, prefilter(decoded));
    if (edits.size === 0) return;
    this.#edits.add(start, end, JSON.stringify(edits.apply(decoded)).slice(1, -1));
  }

  /** @param raw stands at `start` and has plain escapes or none */
  #plainLeaf(raw: string, places: Places, start: number, keyClass: KeyClass): void {
    const hasEscape = this.#hasEscape;
    const isLong = hasEscape && keyClass === "none";
    for (const { from, to } of isLong ? excerptsOf(raw, places) : [{ from: 0, to: raw.length }]) {
      const written = raw.slice(from, to);
      const escapes = hasEscape ? new Escapes(written) : NO_ESCAPES;
      const meant = hasEscape ? escapes.meant : written;
      const known = escapes.placesIn(places.part(from, to));
      const edits = this.#parts.string(meant, keyClass, this.#depth + 1, known);
      if (edits.size > 0) this.#edits.addPart(escapes.editsOut(edits), start + from);
    }
  }

  /** A number, true, false or null. */
  #scalar(first: number): boolean {
    const text = this.#text;
    const start = this.#i;
    let end = start;
    while (end < text.length && isScalarChar(text.charCodeAt(end))) end++;
    if (end === start) return false;
    const raw = text.slice(start, Math.min(end, start + 40));
    const isNumber = isDigit(first) || first === 45;
    const isWord = raw === "true" || raw === "false" || raw === "null";
    if (isNumber ? !NUMBER.test(raw) : !isWord) return false;
    if (!this.#endsValue(end)) return false;
    const keyClass = this.#takeClass();
    this.#i = end;
    const kind = isNumber ? numberKind(keyClass, raw) : undefined;
    if (kind !== undefined && !isToken(raw)) {
      this.#edits.add(start, end, `"${this.#parts.replace(kind, raw)}"`);
    }
    return true;
  }

  /** Inside a bracket and before a comma, a closing one or the end: `4111 1111` are no values. */
  #endsValue(end: number): boolean {
    if (this.#classes.length === 0) return false;
    let i = end;
    while (isJsonSpace(this.#text.charCodeAt(i))) i++;
    const c = this.#text.charCodeAt(i);
    return i >= this.#text.length || c === 44 || c === 125 || c === 93;
  }
}

/** Where a sign stands from `from` on, or the end of the text. */
function placeOf(text: string, sign: string, from: number): number {
  const place = text.indexOf(sign, from);
  return place === -1 ? text.length : place;
}

/** A number, or the start of one that was cut off. */
const NUMBER = /^-?\d+(?:\.\d*)?(?:[eE][+-]?\d*)?$/;

function isScalarChar(c: number): boolean {
  return isAlnum(c) || c === 45 || c === 43 || c === 46;
}
