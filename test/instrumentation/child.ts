/** Applications under test as real processes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";

/** Longest life of a child, in milliseconds; far above what any needs. */
const CHILD_TIME_MAX_MS = 30_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ChildOptions {
  /** Flags of Node before the application. */
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** @default {@link CHILD_TIME_MAX_MS} */
  readonly timeMaxMs?: number;
  /** Called with everything on standard output so far; may send the child a signal. */
  readonly onOutput?: (stdout: string, kill: (signal: NodeJS.Signals) => void) => void;
}

/** Run an application to its end: one of `apps/`, or one by its absolute path. */
export async function runApp(
  app: string,
  args: readonly string[],
  { flags = [], environment = {}, timeMaxMs = CHILD_TIME_MAX_MS, onOutput }: ChildOptions = {},
): Promise<Ended> {
  const path = isAbsolute(app) ? app : fileURLToPath(new URL(`apps/${app}`, import.meta.url));
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const child = spawn(
    process.execPath,
    ["--conditions=@spanledger/source", ...flags, path, ...args],
    { env: { ...inherited, ...environment }, timeout: timeMaxMs },
  );
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    output.stdout += chunk.toString("utf8");
    onOutput?.(output.stdout, (signal) => child.kill(signal));
  });
  child.stderr.on("data", (chunk: Buffer) => {
    output.stderr += chunk.toString("utf8");
  });
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { code, signal, ...output };
}
