/**
 * The room that the spool may take: its configured size, and what the disk has.
 *
 * In: bytes that come and go. Out: whether more fits. Side effect: asks the file system for its free
 * room, at most ten times a second.
 */
import { readdir, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { SpoolError } from "./errors.ts";
import { DISK_LOOK_INTERVAL_MS } from "./limits.ts";

export interface SpaceOptions {
  readonly dir: string;
  readonly maxBytes: number;
  readonly diskFreeMinBytes: number;
}

/** The room that is left, and the limits that it is held against. */
export interface Room {
  readonly usedBytes: number;
  readonly maxBytes: number;
  readonly freeBytes: number;
  readonly diskFreeMinBytes: number;
}

/**
 * Refuse what does not fit.
 *
 * @throws {SpoolError} `SPOOL_FULL`, `SPOOL_DISK_FULL`
 */
export function checkRoom(room: Room, sizeBytes: number): void {
  const { usedBytes, maxBytes, freeBytes, diskFreeMinBytes } = room;
  if (usedBytes + sizeBytes > maxBytes) {
    throw new SpoolError(
      "SPOOL_FULL",
      `the spool has reached its limit of ${maxBytes} bytes; ClickHouse is behind`,
    );
  }
  if (freeBytes - sizeBytes < diskFreeMinBytes) {
    throw new SpoolError("SPOOL_DISK_FULL", "too little room left on the disk of the spool");
  }
}

export class SpoolSpace {
  readonly #options: SpaceOptions;
  #usedBytes = 0;
  #freeBytes = Number.POSITIVE_INFINITY;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;

  constructor(options: SpaceOptions) {
    this.#options = options;
  }

  /** Bytes of all files of the spool, quarantine included. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  get maxBytes(): number {
    return this.#options.maxBytes;
  }

  /** Free room of the disk when it was last looked at. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  add(sizeBytes: number): void {
    this.#usedBytes += sizeBytes;
  }

  /** The room now; the disk's as it was at the last look. */
  room(): Room {
    this.#lookLater();
    const { maxBytes, diskFreeMinBytes } = this.#options;
    return {
      usedBytes: this.#usedBytes,
      maxBytes,
      freeBytes: this.#freeBytes,
      diskFreeMinBytes,
    };
  }

  /** Ask the file system now. */
  async look(): Promise<void> {
    this.#lookedAtMs = performance.now();
    const { bavail, bsize } = await statfs(this.#options.dir);
    this.#freeBytes = bavail * bsize;
  }

  /** Count the files that are there; done once, at start. */
  async count(): Promise<void> {
    await this.look();
    const { dir } = this.#options;
    this.#usedBytes = 0;
    for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
      // The log of done batches is bounded by itself.
      if (!entry.isFile() || entry.name.endsWith(".done")) continue;
      this.#usedBytes += (await stat(join(entry.parentPath, entry.name))).size;
    }
  }

  #lookLater(): void {
    if (performance.now() - this.#lookedAtMs < DISK_LOOK_INTERVAL_MS) return;
    // A look that fails changes nothing: a write that does not fit fails by itself.
    this.#looking ??= this.look()
      .catch(() => undefined)
      .finally(() => {
        this.#looking = undefined;
      });
  }
}
