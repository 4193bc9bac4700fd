/**
 * JSON in one form only, so that equal values have equal digests (RFC 8785, JCS).
 *
 * In: plain JSON values. Out: the text. Pure. Whatever JSON cannot say is refused, not adapted:
 * two different values must never share a text.
 */

/** Deepest nesting that is written: bounds the recursion, and refuses cycles. */
const DEPTH_MAX = 64;

/** A text that holds half of a surrogate pair has no UTF-8 form (RFC 8785, section 3.2.2.2). */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Write a value in canonical form: keys in the order of their UTF-16 code units, no white space,
 * numbers and texts as ECMAScript writes them. Keys whose value is `undefined` are left out.
 *
 * @throws {TypeError} for what is no JSON: NaN, infinities, BigInt, functions, symbols, class
 *   instances, lone surrogates, `undefined` in a list, nesting deeper than 64
 */
export function canonicalJson(value: unknown): string {
  return write(value, 0);
}

function write(value: unknown, depth: number): string {
  if (depth > DEPTH_MAX) throw new TypeError("nested too deep for canonical JSON");
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return writeText(value);
  if (typeof value === "number" && Number.isFinite(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return writeList(value, depth + 1);
  if (typeof value === "object" && isPlain(value)) return writeObject(value, depth + 1);
  throw new TypeError(`canonical JSON has no form for ${typeof value}`);
}

function writeText(text: string): string {
  if (LONE_SURROGATE.test(text)) throw new TypeError("a text holds half of a surrogate pair");
  return JSON.stringify(text);
}

function writeList(list: readonly unknown[], depth: number): string {
  // Array.from, so that a hole is seen as undefined and refused.
  return `[${Array.from(list, (item) => write(item, depth)).join(",")}]`;
}

function writeObject(object: object, depth: number): string {
  const members = Object.entries(object)
    .filter(([, value]) => value !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${writeText(key)}:${write(value, depth)}`);
  return `{${members.join(",")}}`;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
