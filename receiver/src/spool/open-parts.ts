/**
 * A start of the spool: the folder as it was left becomes {@link SpoolParts}.
 *
 * In: the folder. Out: the parts, with every batch that was left handed on. Side effects: those of
 * the parts; batches that had no seal are sealed now, in their old order.
 */
import { mkdir, readdir } from "node:fs/promises";
import { parse } from "node:path";
import { decodeTime, monotonicFactory } from "ulid";
import type { SyncCounts } from "./append-file.ts";
import type { BatchContents, KnownRequest } from "./contents.ts";
import { type ChainHead, DoneLog } from "./done-log.ts";
import { DISK_FREE_MIN_BYTES, WINDOW_MAX_AGE_MS, WINDOW_MAX_REQUESTS } from "./limits.ts";
import { type ListedLetter, Quarantine } from "./quarantine.ts";
import type { CorruptStretch } from "./read-batch.ts";
import { type FoundBatch, type RecoveryOptions, recoverBatches } from "./recovery.ts";
import { SpoolSpace } from "./space.ts";
import { type SpoolOptions, SpoolParts } from "./spool-parts.ts";
import { RequestWindow } from "./window.ts";

/** Open the folder. */
export async function openParts(options: SpoolOptions): Promise<SpoolParts> {
  const { dir, now, limits } = options;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const quarantine = await Quarantine.open(dir);
  const damage = { corruptRecords: 0, tornTails: 0 };
  const recovery = recoveryOptions(options, quarantine, damage);
  const found = await findBatches(recovery);
  const ids = monotonicIds(await newestTime(dir));
  const counts: SyncCounts = { commits: 0, records: 0, longestMs: 0 };
  const window = new RequestWindow(
    limits?.windowRequests ?? WINDOW_MAX_REQUESTS,
    WINDOW_MAX_AGE_MS,
  );
  const doneLog = await DoneLog.open(
    {
      dir,
      requestsMax: limits?.windowRequests ?? WINDOW_MAX_REQUESTS,
      ageMaxMs: WINDOW_MAX_AGE_MS,
      now,
      newId: () => ids.next(now()),
      newOrigin: () => found.origin ?? `spanledger/${ids.next(now())}`,
      onCorrupt: (file, bytes, start, reason) =>
        recovery.onCorrupt(file, [{ bytes, start, reason }]),
      counts,
    },
    (batch) => {
      for (const { digest, rejected } of batch.requests) {
        window.add(digest, rejected, batch.doneAtMs);
      }
    },
  );
  if (doneLog.head !== undefined) ids.after(doneLog.head);
  const space = new SpoolSpace({
    dir,
    maxBytes: options.maxBytes,
    diskFreeMinBytes: limits?.diskFreeMinBytes ?? DISK_FREE_MIN_BYTES,
  });
  await space.count();
  const newId = (nowMs: number): string => ids.next(nowMs);
  const parts = new SpoolParts(options, {
    space,
    window,
    quarantine,
    doneLog,
    recovery,
    counts,
    damage,
    newId,
    lostFiles: (await quarantine.list()).filter(isUnnoted),
  });
  for (const batch of found.batches) await resume(batch, parts, options);
  return parts;
}

/** A whole file of which no header knows yet. */
function isUnnoted({ kind, sequence }: ListedLetter): boolean {
  return kind === "file" && sequence === undefined;
}

/** Hand on a batch that was left, sealing it if it was not. */
async function resume(batch: Left, parts: SpoolParts, options: SpoolOptions): Promise<void> {
  const nowMs = options.now();
  for (const { digest, rejected } of batch.requests) parts.window.add(digest, rejected, nowMs);
  const { path, seal, soundBytes, contents } = batch;
  if (seal !== undefined) parts.handOn({ path, seal, sizeBytes: soundBytes, wasLeft: true });
  else if (contents !== undefined) {
    await parts.seal({ path, soundBytes, contents, closedAtMs: nowMs, countedBytes: soundBytes });
  }
}

/** What is kept in memory of a batch that was left: not its rows, if it is sealed. */
interface Left extends Pick<FoundBatch, "path" | "seal" | "soundBytes"> {
  readonly requests: readonly KnownRequest[];
  readonly contents: BatchContents | undefined;
}

async function findBatches(
  recovery: RecoveryOptions,
): Promise<{ readonly batches: readonly Left[]; readonly origin: string | undefined }> {
  const batches: Left[] = [];
  let origin: string | undefined;
  for await (const { path, seal, soundBytes, contents } of recoverBatches(recovery)) {
    if (seal !== undefined) origin = recovery.sealing.read(seal.header).origin;
    // Copies: the digests are views of the whole file.
    const requests = contents.requests.map(({ digest, rejected }) => ({
      digest: Buffer.from(digest),
      rejected,
    }));
    batches.push({ path, seal, soundBytes, requests, contents: seal ? undefined : contents });
  }
  return { batches, origin };
}

function recoveryOptions(
  { dir, sealing, now, log }: SpoolOptions,
  quarantine: Quarantine,
  damage: { corruptRecords: number; tornTails: number },
): RecoveryOptions {
  return {
    dir,
    sealing,
    quarantine,
    now,
    onTorn: (file, sizeBytes) => {
      damage.tornTails += 1;
      log.warn({ file, sizeBytes }, "cut off the end of a write that was never acknowledged");
    },
    onCorrupt: async (file: string, stretches: readonly CorruptStretch[]) => {
      const batchId = parse(file).name;
      for (const { start, bytes, reason } of stretches) {
        const letter = {
          id: `${batchId}-${start}`,
          kind: "record",
          batchId,
          reason: `${bytes.length} bytes at ${start} of ${file} are corrupt (${reason})`,
          since: new Date(now()).toISOString(),
        } as const;
        if (!(await quarantine.keep(letter, bytes))) continue;
        damage.corruptRecords += 1;
        log.error(
          { file, start, sizeBytes: bytes.length, reason },
          "a corrupt record is in quarantine",
        );
      }
    },
  };
}

/** The newest time in any file's name, in milliseconds since 1970. */
async function newestTime(dir: string): Promise<number> {
  const names = (await readdir(dir, { recursive: true })).map((path) =>
    parse(path).name.slice(0, 26),
  );
  const ids = names.filter((name) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(name));
  return Math.max(0, ...ids.map((id) => decodeTime(id)));
}

/**
 * Ids that sort behind every one before, also when the clock was set back while nothing ran: the
 * order of the files is the order of the log.
 */
function monotonicIds(newestMs: number): {
  next(nowMs: number): string;
  after(head: ChainHead): void;
} {
  const make = monotonicFactory();
  let floorMs = newestMs + 1;
  return {
    next: (nowMs) => make(Math.max(nowMs, floorMs)),
    after: (head) => {
      floorMs = Math.max(floorMs, decodeTime(head.batchId) + 1);
    },
  };
}
