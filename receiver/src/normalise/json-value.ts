/**
 * JSON text in an attribute as a value, where its structure is asked for.
 *
 * In: text of anybody. Out: an attribute value, or undefined where it is no JSON or beyond a limit;
 * the text then stays as it is. Side
 * effect: a count of the values of the span at hand.
 */
import { keepInteger } from "../base/json-integers.ts";
import type { AttributeMap, AttributeValue } from "../base/records.ts";
import { TEXT_SIZE_MAX_BYTES } from "../base/span-rules.ts";

/** Longest text that is parsed, in characters (2^20): longer content is not stored whole. */
const JSON_CHARS_MAX: number = TEXT_SIZE_MAX_BYTES;

/**
 * Most values in all texts of one span (2^16), ten times a long conversation: each takes some
 * hundred bytes of memory, and a body of 64 MiB could hold twenty million.
 */
const JSON_VALUES_MAX = 65_536;

/** Deepest nesting: as deep as an attribute may be. */
const JSON_DEPTH_MAX = 32;

/** An integer that a double might round. */
const LONG_INTEGER = /\d{16}/;

/** What is left of {@link JSON_VALUES_MAX} for the span at hand. */
let valuesLeft = JSON_VALUES_MAX;

/** Do what reads the texts of one span. Synchronous, so that there is one span at a time. */
export function readingOneSpan<T>(read: () => T): T {
  valuesLeft = JSON_VALUES_MAX;
  return read();
}

/** Parse JSON text; a value that is no text is given back. */
export function jsonValue(value: AttributeValue | undefined): AttributeValue | undefined {
  if (typeof value !== "string") return value;
  if (value.length > JSON_CHARS_MAX || !isModest(value)) return undefined;
  try {
    const parsed: unknown = LONG_INTEGER.test(value)
      ? JSON.parse(value, keepInteger)
      : JSON.parse(value);
    return fromJson(parsed, 0);
  } catch {
    return undefined;
  }
}

/** JSON text of an object or list as a value; any other text as it is. */
export function jsonOrText(value: AttributeValue | undefined): AttributeValue | undefined {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  return jsonValue(value) ?? value;
}

/** A map, also where it came as JSON text; empty where it is none. */
export function jsonMap(value: AttributeValue | undefined): AttributeMap {
  const parsed = jsonValue(value);
  return isMap(parsed) ? parsed : new Map();
}

/** A list, also where it came as JSON text; undefined where it is none. */
export function jsonList(value: AttributeValue | undefined): readonly AttributeValue[] | undefined {
  const parsed = jsonValue(value);
  return isList(parsed) ? parsed : undefined;
}

export function isMap(value: AttributeValue | undefined): value is AttributeMap {
  return value instanceof Map;
}

export function isList(value: AttributeValue | undefined): value is readonly AttributeValue[] {
  return Array.isArray(value);
}

/** Counted before anything is built; signs within strings count too: that makes it stricter. */
function isModest(text: string): boolean {
  let values = 1;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    // A comma, or an opening bracket or brace.
    if (code === 0x2c || code === 0x5b || code === 0x7b) values += 1;
    if (values > valuesLeft) return false;
  }
  valuesLeft -= values;
  return true;
}

/** @throws {RangeError} where it is nested too deep */
function fromJson(parsed: unknown, depth: number): AttributeValue {
  if (depth > JSON_DEPTH_MAX) throw new RangeError("nested too deep");
  if (parsed === null || typeof parsed !== "object") return parsed as AttributeValue;
  if (Array.isArray(parsed)) return parsed.map((item) => fromJson(item, depth + 1));
  const entries = Object.entries(parsed).map(
    ([key, member]) => [key, fromJson(member, depth + 1)] as const,
  );
  return new Map(entries);
}
