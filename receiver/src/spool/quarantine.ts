/**
 * Dead letters: what can be neither stored nor dropped, kept with its reason.
 *
 * In: a batch that ClickHouse refuses for good, or bytes that were found corrupt. Out: a list, and
 * the batches again. Side effects: per letter a `.json` with the reason and a `.bytes` or `.batch`
 * file in the quarantine folder. The reason comes first, so that no letter is without one.
 */
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Refusal } from "../base/stored-batch.ts";
import { syncDirectory } from "./append-file.ts";
import { SpoolError } from "./errors.ts";

/**
 * - `batch`: a whole batch that ClickHouse refused; it can be tried again
 * - `record`: corrupt bytes of a batch's file or of a digest log
 * - `file`: a batch's file whose head is corrupt
 */
export type DeadLetterKind = "batch" | "record" | "file";

/** Why something is in quarantine; free of content. */
export interface DeadLetter {
  readonly id: string;
  readonly kind: DeadLetterKind;
  readonly batchId: string;
  readonly reason: string;
  /** ISO 8601. */
  readonly since: string;
  /** Of a batch: its place in the log. Of a file: of the header that names it as lost. */
  readonly sequence?: number;
  /** Of a batch: which tables refused it. */
  readonly refusals?: readonly Refusal[];
  /** Of a batch: tables that have it. */
  readonly storedTables?: readonly string[];
}

export interface ListedLetter extends DeadLetter {
  readonly sizeBytes: number;
}

const REASON = ".json";
const DATA: Readonly<Record<DeadLetterKind, string>> = {
  batch: ".batch",
  record: ".bytes",
  file: ".bytes",
};

export class Quarantine {
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  static async open(spoolDir: string): Promise<Quarantine> {
    const dir = join(spoolDir, "quarantine");
    await mkdir(dir, { recursive: true, mode: 0o700 });
    return new Quarantine(dir);
  }

  /** Where a letter's bytes are. */
  pathOf(letter: Pick<DeadLetter, "id" | "kind">): string {
    return join(this.#dir, letter.id + DATA[letter.kind]);
  }

  /** Keep a copy of corrupt bytes. Repeating it changes nothing. Returns whether it is new. */
  async keep(letter: DeadLetter, bytes: Uint8Array): Promise<boolean> {
    const path = this.pathOf(letter);
    if ((await sizeOf(path)) === bytes.length && (await this.#read(letter.id)) !== undefined) {
      return false;
    }
    await writeDurably(path, bytes);
    await this.write(letter);
    return true;
  }

  /** Move a file here. Repeating it after a crash in the middle completes it. */
  async move(path: string, letter: DeadLetter): Promise<void> {
    await this.write(letter);
    await rename(path, this.pathOf(letter));
    await syncDirectory(this.#dir);
  }

  /** Write a letter's reason anew. */
  async write(letter: DeadLetter): Promise<void> {
    const path = join(this.#dir, letter.id + REASON);
    await writeDurably(`${path}.new`, Buffer.from(`${JSON.stringify(letter)}\n`));
    await rename(`${path}.new`, path);
    await syncDirectory(this.#dir);
  }

  /** Every letter that has its bytes, oldest first. */
  async list(): Promise<ListedLetter[]> {
    const letters: ListedLetter[] = [];
    for (const name of (await readdir(this.#dir)).toSorted()) {
      if (!name.endsWith(REASON)) continue;
      const letter = await this.#read(name.slice(0, -REASON.length));
      const sizeBytes = letter && (await sizeOf(this.pathOf(letter)));
      if (letter !== undefined && sizeBytes !== undefined) letters.push({ ...letter, sizeBytes });
    }
    return letters;
  }

  /** @throws {SpoolError} `SPOOL_NOT_FOUND` */
  async find(id: string): Promise<ListedLetter> {
    const found = (await this.list()).find((letter) => letter.id === id);
    if (found !== undefined) return found;
    throw new SpoolError("SPOOL_NOT_FOUND", "there is no such batch in quarantine");
  }

  /** Forget a letter: its batch is stored. */
  async remove(letter: DeadLetter): Promise<void> {
    await rm(this.pathOf(letter), { force: true });
    await rm(join(this.#dir, letter.id + REASON), { force: true });
  }

  async #read(id: string): Promise<DeadLetter | undefined> {
    try {
      return JSON.parse(await readFile(join(this.#dir, id + REASON), "utf8")) as DeadLetter;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw new SpoolError("SPOOL_UNREADABLE", `the reason of ${id} cannot be read`, error);
    }
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
