/**
 * The files of a receiver's spool, looked at from outside.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { until } from "./wait.ts";

/** Longest wait for batches to leave: the receiver's pauses between its tries are part of it. */
const LEAVE_MAX_MS = 120_000;

/** Names of the batches that are not stored yet. */
async function waitingBatches(dataDir: string): Promise<string[]> {
  const names = await readdir(join(dataDir, "spool"));
  return names.filter((name) => name.endsWith(".batch"));
}

/** Wait until the batches that are on the disk now are stored and have left it. */
export async function waitingBatchesLeave(dataDir: string): Promise<void> {
  const before = new Set(await waitingBatches(dataDir));
  await until("the waiting batches are stored", LEAVE_MAX_MS, async () =>
    (await waitingBatches(dataDir)).every((name) => !before.has(name)),
  );
}
