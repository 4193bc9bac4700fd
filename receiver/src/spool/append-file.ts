/**
 * One file that grows record by record, made durable in groups.
 *
 * In: framed records. Out: a promise for each, resolved once it is on the disk. Side effects: the
 * file, and its folder's entry for it. While one group is being synced the next one gathers, so a
 * slow disk makes larger groups, not a longer queue.
 */
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";

/** Only the owner reads what was recorded. */
const FILE_MODE = 0o600;

/** Buffers in one write: IOV_MAX of Linux and macOS. */
const GROUP_MAX_BUFFERS = 1_024;

interface Waiting {
  readonly bytes: Buffer;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Nobody waits for a head alone. */
const ignore = (): void => undefined;

/** What every file has done together, for the operator. */
export interface SyncCounts {
  commits: number;
  records: number;
  /** Longest write and sync so far, in milliseconds. */
  longestMs: number;
}

/** A new file, open for appending. */
export class AppendFile {
  readonly path: string;
  readonly #counts: SyncCounts;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #file: FileHandle | undefined;
  #durableBytes = 0;
  #failure: unknown;

  /** @param head the first record; it comes to the disk with the first append */
  constructor(path: string, head: Buffer, counts: SyncCounts) {
    this.path = path;
    this.#counts = counts;
    this.#waiting.push({ bytes: head, resolve: ignore, reject: ignore });
  }

  /** Bytes that are on the disk; what lies behind them was not acknowledged. */
  get durableBytes(): number {
    return this.#durableBytes;
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** Whether it can take another record. */
  get isOpen(): boolean {
    return this.#file !== undefined && !this.failed;
  }

  /** Resolves when nothing is under way any more. Never rejects. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /** Append a record; resolves once it is durable. After one failure every append is refused. */
  append(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#waiting.push({ bytes, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Wait for what is under way, then close. Never rejects. */
  async close(): Promise<void> {
    await this.#running;
    const file = this.#file;
    this.#file = undefined;
    // Everything acknowledged was synced; an error of closing changes nothing.
    await file?.close().catch(() => undefined);
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, GROUP_MAX_BUFFERS);
      try {
        await this.#commit(group.map(({ bytes }) => bytes));
      } catch (error) {
        this.#failure = error;
        for (const { reject } of group.concat(this.#waiting.splice(0))) reject(error);
        break;
      }
      for (const { resolve } of group) resolve();
    }
    this.#running = undefined;
  }

  async #commit(buffers: Buffer[]): Promise<void> {
    const started = performance.now();
    const isNew = this.#file === undefined;
    this.#file ??= await open(this.path, "ax", FILE_MODE);
    const sizeBytes = buffers.reduce((sum, { length }) => sum + length, 0);
    await writeAll(this.#file, buffers, sizeBytes);
    await this.#file.datasync();
    if (isNew) await syncDirectory(dirname(this.path));
    this.#durableBytes += sizeBytes;
    this.#counts.commits += 1;
    this.#counts.records += buffers.length;
    this.#counts.longestMs = Math.max(this.#counts.longestMs, performance.now() - started);
  }
}

/** A write may take less than it was given, for example as the disk fills up. */
async function writeAll(file: FileHandle, buffers: Buffer[], sizeBytes: number): Promise<void> {
  const { bytesWritten } = await file.writev(buffers);
  if (bytesWritten === sizeBytes) return;
  let rest = Buffer.concat(buffers).subarray(bytesWritten);
  while (rest.length > 0) {
    const { bytesWritten: more } = await file.write(rest);
    if (more === 0) throw Object.assign(new Error("nothing was written"), { code: "ENOSPC" });
    rest = rest.subarray(more);
  }
}

/** Make the entries of a folder durable. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/**
 * Write the last record of a file, behind what is durable, whatever stands there.
 *
 * @param at bytes of the file to keep
 */
export async function finishFile(path: string, at: number, record: Buffer): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.truncate(at);
    let done = 0;
    while (done < record.length) {
      const { bytesWritten } = await file.write(record, done, record.length - done, at + done);
      done += bytesWritten;
    }
    await file.datasync();
  } finally {
    await file.close();
  }
}
