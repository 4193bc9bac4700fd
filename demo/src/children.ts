/**
 * Child processes that never outlive the demo.
 *
 * In: a command of this Node.js. Out: its lines, its exit. Side effects: each child leads a process
 * group of its own, so that Ctrl-C reaches the demo alone, which then ends them in order, and
 * so that a child that does not end takes its own children with it when it is killed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Time for a child to end after SIGTERM, in milliseconds; the receiver drains for up to 10 s. */
const STOP_GRACE_MS_DEFAULT = 15_000;

/** Last lines kept of a child's standard error, to be shown if it fails. */
const LAST_LINES_MAX = 12;

/** Longest line kept, in characters. */
const LINE_SIZE_MAX_CHARS = 300;

/** How a child ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What to start and where its output goes. */
export interface ChildOptions {
  /** Name for messages: `the receiver`. */
  readonly name: string;
  /** Script and arguments for this Node.js. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Called for each line of standard output. @default standard output goes to the demo's */
  readonly onLine?: (line: string) => void;
  /** Open file for standard error. @default the last lines are kept in memory */
  readonly errorFile?: number;
}

/** A started child. */
export interface Child {
  readonly name: string;
  /** Resolves when it has ended and its output is read. Rejects if it cannot be started. */
  readonly exited: Promise<Exit>;
  /** The last lines of standard error, where they are kept. */
  readonly lastLines: readonly string[];
  /** Ask it to end; kill its group when that takes too long. Resolves when it has ended. */
  stop(): Promise<void>;
}

/** Every child that runs. */
export class Children {
  readonly #running = new Map<ChildProcess, Child>();
  readonly #stopGraceMs: number;
  #stopping = false;

  /** @param stopGraceMs time to end after SIGTERM, in milliseconds. @default 15 000 */
  constructor(stopGraceMs: number = STOP_GRACE_MS_DEFAULT) {
    this.#stopGraceMs = stopGraceMs;
    // The last resort, also for an error nobody expected: nothing may stay behind.
    process.once("exit", () => {
      for (const process of this.#running.keys()) {
        killGroup(process, "SIGKILL");
      }
    });
  }

  /** Start a child. @throws once {@link stopAll} was called */
  start(options: ChildOptions): Child {
    if (this.#stopping) {
      throw new Error("the demo is ending");
    }
    const { name, args, env, onLine, errorFile } = options;
    const child = spawn(process.execPath, [...process.execArgv, ...args], {
      env,
      detached: true,
      stdio: ["ignore", onLine === undefined ? "inherit" : "pipe", errorFile ?? "pipe"],
    });
    if (child.stdout !== null && onLine !== undefined) {
      createInterface({ input: child.stdout }).on("line", onLine);
    }
    const lastLines: string[] = [];
    if (child.stderr !== null) {
      createInterface({ input: child.stderr }).on("line", (line) => {
        lastLines.push(line);
        lastLines.splice(0, Infinity, ...lastLinesOf(lastLines));
      });
    }
    const exited = new Promise<Exit>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve({ code, signal }));
    }).finally(() => this.#running.delete(child));
    // Who waits for `exited` sees a failed start; nobody waiting must not end the demo.
    exited.catch(() => undefined);
    const started: Child = {
      name,
      exited,
      lastLines,
      stop: () => stop(child, exited, this.#stopGraceMs),
    };
    this.#running.set(child, started);
    return started;
  }

  /** End all of them, the newest first, and let no more start. */
  async stopAll(): Promise<void> {
    this.#stopping = true;
    for (const child of [...this.#running.values()].reverse()) {
      await child.stop();
    }
  }
}

/** How a child ended, in words. */
export function endOf({ code, signal }: Exit): string {
  return signal ?? `exit code ${code}`;
}

/** The end of a log, as much as one wants to read. */
export function lastLinesOf(lines: readonly string[]): readonly string[] {
  return lines.slice(-LAST_LINES_MAX).map((line) => line.slice(0, LINE_SIZE_MAX_CHARS));
}

async function stop(child: ChildProcess, exited: Promise<Exit>, graceMs: number): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGTERM");
  }
  const kill = setTimeout(() => killGroup(child, "SIGKILL"), graceMs);
  await exited.catch(() => undefined);
  clearTimeout(kill);
  // What it may have left behind.
  killGroup(child, "SIGKILL");
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) {
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group is gone already.
  }
}
