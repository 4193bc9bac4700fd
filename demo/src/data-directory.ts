/**
 * The demo's data directory: fresh at each start, and never somebody else's.
 *
 * In: a path. Side effects: removes and makes the directory. What the demo did not make, it does
 * not remove; what a running demo uses neither.
 */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Says that the demo made the directory; holds the process id while one uses it. */
const MARKER_FILE = "made-by-the-demo";

/** The directory cannot be used; the message says what to do. */
class DataDirectoryError extends Error {
  readonly code: "DEMO_DIRECTORY_FOREIGN" | "DEMO_DIRECTORY_IN_USE";

  constructor(code: DataDirectoryError["code"], message: string) {
    super(message);
    this.name = "DataDirectoryError";
    this.code = code;
  }
}

/** Make `path` anew, for process `pid`. @throws {DataDirectoryError} */
export async function claimDataDirectory(path: string, pid: number): Promise<void> {
  const names = await readdir(path).catch(ignoreMissing);
  if (names !== undefined && names.length > 0) {
    if (!names.includes(MARKER_FILE)) {
      throw new DataDirectoryError(
        "DEMO_DIRECTORY_FOREIGN",
        `${path} was not made by the demo; move it away and start again`,
      );
    }
    const owner = Number(await readFile(join(path, MARKER_FILE), "utf8"));
    if (owner > 0 && owner !== pid && isRunning(owner)) {
      throw new DataDirectoryError(
        "DEMO_DIRECTORY_IN_USE",
        `another demo (process ${owner}) uses ${path}; end it and start again`,
      );
    }
    await rm(path, { recursive: true });
  }
  await mkdir(path, { recursive: true, mode: 0o700 });
  await writeFile(join(path, MARKER_FILE), String(pid));
}

/** Say that no process uses `path` any more; the data stays to be looked at. */
export async function releaseDataDirectory(path: string): Promise<void> {
  await writeFile(join(path, MARKER_FILE), "");
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") {
    return undefined;
  }
  throw error;
}
