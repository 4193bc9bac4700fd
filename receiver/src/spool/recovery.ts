/**
 * The spool folder after a crash, or after an orderly stop: the same code, so it is always tried.
 *
 * In: the folder. Out: the batches that wait, oldest first, sealed or to be sealed. Side effects:
 * torn tails are cut, corrupt bytes copied into quarantine, files without a record removed.
 * Everything here can be repeated: a crash in the middle changes nothing for the next start.
 */
import { open, readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import type { SealRecord } from "./batch-file.ts";
import type { BatchContents } from "./contents.ts";
import type { Quarantine } from "./quarantine.ts";
import { type CorruptStretch, readBatch } from "./read-batch.ts";
import type { Sealing } from "./sealing.ts";

export const BATCH_SUFFIX = ".batch";

/** A batch that was found. */
export interface FoundBatch {
  readonly batchId: string;
  readonly path: string;
  readonly contents: BatchContents;
  readonly seal: SealRecord | undefined;
  /** Where its next record goes. */
  readonly soundBytes: number;
}

export interface RecoveryOptions {
  readonly dir: string;
  readonly sealing: Sealing;
  readonly quarantine: Quarantine;
  readonly now: () => number;
  readonly onCorrupt: (file: string, stretches: readonly CorruptStretch[]) => Promise<void>;
  /** Told of bytes that a crash cut off; they were never acknowledged. */
  readonly onTorn: (file: string, sizeBytes: number) => void;
}

/** Go through the folder, one batch in memory at a time. */
export async function* recoverBatches(
  options: RecoveryOptions,
): AsyncGenerator<FoundBatch, void, undefined> {
  const names = await readdir(options.dir);
  for (const name of names.filter((one) => one.endsWith(BATCH_SUFFIX)).toSorted()) {
    const found = await recoverBatch(join(options.dir, name), options);
    if (found !== undefined) yield found;
  }
}

/** Bring one file into order; undefined when nothing in it was ever acknowledged. */
export async function recoverBatch(
  path: string,
  options: RecoveryOptions,
): Promise<FoundBatch | undefined> {
  const name = basename(path);
  const batchId = basename(path, BATCH_SUFFIX);
  const { contents, seal, corrupt, soundBytes, sizeBytes } = await readBatch(path, options.sealing);
  if (contents === undefined) {
    // Without a head and without damage the file is a first write that was cut off.
    if (corrupt.length === 0) await rm(path, { force: true });
    else await quarantineFile(path, batchId, options);
    return undefined;
  }
  await options.onCorrupt(name, corrupt);
  if (soundBytes < sizeBytes) {
    options.onTorn(name, sizeBytes - soundBytes);
    await cutFile(path, soundBytes);
  }
  if (contents.requests.length === 0 && corrupt.length === 0) {
    await rm(path, { force: true });
    return undefined;
  }
  return { batchId, path, contents, seal, soundBytes };
}

async function quarantineFile(
  path: string,
  batchId: string,
  { quarantine, now }: RecoveryOptions,
): Promise<void> {
  await quarantine.move(path, {
    id: batchId,
    kind: "file",
    batchId,
    reason: "the head of the file is corrupt",
    since: new Date(now()).toISOString(),
  });
}

/** Cut what stands behind the records that count. */
export async function cutFile(path: string, sizeBytes: number): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.truncate(sizeBytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}
