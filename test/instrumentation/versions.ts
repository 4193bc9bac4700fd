/**
 * Libraries under their own names in other versions than the one that this workspace has.
 *
 * In: names, and the aliases under which npm has installed their versions. Out: a folder for an
 * application that gets them. Side effects: links in a folder below `node_modules`, so that
 * everything else is found as always.
 */
import { linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NODE_MODULES = fileURLToPath(new URL("../../node_modules", import.meta.url));

/** Where such folders lie; on the file system of the packages, so that files can be linked. */
const CACHE = join(NODE_MODULES, ".cache");

/** What no process reads. */
const UNREAD = /\.(?:map|ts|mts|cts|md)$/;

export interface Versions {
  readonly folder: string;
  /** The version of a library in it. */
  versionOf(name: string): string;
  remove(): void;
}

/**
 * Make a folder that has libraries in these versions.
 *
 * @param aliases alias by name; a name may be its own alias, so that it finds the others
 * @param without packages that stay away from below an alias: the one in the folder counts
 */
export function installVersions(
  aliases: Readonly<Record<string, string>>,
  without: readonly string[] = [],
): Versions {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, "spanledger-versions-"));
  const placeOf = (name: string): string => join(folder, "node_modules", name);
  for (const [name, alias] of Object.entries(aliases)) {
    const left = new Set(without.map((one) => join(NODE_MODULES, alias, "node_modules", one)));
    linkTree(join(NODE_MODULES, alias), placeOf(name), left);
  }
  return {
    folder,
    versionOf: (name) => {
      const manifest = readFileSync(join(placeOf(name), "package.json"), "utf8");
      return (JSON.parse(manifest) as { readonly version: string }).version;
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

function linkTree(from: string, to: string, left: ReadonlySet<string>): void {
  mkdirSync(dirname(to), { recursive: true });
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    const source = join(entry.parentPath, entry.name);
    if (!entry.isFile() || UNREAD.test(entry.name)) continue;
    if ([...left].some((one) => source.startsWith(`${one}/`))) continue;
    const target = join(to, source.slice(from.length));
    mkdirSync(dirname(target), { recursive: true });
    linkSync(source, target);
  }
}
