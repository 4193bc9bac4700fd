/**
 * A batch that still takes requests, and a request on its way into it. Types only.
 */
import type { AppendFile } from "./append-file.ts";
import type { BatchContents } from "./contents.ts";
import type { PreparedRows } from "./prepared-rows.ts";
import type { MadeRecord } from "./recorder.ts";
import type { BatchMemory } from "./slabs.ts";

/** A batch that still takes requests. */
export interface OpenBatch {
  readonly contents: BatchContents;
  /** Its rows, if somebody takes them ahead. */
  readonly rows: PreparedRows | undefined;
  readonly memory: BatchMemory;
  readonly file: AppendFile;
  readonly openedAtMs: number;
  timer: NodeJS.Timeout | undefined;
  idleTimer: NodeJS.Timeout | undefined;
  hasFailed: boolean;
  /** Requests of it that are being made into records. */
  readonly recording: Set<Promise<unknown>>;
  /** Records that are written, or turned into columns. */
  readonly keeping: Set<Promise<unknown>>;
}

/** A request whose record is on its way to the disk, if it has one. */
export interface Recorded {
  readonly made: MadeRecord;
  readonly committed: Promise<void> | undefined;
}
