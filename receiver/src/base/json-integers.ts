/**
 * Integers of JSON to their last digit.
 *
 * In: what `JSON.parse` hands to a reviver. Out: a bigint for an integer that a double would round.
 * Pure. A reviver makes parsing several times slower: it is for texts with a long integer.
 */

/** Of more digits a bigint takes long to make, and no field holds it. */
const INTEGER = /^-?\d{1,40}$/;

/** Reviver for `JSON.parse`. */
export function keepInteger(
  this: unknown,
  _key: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  return INTEGER.test(source) ? BigInt(source) : value;
}
