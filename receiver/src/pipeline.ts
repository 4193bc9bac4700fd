/**
 * The way of a request through the stages: encode → spool → [acknowledge] → seal → store.
 *
 * In: export requests as they came. Out: an outcome, once what was kept is on the disk; rows in
 * ClickHouse a little later. Side effects: those of the spool and of the store.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { ClickHouseClient } from "@clickhouse/client";
import { BATCH_TABLES, LEDGER, type Table } from "@spanledger/schema";
import type { Log } from "./base/log.ts";
import type { BatchSource, StorableBatch, StorableTable, TableRows } from "./base/stored-batch.ts";
import { firstPlace } from "./classify/place.ts";
import type { ExportHandler, ExportRequest } from "./otlp/types.ts";
import { BatchSeal } from "./seal/batch-seal.ts";
import { decodeHeader, hashHeader } from "./seal/header.ts";
import { ledgerRow } from "./seal/ledger-row.ts";
import type { BatchFacts, BatchTable, SealRecord } from "./spool/batch-file.ts";
import { type ClosedBatch, reasonOf } from "./spool/closed-batch.ts";
import type { BatchContents } from "./spool/contents.ts";
import type { Preparing } from "./spool/prepared-rows.ts";
import type { ListedLetter } from "./spool/quarantine.ts";
import type { Recorder } from "./spool/recorder.ts";
import { QuarantinedBatch } from "./spool/redrive.ts";
import { createRequestDigest } from "./spool/request-digest.ts";
import type { Sealing } from "./spool/sealing.ts";
import { Spool } from "./spool/spool.ts";
import type { SpoolLimits } from "./spool/spool-parts.ts";
import type { SpoolState } from "./spool/spool-state.ts";
import { TableInserter } from "./store/insert.ts";
import type { Inserter } from "./store/inserter.ts";
import { encodeRows } from "./store/row-binary.ts";
import { BatchWriter, type WriterState } from "./store/writer.ts";

/** What a pipeline is made of. */
export interface PipelineOptions {
  /** Folder of the spool. */
  readonly spoolDir: string;
  readonly spoolMaxBytes: number;
  readonly client: ClickHouseClient;
  /** Turns requests into records of rows. */
  readonly recorder: Recorder<ExportRequest>;
  /** @default inserts in this thread, through the client */
  readonly inserter?: Inserter;
  /** Secret of the digests by which a request that is sent again is known, 32 bytes. */
  readonly digestKey: Uint8Array;
  /** Workspace of everything that comes in. */
  readonly workspaceId: string;
  readonly retentionClass: string;
  /** SHA-256 of what the redaction is set to, 64 hex digits. */
  readonly policyDigest: string;
  /** Resolves when the schema is in place; until then batches wait. */
  readonly storeReady?: Promise<void>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
  readonly limits?: SpoolLimits;
}

/** What came of trying a dead letter again. */
export interface Redriven {
  readonly id: string;
  readonly stored: boolean;
  /** Why not. */
  readonly reason: string;
}

export interface Pipeline {
  /** Takes requests of both OTLP servers. */
  readonly handler: ExportHandler;
  /** Close the open batch; resolves with true when all that was taken before is stored. */
  flush(timeoutMs: number): Promise<boolean>;
  state(): Promise<{ readonly spool: SpoolState; readonly writer: WriterState }>;
  deadLetters(): Promise<readonly ListedLetter[]>;
  /** Try a dead letter again, or all of them. */
  redrive(id?: string): Promise<readonly Redriven[]>;
  /** Take nothing more; store what waits if that is done in time; the rest stays on the disk. */
  stop(flushMs: number): Promise<void>;
}

/** The header of a batch and its place, as the sealing stage has them. */
const SEALING: Sealing = {
  begin: (facts) => new BatchSeal(facts),
  hash: hashHeader,
  read: decodeHeader,
};

