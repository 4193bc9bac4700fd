/**
 * What the spool is made of, brought together at start: the place where a restart happens.
 *
 * In: the folder as it was left. Out: the parts, with every batch that was left handed on. Side
 * effects: those of the parts; batches that had no seal are sealed now, in their old order.
 */
import { mkdir, readdir } from "node:fs/promises";
import { parse } from "node:path";
import { decodeTime, monotonicFactory } from "ulid";
import type { Log } from "../base/log.ts";
import { finishFile, type SyncCounts } from "./append-file.ts";
import { type BatchFacts, encodeSeal, type SealRecord } from "./batch-file.ts";
import { ClosedBatch, type ClosedBatchFacts, type ClosedBatchParts } from "./closed-batch.ts";
import type { BatchContents, KnownRequest } from "./contents.ts";
import { type ChainHead, DoneLog } from "./done-log.ts";
import {
  CLOSED_IN_MEMORY_MAX_BYTES,
  DISK_FREE_MIN_BYTES,
  WINDOW_MAX_AGE_MS,
  WINDOW_MAX_REQUESTS,
} from "./limits.ts";
import { type ListedLetter, Quarantine } from "./quarantine.ts";
import type { CorruptStretch } from "./read-batch.ts";
import { type FoundBatch, type RecoveryOptions, recoverBatches } from "./recovery.ts";
import type { Sealing } from "./sealing.ts";
import { SpoolSpace } from "./space.ts";
import { RequestWindow } from "./window.ts";

/** Limits that a test sets lower. */
export interface SpoolLimits {
  readonly bytes?: number;
  readonly rows?: number;
  readonly ageMs?: number;
  readonly backlogAgeMs?: number;
  readonly diskFreeMinBytes?: number;
  readonly windowRequests?: number;
  readonly closedInMemoryBytes?: number;
}

export interface SpoolOptions {
  readonly dir: string;
  /** Largest size of the folder, in bytes. */
  readonly maxBytes: number;
  readonly sealing: Sealing;
  /** What is fixed for a batch that is opened now. */
  readonly describe: (batchId: string, nowMs: number) => BatchFacts;
  /** Takes sealed batches, in order. */
  readonly onClosed: (batch: ClosedBatch) => void;
  /** Whether batches wait for ClickHouse. */
  readonly isBehind: () => boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
  readonly limits?: SpoolLimits;
}

/** A batch that is complete but has no seal. */
interface Unsealed {
  readonly path: string;
  readonly soundBytes: number;
  readonly contents: BatchContents;
  readonly closedAtMs: number;
  /** Bytes of it that are counted in the space already. */
  readonly countedBytes?: number;
}

/** A batch with its seal. */
type SealedFile = Pick<ClosedBatchFacts, "path" | "seal" | "sizeBytes" | "wasLeft">;

export class SpoolParts {
  readonly space: SpoolSpace;
  readonly window: RequestWindow;
  readonly quarantine: Quarantine;
  readonly doneLog: DoneLog;
  readonly recovery: RecoveryOptions;
  readonly counts: SyncCounts;
  readonly damage: { corruptRecords: number; tornTails: number };
  readonly newId: (nowMs: number) => string;
  /** Sealed batches that have not left, oldest first. */
  readonly waiting: Map<string, ClosedBatch> = new Map();
  readonly #options: SpoolOptions;
  readonly #closedParts: ClosedBatchParts;
  #head: { sequence: number; hash: Buffer } | undefined;
  /** Files that went into quarantine as a whole; the next header says so. */
  #lostFiles: readonly ListedLetter[];

