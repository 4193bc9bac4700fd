/**
 * Runs a benchmark in its tiny size as a process of its own.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/**
 * Run `bench/src/<name>.ts --tiny --json`.
 *
 * @returns what it printed
 * @throws when it ends with an exit code other than 0, or takes too long
 */
export async function runBench<T>(
  name: string,
  timeoutMs: number,
  args: readonly string[] = [],
): Promise<T> {
  const program = fileURLToPath(new URL(`../../bench/src/${name}.ts`, import.meta.url));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--conditions=@spanledger/source", program, "--tiny", "--json", ...args],
    { timeout: timeoutMs },
  );
  return JSON.parse(stdout) as T;
}