/** Start the pipeline: batches that an earlier process left are stored first. */
export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { client, log, storeReady, workspaceId } = options;
  const inserter = options.inserter ?? new TableInserter(client);
  const writer = new BatchWriter({
    client,
    log,
    inserter,
    ...(storeReady && { ready: storeReady }),
  });
  const digest = createRequestDigest(options.digestKey);
  const spool = await Spool.open(
    {
      dir: options.spoolDir,
      maxBytes: options.spoolMaxBytes,
      sealing: SEALING,
      describe: (batchId, nowMs) => describeBatch(batchId, nowMs, options),
      preparing: preparingFor(inserter),
      onClosed: (batch) => void writer.push(sourceOf(batch)),
      isBehind: () => writer.isBehind,
      now: options.now,
      log,
      ...(options.limits && { limits: options.limits }),
    },
    options.recorder,
  );
  const { quarantine } = spool.parts;
  const redriveOne = async (letter: ListedLetter): Promise<Redriven> => {
    const batch = await QuarantinedBatch.open(letter, spool.parts);
    let reason = "the server stops";
    await writer.push({
      ...storing(batch.contents, batch.seal),
      batchId: letter.batchId,
      wasLeft: false,
      storedTables: new Set(letter.storedTables),
      done: async () => {
        await batch.done();
        reason = "";
      },
      refuse: async (refusals, stored) => {
        await batch.refuse(refusals, stored);
        reason = reasonOf(refusals);
      },
    });
    return { id: letter.id, stored: reason === "", reason };
  };
  const flush = async (timeoutMs: number): Promise<boolean> => {
    await spool.close();
    return withinTime(writer.settled(), timeoutMs);
  };
  return {
    handler: (request) => {
      const { signal, transport, format, body } = request;
      return spool.append(digest([workspaceId, signal, transport, format], body), request);
    },
    flush,
    state: async () => ({ spool: await spool.state(), writer: writer.state() }),
    deadLetters: () => quarantine.list(),
    redrive: async (id) => {
      if (id !== undefined) return [await redriveOne(await quarantine.find(id))];
      const batches = (await quarantine.list()).filter(({ kind }) => kind === "batch");
      return Promise.all(batches.map(redriveOne));
    },
    stop: async (flushMs) => {
      const sealed = spool.stop();
      // Whoever does not answer now will not while we wait: the next start stores what is left.
      const flushed = sealed.then(() => (writer.isStuck ? undefined : writer.settled()));
      await withinTime(flushed, flushMs);
      writer.stop();
      await spool.parts.doneLog.close();
    },
  };
}

function describeBatch(batchId: string, nowMs: number, options: PipelineOptions): BatchFacts {
  const { workspaceId, retentionClass, policyDigest } = options;
  const place = firstPlace({ batchId, workspaceId, retentionClass, receivedAtMs: nowMs });
  const tables = place.tables.map(({ segment, expiresAtS }, index) => {
    const { name, columns } = BATCH_TABLES[index as 0];
    return { name, columns: Object.keys(columns).length, segment, expiresAtS };
  });
  return { batchId, workspaceId, retentionClass, policyDigest, tables };
}

function sourceOf(batch: ClosedBatch): BatchSource {
  const { batchId, seal, wasLeft } = batch.facts;
  return {
    batchId,
    wasLeft,
    storedTables: new Set(),
    load: async () => storing(await batch.read(), seal).load(),
    done: () => batch.done(),
    refuse: (refusals, stored) => batch.refuse(refusals, stored),
  };
}

/** A batch as the store takes it; the ledger's row comes last. */
function storing(contents: BatchContents, seal: SealRecord): Pick<BatchSource, "load"> {
  return {
    load: async (): Promise<StorableBatch> => {
      const { facts, keepsRows } = contents;
      const tables = contents.tables.flatMap(({ rows, chunks }, index): StorableTable[] => {
        const table = facts.tables[index];
        if (table === undefined || rows === 0) return [];
        return [{ ...columnsOf(table), rows, chunks: keepsRows ? chunks : undefined }];
      });
      const { bytes } = encodeRows(LEDGER, [ledgerRow(seal.header, seal.closedAtMs)]);
      // A copy: the encoder's bytes are valid until its next call only.
      const ledger = { name: LEDGER.name, columns: Object.keys(LEDGER.columns), rows: 1 };
      return { tables: [...tables, { ...ledger, chunks: [Buffer.from(bytes)] }] };
    },
  };
}

/** The rows of an open batch for whoever inserts it. */
function preparingFor(inserter: Inserter): Preparing {
  return {
    take: ({ batchId, tables }, pieces) =>
      inserter.prepare(
        batchId,
        tables.flatMap((table, index): TableRows[] => {
          const chunks = pieces[index] ?? [];
          return chunks.length === 0 ? [] : [{ ...columnsOf(table), chunks }];
        }),
      ),
    discard: (batchId) => inserter.discard(batchId),
  };
}

/** Which columns the rows of a table have: those of the version that made them. */
function columnsOf({ name, columns }: BatchTable): Pick<TableRows, "name" | "columns"> {
  const table: Table | undefined = BATCH_TABLES.find((one) => one.name === name);
  if (table === undefined) throw new RangeError(`the spool names an unknown table ${name}`);
  return { name, columns: Object.keys(table.columns).slice(0, columns) };
}

/** Whether a promise is kept in time; it goes on either way. */
async function withinTime(work: Promise<void>, timeoutMs: number): Promise<boolean> {
  const late = new AbortController();
  const inTime = work.then(() => true);
  const tooLate = delay(timeoutMs, false, { signal: late.signal }).catch(() => false);
  const result = await Promise.race([inTime, tooLate]);
  late.abort();
  return result;
}