  constructor(options: SpoolOptions, parts: Opened) {
    this.#options = options;
    this.space = parts.space;
    this.window = parts.window;
    this.quarantine = parts.quarantine;
    this.doneLog = parts.doneLog;
    this.recovery = parts.recovery;
    this.counts = parts.counts;
    this.damage = parts.damage;
    this.newId = parts.newId;
    this.#lostFiles = parts.lostFiles;
    const { head } = parts.doneLog;
    this.#head = head && { sequence: head.sequence, hash: Buffer.from(head.hash, "hex") };
    this.#closedParts = {
      doneLog: parts.doneLog,
      quarantine: parts.quarantine,
      space: parts.space,
      now: options.now,
      onCorrupt: parts.recovery.onCorrupt,
      onLeft: (batch) => this.waiting.delete(batch.facts.batchId),
    };
  }

  get lastSequence(): number | undefined {
    return this.#head?.sequence;
  }

  /** Seal a batch and hand it on. Repeating it after a failure makes the same seal. */
  async seal(unsealed: Unsealed): Promise<void> {
    const { path, soundBytes, contents, closedAtMs } = unsealed;
    const { sealing } = this.#options;
    const header = (contents.seal ?? sealing.begin(contents.facts)).seal({
      origin: this.doneLog.origin,
      sequence: (this.#head?.sequence ?? -1) + 1,
      previous: this.#head?.hash ?? NO_HASH,
      facts: contents.facts,
      lostRecords: contents.lostRecords + this.#lostFiles.length,
      missingRows: contents.tables.map(({ missingRows }) => missingRows),
    });
    const seal: SealRecord = { closedAtMs, header };
    const record = encodeSeal(seal);
    await finishFile(path, soundBytes, record);
    await this.#noteLostFiles();
    const sizeBytes = soundBytes + record.length;
    this.space.add(sizeBytes - (unsealed.countedBytes ?? contents.sizeBytes));
    const wasLeft = unsealed.countedBytes !== undefined;
    this.handOn({ path, seal, sizeBytes, wasLeft }, contents);
  }

  /** Hand a sealed batch on. */
  handOn(sealed: SealedFile, contents?: BatchContents): void {
    const { path, seal, sizeBytes, wasLeft } = sealed;
    const { sealing, onClosed, log, limits } = this.#options;
    const { sequence, previous, origin } = sealing.read(seal.header);
    const hash = sealing.hash(seal.header);
    const head = this.#head;
    if (head === undefined || sequence > head.sequence) {
      const follows =
        previous.equals(head?.hash ?? NO_HASH) && sequence === (head?.sequence ?? -1) + 1;
      if (!follows || origin !== this.doneLog.origin) {
        log.error(
          { batch: parse(path).name, sequence },
          "the batch does not follow the one before",
        );
      }
      this.#head = { sequence, hash };
    }
    const batchId = parse(path).name;
    const hex = hash.toString("hex");
    const facts = { batchId, path, sizeBytes, sequence, hash: hex, seal, wasLeft };
    const keepMax = limits?.closedInMemoryBytes ?? CLOSED_IN_MEMORY_MAX_BYTES;
    const isKept = contents !== undefined && this.#inMemoryBytes() + contents.sizeBytes <= keepMax;
    const batch = new ClosedBatch(facts, this.#closedParts, isKept ? contents : undefined);
    this.waiting.set(batchId, batch);
    onClosed(batch);
  }

  /** A crash in between lets the next header say it again: a gap named twice, never none. */
  async #noteLostFiles(): Promise<void> {
    const sequence = (this.#head?.sequence ?? -1) + 1;
    for (const { sizeBytes: _, ...letter } of this.#lostFiles) {
      await this.quarantine.write({ ...letter, sequence });
    }
    this.#lostFiles = [];
  }

  #inMemoryBytes(): number {
    let sum = 0;
    for (const batch of this.waiting.values()) sum += batch.inMemoryBytes;
    return sum;
  }
}

const NO_HASH: Buffer = Buffer.alloc(32);

type Opened = Pick<
  SpoolParts,
  "space" | "window" | "quarantine" | "doneLog" | "recovery" | "counts" | "damage" | "newId"
> & { readonly lostFiles: readonly ListedLetter[] };

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
