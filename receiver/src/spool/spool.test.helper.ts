/**
 * A spool in a folder of its own, with rows and seals that a test can read.
 */
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type { Encode } from "../base/batch.ts";
import { createLog, type Log } from "../base/log.ts";
import type { BatchFacts } from "./batch-file.ts";
import type { ClosedBatch } from "./closed-batch.ts";
import type { Preparing } from "./prepared-rows.ts";
import { LocalRecorder, type Recorder } from "./recorder.ts";
import type { Sealing } from "./sealing.ts";
import { Spool } from "./spool.ts";
import type { SpoolOptions } from "./spool-parts.ts";

/** The first moment of a test's clock: 2026-11-21. */
export const START_MS = 1_795_219_200_000;

const NS_PER_MS = 1_000_000n;

/** SHA-256 of a text: a request's digest. */
export function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** An encoder of rows for the first table: a time, then the row's number and a text. */
export function encodeTexts(texts: readonly string[], options: { days?: number } = {}): Encode {
  return (place) => {
    const first = place.tables[0]?.nextRow ?? 0;
    const rows = texts.map((text, index) => {
      const time = Buffer.alloc(8);
      const day = options.days === undefined ? 0 : index % options.days;
      time.writeBigInt64LE(BigInt(START_MS + day * 86_400_000) * NS_PER_MS);
      return Buffer.concat([time, Buffer.from(`${first + index}=${text};`)]);
    });
    let end = 0;
    const rowEnds = Uint32Array.from(rows, (row) => (end += row.length));
    const none = { bytes: new Uint8Array(0), rowEnds: new Uint32Array(0) };
    return {
      tables: [{ bytes: Buffer.concat(rows), rowEnds }, none],
      rejected: 0,
      message: "",
    };
  };
}

/** What a header of {@link TEST_SEALING} says. */
export interface TestHeader {
  readonly origin: string;
  readonly sequence: number;
  readonly previous: string;
  readonly batchId: string;
  readonly rows: number;
  readonly lostRecords: number;
  readonly missingRows: readonly number[];
}

/** Seals that are JSON. */
const TEST_SEALING: Sealing = {
  begin: () => {
    let rows = 0;
    return {
      add: (_, { rowEnds }) => {
        rows += rowEnds.length;
      },
      seal: ({ origin, sequence, previous, facts, lostRecords, missingRows }) => {
        const { batchId } = facts;
        const header: TestHeader = {
          origin,
          sequence,
          previous: previous.toString("hex"),
          batchId,
          rows,
          lostRecords,
          missingRows,
        };
        return Buffer.from(JSON.stringify(header));
      },
    };
  },
  hash: (header) => createHash("sha256").update(header).digest(),
  read: (header) => {
    const { origin, sequence, previous } = JSON.parse(header.toString()) as TestHeader;
    return { origin, sequence, previous: Buffer.from(previous, "hex") };
  },
};

/** A log that nobody reads. */
const QUIET_LOG: Log = createLog("debug", new PassThrough().resume());

/** Keeps copies of the rows that were taken ahead, table after table, until they are discarded. */
export class TestPreparing implements Preparing {
  readonly held: Map<string, Buffer[][]> = new Map();

  async take(
    { batchId, tables }: BatchFacts,
    pieces: readonly (readonly Uint8Array[])[],
  ): Promise<number | undefined> {
    const held = this.held.get(batchId) ?? tables.map(() => []);
    this.held.set(batchId, held);
    for (const [index, own] of pieces.entries()) {
      held[index]?.push(...own.map((piece) => Buffer.from(piece)));
    }
    // Memory that is not shared goes to the thread that takes the rows.
    for (const { buffer } of pieces.flat()) {
      if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
    }
    return held.flat().reduce((sum, { length }) => sum + length, 0);
  }

  discard(batchId: string): void {
    this.held.delete(batchId);
  }
}

/** A spool and the batches that it handed on. */
export interface TestSpool {
  readonly spool: Spool<Encode>;
  readonly closed: ClosedBatch[];
  readonly preparing: TestPreparing;
  /** Seal what is open, close all files. */
  stop(): Promise<void>;
}

/** What is fixed for a batch of two tables. */
export function factsOf(batchId: string): BatchFacts {
  return {
    batchId,
    workspaceId: "default",
    retentionClass: "standard",
    policyDigest: "00".repeat(32),
    tables: ["spans", "payloads"].map((name, segment) => ({
      name,
      columns: 2,
      segment,
      expiresAtS: 1_826_841_600,
    })),
  };
}

/** Open a folder; batches close only when a test says so. */
export async function openTestSpool(
  dir: string,
  options: Partial<SpoolOptions> = {},
  recorder: Recorder<Encode> = new LocalRecorder((encode: Encode) => encode),
): Promise<TestSpool> {
  const closed: ClosedBatch[] = [];
  const preparing = new TestPreparing();
  const spool = await Spool.open(
    {
      dir,
      maxBytes: 1e9,
      sealing: TEST_SEALING,
      describe: factsOf,
      preparing,
      onClosed: (batch) => {
        takers.set(batch, preparing);
        closed.push(batch);
      },
      isBehind: () => false,
      now: () => START_MS,
      log: QUIET_LOG,
      ...options,
      limits: { ageMs: 3_600_000, diskFreeMinBytes: 0, ...options.limits },
    },
    recorder,
  );
  const stop = async (): Promise<void> => {
    await spool.stop();
    await spool.parts.doneLog.close();
  };
  return { spool, closed, preparing, stop };
}

/** Who takes the rows of a batch. */
const takers = new WeakMap<ClosedBatch, TestPreparing>();

/** The rows of a batch as text, times left out; taken ahead or read back. */
export async function textsOf(batch: ClosedBatch): Promise<string> {
  const { tables, keepsRows } = await batch.read();
  const taken = takers.get(batch)?.held.get(batch.facts.batchId);
  const held = keepsRows ? tables.map(({ chunks }) => chunks) : taken;
  return (held ?? [])
    .flat()
    .map((chunk) => chunk.toString("latin1").replaceAll(/[^;]{8}(?=\d+=)/gs, ""))
    .join("");
}

/** The header of a batch. */
export function headerOf(batch: ClosedBatch): TestHeader {
  return JSON.parse(batch.facts.seal.header.toString()) as TestHeader;
}

/** A folder that goes with the test. */
export async function testDir(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "spanledger-spool-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
