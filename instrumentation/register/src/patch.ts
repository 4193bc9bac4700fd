/**
 * Patching of what is loaded, or linked, by now, and what to say about each library.
 *
 * In: how this package came into the process, and where the application lies. Out: one line per
 * installed copy of a library. Side effect: prototypes are patched; a linked module is evaluated a
 * moment before the application would have done it.
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { findCopies, type Installed, isSupported } from "./installed.ts";
import type { Library } from "./libraries.ts";
import { requireLinked } from "./linked.ts";

/** How this package came into the process; decides what has to be patched at once. */
export type Arrival =
  /** `import "@spanledger/register"` in the application: its libraries may be linked already. */
  | "imported"
  /** `require()` or `--require`: what is loaded later goes through the hooks. */
  | "required"
  /** As `required`, where Node has no hook for ES modules: what is installed is loaded at once. */
  | "unhooked"
  /** `node --import @spanledger/register`: nothing of the application is loaded yet. */
  | "preloaded";

/** Patch what is loaded, or linked, already. @returns what to say about each library */
export function patchLibraries(
  libraries: readonly Library[],
  arrival: Arrival,
  application: string,
): readonly string[] {
  return libraries.flatMap((library) => {
    const copies = findCopies(library, application);
    if (copies.length === 0) {
      return [`${library.name}: not found from ${application}; patched if it is loaded`];
    }
    return copies.map((copy) => patchCopy(library, arrival, copy));
  });
}

function patchCopy(library: Library, arrival: Arrival, copy: Installed): string {
  const { version, packageJson, broughtBy } = copy;
  const whose = broughtBy === undefined ? "" : ` of ${broughtBy}`;
  const named = `${library.name} ${version}${whose}`;
  if (!isSupported(version, library.supported)) {
    return `${named}: not patched, supported: ${library.supported.join(", ")}`;
  }
  try {
    const now = patchLoaded(library, arrival, packageJson);
    return `${named}: ${now ? "patched" : "patched when it is loaded"}`;
  } catch (error) {
    const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
    const reason = String(code ?? "its files could not be loaded");
    return `${named}: not patched: ${reason}`;
  }
}

/** @returns whether there was something to patch by now */
function patchLoaded(library: Library, arrival: Arrival, packageJson: string): boolean {
  const load = createRequire(packageJson);
  const patched = library.files.map((file) => {
    const base = join(dirname(packageJson), file);
    const loadedCjs = load.cache[`${base}${library.cjs}`];
    if (loadedCjs?.loaded === true) library.patch(loadedCjs.exports);
    const linked = linkedNow(library, arrival, { load, base });
    if (linked !== undefined) library.patch(linked);
    return linked !== undefined || loadedCjs?.loaded === true;
  });
  return patched.length === 0 || patched.some(Boolean);
}

function linkedNow(
  { esm }: Library,
  arrival: Arrival,
  { load, base }: { readonly load: NodeJS.Require; readonly base: string },
): Readonly<Record<string, unknown>> | undefined {
  // CommonJS is evaluated when it is imported: its inner `require()` goes through the hooks.
  if (esm === undefined) return undefined;
  if (arrival === "imported") return requireLinked(load, `${base}${esm}`);
  return arrival === "unhooked" ? load(`${base}${esm}`) : undefined;
}
