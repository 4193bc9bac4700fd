/** What an object's class says, by the names of the class and of those that it extends. */
import { readField } from "../outcome.ts";

/** Longest chain of classes that is followed; clients of SDKs have two or three. */
const DEPTH_MAX = 8;

/**
 * The entry of the nearest class: a class of the application's own that extends one of a library
 * counts as that one.
 *
 * @param byName what is known of classes, by their names
 * @returns undefined where no class of the chain is known
 */
export function lookUpClass<T>(value: unknown, byName: ReadonlyMap<unknown, T>): T | undefined {
  let type = readField(value, "constructor");
  for (let depth = 0; type !== undefined && type !== null && depth < DEPTH_MAX; depth += 1) {
    const known = byName.get(readField(type, "name"));
    if (known !== undefined) return known;
    type = Object.getPrototypeOf(type);
  }
  return undefined;
}
