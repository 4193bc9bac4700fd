/**
 * A sealed batch on the disk, until every table has it.
 *
 * In: its file. Out: its contents; whoever inserts it has its rows by then, or they come with them.
 * Side effects: its file moves to the quarantine or goes, after the log of done batches has it.
 */
import { rm } from "node:fs/promises";
import { basename } from "node:path";
import type { Refusal } from "../base/stored-batch.ts";
import type { SealRecord } from "./batch-file.ts";
import { BatchContents } from "./contents.ts";
import type { DoneLog } from "./done-log.ts";
import type { PreparedBatches, PreparedRows } from "./prepared-rows.ts";
import type { Quarantine } from "./quarantine.ts";
import { type CorruptStretch, readBatch } from "./read-batch.ts";
import { type PreparedBatch, readSound } from "./read-sound.ts";
import type { SlabPool } from "./slabs.ts";
import type { SpoolSpace } from "./space.ts";

/** The facts of a batch that can no longer be read. */
const NOTHING = { workspaceId: "", retentionClass: "", policyDigest: "", tables: [] } as const;

/** What closed batches share. */
export interface ClosedBatchParts {
  readonly doneLog: DoneLog;
  readonly quarantine: Quarantine;
  readonly space: SpoolSpace;
  readonly slabs: SlabPool;
  readonly prepared: PreparedBatches;
  readonly now: () => number;
  /** Told of bytes that were changed after they had been written. */
  readonly onCorrupt: (file: string, stretches: readonly CorruptStretch[]) => Promise<void>;
  /** Told once the batch has left the spool. */
  readonly onLeft: (batch: ClosedBatch) => void;
}

/** Where a batch stands. */
export interface ClosedBatchFacts {
  readonly batchId: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly sequence: number;
  /** Hash of its header, 64 hex digits. */
  readonly hash: string;
  /** Kept in memory, some hundred bytes: the ledger gets its row whatever happens to the file. */
  readonly seal: SealRecord;
  /** Whether it was found at start: an earlier process may have written it to ClickHouse. */
  readonly wasLeft: boolean;
}

export class ClosedBatch {
  readonly facts: ClosedBatchFacts;
  readonly #parts: ClosedBatchParts;
  #contents: BatchContents | undefined;
  #rows: PreparedRows | undefined;

  /** @param prepared what it holds, if somebody has its rows */
  constructor(facts: ClosedBatchFacts, parts: ClosedBatchParts, prepared?: PreparedBatch) {
    this.facts = facts;
    this.#parts = parts;
    this.#contents = prepared?.contents;
    this.#rows = prepared?.rows;
  }

  /** Whether somebody has its rows, so that they need not be read. */
  get isPrepared(): boolean {
    return this.#rows !== undefined;
  }

  /** Its contents; read from the disk where nobody has its rows. */
  async read(): Promise<BatchContents> {
    this.#contents ??= await this.#readFile();
    return this.#contents;
  }

  async #readFile(): Promise<BatchContents> {
    const { path, batchId } = this.facts;
    const { slabs, prepared } = this.#parts;
    const sound = await readSound(path, slabs, (facts) => prepared.begin(facts));
    if (sound !== undefined) {
      this.#rows = sound.rows;
      return sound.contents;
    }
    const { contents, corrupt } = await readBatch(path);
    await this.#parts.onCorrupt(basename(path), corrupt);
    if (contents !== undefined) return contents;
    await this.#parts.quarantine.move(path, {
      id: batchId,
      kind: "file",
      batchId,
      reason: "the head of the file is corrupt",
      since: new Date(this.#parts.now()).toISOString(),
    });
    // The ledger keeps its row; its rows are reported as missing until someone restores the file.
    return new BatchContents({ ...NOTHING, batchId }, { keepsRows: true });
  }

  /** Every table has it. Logged first, then removed: a crash in between repeats both. */
  async done(): Promise<void> {
    await this.#log();
    await rm(this.facts.path, { force: true });
    this.#leave(-this.facts.sizeBytes);
  }

  /** Put it into quarantine. */
  async refuse(refusals: readonly Refusal[], storedTables: readonly string[]): Promise<void> {
    const { batchId, sequence, path } = this.facts;
    await this.#log();
    await this.#parts.quarantine.move(path, {
      id: batchId,
      kind: "batch",
      batchId,
      sequence,
      reason: reasonOf(refusals),
      since: new Date(this.#parts.now()).toISOString(),
      refusals,
      storedTables,
    });
    this.#leave(0);
  }

  #leave(sizeBytes: number): void {
    this.#contents = undefined;
    this.#rows?.discard();
    this.#rows = undefined;
    this.#parts.space.add(sizeBytes);
    this.#parts.onLeft(this);
  }

  async #log(): Promise<void> {
    const { batchId, sequence, hash } = this.facts;
    const { requests } = await this.read();
    await this.#parts.doneLog.append({
      batchId,
      sequence,
      hash,
      doneAtMs: this.#parts.now(),
      requests,
    });
  }
}

/** Why a batch is in quarantine, for people. */
export function reasonOf(refusals: readonly Refusal[]): string {
  return refusals
    .map(({ table, code, type, rows }) => `${table} refused ${rows} rows: ${type} (${code})`)
    .join("; ");
}
