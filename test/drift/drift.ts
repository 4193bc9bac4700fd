/**
 * How far the newest published version of a library is from the one that is tested.
 *
 * In: declared ranges, this workspace's manifest and lock file, what a registry says. Out: one
 * verdict per library, and the table. Pure.
 */
import type { Instrumented } from "./libraries.ts";

/**
 * `tested`: the newest is tested. `newer`: it is in the range and was not run. `outside`: it is not
 * even in the range, and an application that has it is not recorded. `unknown`: nobody could be asked.
 */
export type Verdict = "tested" | "newer" | "outside" | "unknown";

/** One line of the table. */
export interface Drift {
  readonly name: string;
  readonly supported: string;
  /** Oldest first. */
  readonly tested: readonly string[];
  readonly newest: string | undefined;
  readonly verdict: Verdict;
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string }>>;
}

const ALIAS = /^npm:(?<name>@?[^@]+)@(?<version>.+)$/;

/** The versions that a manifest names of a library, also under an alias; oldest first. */
export function testedVersions(
  { name, through }: Instrumented,
  manifest: Manifest,
  lock: Lock,
): readonly string[] {
  const versions = new Set<string>();
  for (const [dependency, wanted] of Object.entries(manifest.dependencies ?? {})) {
    const alias = ALIAS.exec(wanted)?.groups;
    if ((alias?.name ?? dependency) === name) versions.add(alias?.version ?? wanted);
  }
  if (through !== undefined) {
    const places = [`node_modules/${through}/node_modules/${name}`, `node_modules/${name}`];
    const found = places.map((place) => lock.packages[place]?.version).find(Boolean);
    if (found !== undefined) versions.add(found);
  }
  return [...versions].toSorted(compareVersions);
}

/** @param newest undefined where nobody could be asked */
export function driftOf(
  { name, supported }: Instrumented,
  tested: readonly string[],
  newest: string | undefined,
): Drift {
  const verdict = verdictOf(supported, tested, newest);
  return { name, supported: supported.join(", "), tested, newest, verdict };
}

function verdictOf(
  supported: readonly string[],
  tested: readonly string[],
  newest: string | undefined,
): Verdict {
  if (newest === undefined) return "unknown";
  if (!supported.some((range) => isIn(newest, range))) return "outside";
  return tested.some((version) => compareVersions(version, newest) >= 0) ? "tested" : "newer";
}

/** Whether a version is in a range `>=A.B.C <D`. */
export function isIn(version: string, range: string): boolean {
  const [, oldest, above] = /^>=(\S+) <(\S+)$/.exec(range) ?? [];
  if (oldest === undefined || above === undefined) throw new Error(`not a range: ${range}`);
  return compareVersions(version, oldest) >= 0 && compareVersions(version, above) < 0;
}

/** Below 0 where `a` is the older one; prereleases count as their version. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  const at = left.findIndex((number, index) => number !== right[index]);
  return at === -1 ? 0 : (left[at] ?? 0) - (right[at] ?? 0);
}

function numbersOf(version: string): readonly number[] {
  const parts = (version.split(/[-+]/, 1)[0] ?? "").split(".");
  return [0, 1, 2].map((at) => Number(parts[at] ?? 0));
}

const COLUMNS = ["library", "declared", "tested", "newest", "verdict"] as const;

/** The table as lines of text. */
export function drawTable(drifts: readonly Drift[]): readonly string[] {
  const rows = [
    COLUMNS,
    ...drifts.map(({ name, supported, tested, newest, verdict }) => [
      name,
      supported,
      tested.join(" "),
      newest ?? "?",
      verdict,
    ]),
  ];
  const widths = COLUMNS.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
