/**
 * What a process uses, from Linux's /proc: CPU time of all its threads and resident memory.
 *
 * In: process ids. Out: seconds and bytes. Side effects: reads /proc; a watch has a timer.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** Clock ticks per second in /proc/<pid>/stat: USER_HZ, 100 on every Linux that Node runs on. */
const TICKS_PER_S = 100;

/** Time between two looks at the memory, in milliseconds. */
const WATCH_INTERVAL_MS = 100;

/** CPU seconds (user and system) of a process and all its threads so far; NaN when it is gone. */
export function cpuSeconds(pid: number): number {
  const text = readProc(`/proc/${pid}/stat`);
  // The second field is the name in brackets and may hold blanks.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

export interface Memory {
  /** Resident now. */
  readonly residentBytes: number;
  /** Of it the process's own pages, without files. */
  readonly anonymousBytes: number;
  /** Highest resident so far. */
  readonly peakBytes: number;
}

/** Memory of a process; zeros when it is gone. */
function memory(pid: number): Memory {
  const text = readProc(`/proc/${pid}/status`);
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1] ?? 0) * 1024;
  return {
    residentBytes: field("VmRSS"),
    anonymousBytes: field("RssAnon"),
    peakBytes: field("VmHWM"),
  };
}

/** Direct children of a process, of all its threads. */
export function childrenOf(pid: number): readonly number[] {
  let threads: readonly string[];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
  return threads
    .flatMap((thread) => readProc(`/proc/${pid}/task/${thread}/children`).split(" "))
    .filter((child) => child !== "")
    .map(Number);
}

/** Highest figures of what is watched. */
export interface Watch {
  /** Forget what was seen so far: a phase begins. */
  reset(): void;
  /** Highest of a process. `peakBytes` is the kernel's own, of the process's whole life. */
  memory(name: string): Memory;
  /** Highest size of the files in the folder. */
  folderBytes(): number;
  stop(): void;
}

/** Look at processes and at a folder until stopped; a gone process keeps its last figures. */
export function startWatch(
  pids: Readonly<Record<string, () => number | undefined>>,
  folder: string,
): Watch {
  const seen = new Map<string, Memory>();
  let folderBytes = 0;
  const look = (): void => {
    folderBytes = Math.max(folderBytes, sizeOf(folder));
    for (const [name, pidOf] of Object.entries(pids)) {
      const pid = pidOf();
      if (pid === undefined) continue;
      const now = memory(pid);
      const before = seen.get(name) ?? now;
      seen.set(name, {
        residentBytes: Math.max(before.residentBytes, now.residentBytes),
        anonymousBytes: Math.max(before.anonymousBytes, now.anonymousBytes),
        peakBytes: Math.max(before.peakBytes, now.peakBytes),
      });
    }
  };
  const timer = setInterval(look, WATCH_INTERVAL_MS);
  return {
    reset: () => {
      seen.clear();
      folderBytes = 0;
      look();
    },
    memory: (name) => {
      look();
      return seen.get(name) ?? { residentBytes: 0, anonymousBytes: 0, peakBytes: 0 };
    },
    folderBytes: () => folderBytes,
    stop: () => clearInterval(timer),
  };
}

/** Bytes of the files below a folder; files that vanish meanwhile count as none. */
function sizeOf(folder: string): number {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => statSync(join(parentPath, name), { throwIfNoEntry: false }))
      .reduce((total, file) => total + (file?.size ?? 0), 0);
  } catch {
    return 0;
  }
}

/** Empty when the process has ended. */
function readProc(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
