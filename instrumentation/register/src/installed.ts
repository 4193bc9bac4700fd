/**
 * Which copies of a library an application has, and whether their versions are supported.
 *
 * In: a file of the application. Out: places and versions. Reads `package.json` files, nothing else.
 */
import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { pathToFileURL } from "node:url";
import type { Library } from "./libraries.ts";

/** One installed copy of a library. */
export interface Installed {
  readonly packageJson: string;
  readonly version: string;
  /** The package through which the application gets this copy; undefined where it has it itself. */
  readonly broughtBy: string | undefined;
}

/** The copy that the application gets, then the other ones that its packages bring along. */
export function findCopies(
  library: Pick<Library, "name" | "broughtBy">,
  application: string,
): readonly Installed[] {
  const copies = new Map<string, Installed>();
  for (const broughtBy of [undefined, ...(library.broughtBy ?? [])]) {
    const from = broughtBy === undefined ? application : findPackage(broughtBy, application);
    const packageJson = from === undefined ? undefined : findPackage(library.name, from);
    const version = packageJson === undefined ? undefined : versionIn(packageJson);
    if (packageJson === undefined || version === undefined || copies.has(packageJson)) continue;
    copies.set(packageJson, { packageJson, version, broughtBy });
  }
  return [...copies.values()];
}

/** @returns the path of the `package.json` that a file gets, if any */
export function findPackage(name: string, from: string): string | undefined {
  try {
    return findPackageJSON(name, pathToFileURL(from));
  } catch {
    return undefined;
  }
}

export function versionIn(packageJson: string): string | undefined {
  try {
    const { version } = JSON.parse(readFileSync(packageJson, "utf8")) as { version: unknown };
    return String(version);
  } catch {
    return undefined;
  }
}

/** Ranges of the form `>=A.B.C <D`; prereleases of a supported version count as that version. */
export function isSupported(version: string, ranges: readonly string[]): boolean {
  const found = numbersOf(version);
  return ranges.some((range) => {
    const [, from, below] = /^>=(\S+) <(\S+)$/.exec(range) ?? [];
    if (from === undefined || below === undefined) return false;
    return order(found, numbersOf(from)) >= 0 && order(found, numbersOf(below)) < 0;
  });
}

/** Major, minor and patch; what is missing is 0. */
function numbersOf(version: string): readonly number[] {
  const numbers = version.split(/[-+]/)[0]?.split(".").map(Number) ?? [];
  return [0, 1, 2].map((at) => numbers[at] || 0);
}

function order(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((number, index) => number !== b[index]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
