/**
 * What the spool is made of, and how a batch is sealed and handed on.
 *
 * In: the parts that a start made (`open-parts.ts`). Out: sealed batches, in order. Side effects: the
 * seal of each batch's file.
 */
import { parse } from "node:path";
import type { Log } from "../base/log.ts";
import { type AppendFile, finishFile, type SyncCounts } from "./append-file.ts";
import { type BatchFacts, encodeSeal, type SealRecord } from "./batch-file.ts";
import { ClosedBatch, type ClosedBatchFacts, type ClosedBatchParts } from "./closed-batch.ts";
import type { BatchContents } from "./contents.ts";
import type { DoneLog } from "./done-log.ts";
import { PreparedBatches, type PreparedRows, type Preparing } from "./prepared-rows.ts";
import type { ListedLetter, Quarantine } from "./quarantine.ts";
import type { PreparedBatch } from "./read-sound.ts";
import type { RecoveryOptions } from "./recovery.ts";
import type { Sealing } from "./sealing.ts";
import { SlabPool } from "./slabs.ts";
import type { SpoolSpace } from "./space.ts";
import type { RequestWindow } from "./window.ts";

/** Limits that a test sets lower. */
export interface SpoolLimits {
  readonly bytes?: number;
  readonly rows?: number;
  readonly ageMs?: number;
  readonly backlogAgeMs?: number;
  readonly idleRows?: number;
  readonly diskFreeMinBytes?: number;
  readonly windowRequests?: number;
  readonly unsealedBytes?: number;
}

export interface SpoolOptions {
  readonly dir: string;
  /** Largest size of the folder, in bytes. */
  readonly maxBytes: number;
  readonly sealing: Sealing;
  /** What is fixed for a batch that is opened now. */
  readonly describe: (batchId: string, nowMs: number) => BatchFacts;
  /** Takes the rows of batches ahead. @default they are read back from the file of a closed batch */
  readonly preparing?: Preparing;
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
  /** Still open from writing it: the seal is its last record. */
  readonly file?: AppendFile;
  readonly soundBytes: number;
  readonly contents: BatchContents;
  /** Its rows, if somebody has them. */
  readonly rows?: PreparedRows | undefined;
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
  readonly slabs: SlabPool = new SlabPool();
  /** Batches whose rows whoever inserts them has already. */
  readonly prepared: PreparedBatches;
  /** Sealed batches that have not left, oldest first. */
  readonly waiting: Map<string, ClosedBatch> = new Map();
  readonly #options: SpoolOptions;
  readonly #closedParts: ClosedBatchParts;
  #head: { sequence: number; hash: Buffer } | undefined;
  /** Files that went into quarantine as a whole; the next header says so. */
  #lostFiles: readonly ListedLetter[];

  constructor(options: SpoolOptions, parts: OpenedParts) {
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
    this.prepared = new PreparedBatches(options.preparing, (err) =>
      options.log.error({ err }, "rows could not be prepared; they are read from the spool again"),
    );
    const { head } = parts.doneLog;
    this.#head = head && { sequence: head.sequence, hash: Buffer.from(head.hash, "hex") };
    this.#closedParts = {
      doneLog: parts.doneLog,
      quarantine: parts.quarantine,
      space: parts.space,
      slabs: this.slabs,
      prepared: this.prepared,
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
    const { path, file, soundBytes, contents, rows, closedAtMs } = unsealed;
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
    // After a failure it is open no more: then the seal is written where it should be.
    if (file?.isOpen) await file.append(record);
    else await finishFile(path, soundBytes, record);
    await file?.close();
    await this.#noteLostFiles();
    const sizeBytes = soundBytes + record.length;
    this.space.add(sizeBytes - (unsealed.countedBytes ?? contents.sizeBytes));
    const wasLeft = unsealed.countedBytes !== undefined;
    // Of a batch whose rows nobody has nothing is kept: its turn may be far away.
    const isPrepared = rows?.heldBytes !== undefined;
    this.handOn({ path, seal, sizeBytes, wasLeft }, isPrepared ? { contents, rows } : undefined);
  }

  /** Hand a sealed batch on. */
  handOn(sealed: SealedFile, prepared?: PreparedBatch): void {
    const { path, seal, sizeBytes, wasLeft } = sealed;
    const { sealing, onClosed, log } = this.#options;
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
    const batch = new ClosedBatch(facts, this.#closedParts, prepared);
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

  /**
   * Hold the rows of a batch that is opened now, if it may be. Behind one that waits on the disk its
   * turn is far away, and memory is taken by those that are read back before it.
   */
  prepare(facts: BatchFacts): PreparedRows | undefined {
    if (!this.prepared.hasRoom) return undefined;
    for (const { isPrepared } of this.waiting.values()) if (!isPrepared) return undefined;
    return this.prepared.begin(facts);
  }
}

const NO_HASH: Buffer = Buffer.alloc(32);

/** What a start makes. */
export type OpenedParts = Pick<
  SpoolParts,
  "space" | "window" | "quarantine" | "doneLog" | "recovery" | "counts" | "damage" | "newId"
> & { readonly lostFiles: readonly ListedLetter[] };
