/**
 * Goal: records made and rows inserted by threads are those that would be made and inserted here.
 * Method: the shipped threads beside `LocalRecorder`, byte by byte; the real engine for INSERTs.
 */
import { BATCH_TABLES, DEFAULT_RETENTION_CLASS } from "@spanledger/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requestOf } from "../../bench/src/shapes.ts";
import type { TableRows } from "../../receiver/src/base/stored-batch.ts";
import { firstPlace } from "../../receiver/src/classify/place.ts";
import { createEncoding } from "../../receiver/src/encode-request.ts";
import { READ_AHEAD_MAX_BYTES } from "../../receiver/src/otlp/limits.ts";
import type { ExportRequest } from "../../receiver/src/otlp/types.ts";
import { createRedactor } from "../../receiver/src/redact/index.ts";
import type { BatchFacts } from "../../receiver/src/spool/batch-file.ts";
import { readRecord } from "../../receiver/src/spool/batch-file.ts";
import { RECORDING_MAX, SLAB_SIZE_BYTES } from "../../receiver/src/spool/limits.ts";
import { LocalRecorder, type MadeRecord } from "../../receiver/src/spool/recorder.ts";
import { BatchMemory, largeMemory, SlabPool } from "../../receiver/src/spool/slabs.ts";
import { JudgedError, judge } from "../../receiver/src/store/errors.ts";
import { ThreadInserter } from "../../receiver/src/thread-inserter.ts";
import { ThreadRecorder } from "../../receiver/src/thread-recorder.ts";
import { tablesOf } from "../fixtures/batches.ts";
import { select, startTestEngine, type TestEngine } from "../fixtures/engine.ts";
import { batchOf } from "../fixtures/rows.ts";
import { EXAMPLE_TRACE_JSON } from "../otlp/example-trace.ts";

const KEY = new Uint8Array(32).fill(7);
const ROOM = { usedBytes: 0, maxBytes: 1e12, freeBytes: 1e12, diskFreeMinBytes: 0 };

function factsOf(batchId: string): BatchFacts {
  const facts = { batchId, workspaceId: "default", retentionClass: DEFAULT_RETENTION_CLASS };
  const place = firstPlace({ ...facts, receivedAtMs: Date.UTC(2026, 0, 1) });
  return {
    ...facts,
    policyDigest: "00".repeat(32),
    tables: place.tables.map(({ segment, expiresAtS }, index) => {
      const { name, columns } = BATCH_TABLES[index as 0];
      return { name, columns: Object.keys(columns).length, segment, expiresAtS };
    }),
  };
}

function requestWith(body: Buffer, more: Partial<ExportRequest> = {}): ExportRequest {
  const sizeBytes = body.length;
  const freeBody = (): void => undefined;
  const facts = { signal: "traces", transport: "grpc", format: "protobuf" } as const;
  return { body, ...facts, sizeBytes, freeBody, ...more };
}

const orderOf = (batchId: string) => ({
  digest: new Uint8Array(32).fill(1),
  batch: factsOf(batchId),
  room: ROOM,
});

describe("the recorder's thread", () => {
  let thread: ThreadRecorder;
  beforeAll(() => {
    thread = new ThreadRecorder({ redactionKey: KEY });
  });
  afterAll(() => thread.stop());

  const [batchA, batchB] = ["01J00000000000000000000000", "01J00000000000000000000001"];

  test("makes the records that are made here, for batch after batch", async () => {
    const local = new LocalRecorder(createEncoding(createRedactor({ key: KEY })));
    const pool = new SlabPool();
    const made: MadeRecord[] = [];
    for (const recorder of [local, thread]) {
      const memory = new BatchMemory(pool);
      const next = new BatchMemory(pool);
      made.push(
        ...(await Promise.all([
          recorder.record(requestWith(requestOf("genai", 64, 1)), orderOf(batchA), memory),
          recorder.record(requestWith(requestOf("small", 10, 2)), orderOf(batchA), memory),
          recorder.record(
            requestWith(Buffer.from(EXAMPLE_TRACE_JSON), { format: "json", transport: "http" }),
            orderOf(batchA),
            memory,
          ),
          recorder.record(requestWith(requestOf("genai", 8, 3)), orderOf(batchB), next),
        ])),
      );
    }
    const [here, there] = [made.slice(0, 4), made.slice(4)];
    expect(there.map(({ record }) => record?.length)).toEqual(
      here.map(({ record }) => record?.length),
    );
    for (const [index, { record, leaves }] of there.entries()) {
      expect(record?.equals(here[index]?.record ?? Buffer.alloc(0))).toBe(true);
      expect(leaves).toEqual(here[index]?.leaves);
    }
    const [first] = readRecord(there[1]?.record ?? Buffer.alloc(0), there[1]?.leaves).tables;
    expect(first?.firstRow).toBe(64);
  });

  test("takes the memory of a large body, and a copy of a small one", async () => {
    const memory = new BatchMemory(new SlabPool());
    const large = requestOf("genai", 512, 1);
    const own = Buffer.from(new Uint8Array(large).buffer);
    await thread.record(requestWith(own), orderOf("01J00000000000000000000002"), memory);
    expect(own.length).toBe(0);
    const small = Buffer.from(requestOf("small", 1, 1));
    await thread.record(requestWith(small), orderOf("01J00000000000000000000002"), memory);
    expect(small.length).toBeGreaterThan(0);
  });

  test("a body so large that it comes alone stays counted until it is acknowledged", async () => {
    const memory = new BatchMemory(new SlabPool());
    const batch = "01J00000000000000000000005";
    // A field that nobody knows, and a span behind it.
    const bodyOf = (unknownBytes: number): Buffer => {
      const length = Buffer.alloc(4);
      for (let at = 0, rest = unknownBytes; at < 4; at += 1, rest = Math.floor(rest / 128)) {
        length[at] = (rest % 128) | (at < 3 ? 0x80 : 0);
      }
      return Buffer.concat([
        Buffer.from([0x7a]),
        length,
        Buffer.alloc(unknownBytes),
        requestOf("small", 1, 1),
      ]);
    };
    const freed: number[] = [];
    for (const unknownBytes of [READ_AHEAD_MAX_BYTES / 2, READ_AHEAD_MAX_BYTES + 1]) {
      const body = bodyOf(unknownBytes);
      const freeBody = (): void => void freed.push(unknownBytes);
      const { record } = await thread.record(
        requestWith(body, { freeBody }),
        orderOf(batch),
        memory,
      );
      expect(record).toBeDefined();
    }
    expect(freed).toEqual([READ_AHEAD_MAX_BYTES / 2]);
  });

  test("refuses with the same codes, and goes on numbering without a hole", async () => {
    const memory = new BatchMemory(new SlabPool());
    const batch = "01J00000000000000000000003";
    const refused: [ExportRequest, object, string][] = [
      [requestWith(Buffer.from([0xff])), {}, "OTLP_MALFORMED_PROTOBUF"],
      [requestWith(Buffer.from("{"), { format: "json" }), {}, "OTLP_MALFORMED_JSON"],
      [requestWith(requestOf("small", 3)), { room: { ...ROOM, maxBytes: 1 } }, "SPOOL_FULL"],
      [requestWith(requestOf("small", 3)), { room: { ...ROOM, freeBytes: 0 } }, "SPOOL_DISK_FULL"],
    ];
    for (const [request, more, code] of refused) {
      const order = { ...orderOf(batch), ...more };
      await expect(thread.record(request, order, memory)).rejects.toMatchObject({
        code,
        retryable: code.startsWith("SPOOL"),
      });
    }
    const nothing = await thread.record(requestWith(Buffer.alloc(0)), orderOf(batch), memory);
    expect(nothing).toEqual({ record: undefined, leaves: undefined, rejected: 0, message: "" });
    expect(memory.sizeBytes).toBe(0);
    const made = await thread.record(requestWith(requestOf("small", 1)), orderOf(batch), memory);
    const [spans] = readRecord(made.record ?? Buffer.alloc(0), made.leaves).tables;
    expect([spans?.firstRow, memory.sizeBytes]).toEqual([0, SLAB_SIZE_BYTES]);
  });

  test("fills slab after slab, and gives a larger record memory of its own", async () => {
    const pool = new SlabPool();
    const memory = new BatchMemory(pool);
    const order = orderOf("01J00000000000000000000004");
    const records: (Buffer | undefined)[] = [];
    const body = requestOf("large", 200, 1);
    for (let index = 0; index < 12; index += 1) {
      records.push((await thread.record(requestWith(Buffer.from(body)), order, memory)).record);
    }
    const slabs = new Set(records.map((record) => record?.buffer));
    const sizeBytes = records[0]?.length ?? 0;
    const inOne = Math.floor(SLAB_SIZE_BYTES / sizeBytes);
    expect(inOne).toBeGreaterThan(1);
    expect(slabs.size).toBe(Math.ceil(12 / inOne));
    expect(memory.sizeBytes).toBe(slabs.size * SLAB_SIZE_BYTES);
    const huge = requestOf("large", 1_200, 1);
    const { record } = await thread.record(requestWith(Buffer.from(huge)), order, memory);
    if (record === undefined) throw new Error("there is no record");
    const { buffer, length } = record;
    const ownBytes = largeMemory(length).byteLength;
    expect(buffer.byteLength).toBe(ownBytes);
    expect(memory.sizeBytes).toBe(slabs.size * SLAB_SIZE_BYTES + ownBytes);
    memory.free(record);
    expect(memory.sizeBytes).toBe(slabs.size * SLAB_SIZE_BYTES);
    const next = await thread.record(requestWith(huge), order, memory);
    expect(next.record?.buffer).toBe(buffer);
    expect(memory.sizeBytes).toBe(slabs.size * SLAB_SIZE_BYTES + ownBytes);
  });

  test("lends no memory for large records twice, and gives up what is too small for them", async () => {
    const memory = new BatchMemory(new SlabPool());
    const order = orderOf("01J00000000000000000000007");
    const places: unknown[] = [];
    for (const spans of [700, 1_100, 700, 1_100, 1_100]) {
      const { record } = await thread.record(
        requestWith(requestOf("large", spans, 1)),
        order,
        memory,
      );
      if (record === undefined) throw new Error("there is no record");
      places.push(record.buffer);
      memory.free(record);
    }
    expect(places[1]).not.toBe(places[0]);
    expect(new Set(places.slice(1)).size).toBe(1);
  });
});

describe("the recorder's thread, asked for the next record while one is made", () => {
  test("has a slab for a batch that begins when the one before has just taken the spare one", async () => {
    const thread = new ThreadRecorder({ redactionKey: KEY });
    const pool = new SlabPool();
    const [last, next] = [new BatchMemory(pool), new BatchMemory(pool)];
    const body = requestOf("large", 200, 1);
    // Two of them fit into a slab: the third one takes the next, while the other batch begins.
    const memories = [last, last, last, next, next, next, next, next];
    const underWay: Promise<MadeRecord>[] = [];
    const made: MadeRecord[] = [];
    for (const memory of memories) {
      if (underWay.length === RECORDING_MAX)
        made.push(...(await Promise.all(underWay.splice(0, 1))));
      const batch = memory === last ? "01J00000000000000000000005" : "01J00000000000000000000006";
      underWay.push(thread.record(requestWith(Buffer.from(body)), orderOf(batch), memory));
    }
    made.push(...(await Promise.all(underWay)));
    await thread.stop();
    expect(made.map(({ record }) => record?.buffer.byteLength)).toEqual(
      memories.map(() => SLAB_SIZE_BYTES),
    );
  });
});

describe("the inserter's thread", () => {
  let engine: TestEngine;
  let inserter: ThreadInserter;
  beforeAll(async () => {
    engine = await startTestEngine({ migrated: true });
    inserter = new ThreadInserter(engine.target);
  });
  afterAll(async () => {
    await inserter?.stop();
    await engine?.stop();
  });

  const NEVER = new AbortController().signal;

  test("inserts rows from shared and from other memory, once a token", async () => {
    for (let attempt = 0; attempt < 2; attempt += 1) {
      for (const table of tablesOf(batchOf({ name: "a" }, { name: "b" }))) {
        const [chunk = new Uint8Array(0)] = table.chunks;
        const shared = Buffer.from(new SharedArrayBuffer(chunk.length + 10)).subarray(10);
        shared.set(chunk);
        await inserter.insert(
          { ...table, rows: table.rows * 2, chunks: [shared, chunk] },
          "t",
          NEVER,
        );
      }
    }
    expect(
      await select(engine.client, "SELECT SpanName, count() AS n FROM spans GROUP BY 1 ORDER BY 1"),
    ).toEqual([
      { SpanName: "a", n: 2 },
      { SpanName: "b", n: 2 },
    ]);
  });

  test("inserts rows that it was given before, in pieces, whose memory is used again", async () => {
    const spans = Array.from({ length: 40 }, (_, index) => ({ name: `prepared ${index % 7}` }));
    const tables = tablesOf(batchOf(...spans));
    const half = tablesOf(batchOf(...spans.slice(0, 20)));
    let heldBytes = 0;
    for (const [index, table] of half.entries()) {
      const { chunks } = tables[index] ?? table;
      const [whole = new Uint8Array(0)] = chunks;
      const at = table.chunks[0]?.length ?? 0;
      for (const part of [whole.subarray(0, at), whole.subarray(at)]) {
        const shared = Buffer.from(new SharedArrayBuffer(part.length));
        shared.set(part);
        const held = await inserter.prepare("ahead", [{ ...table, chunks: [shared] }]);
        expect(held).toBeGreaterThan(heldBytes);
        heldBytes = held ?? 0;
        shared.fill(0xff);
      }
    }
    for (const { chunks: _, ...table } of tables) {
      for (const attempt of [1, 2]) {
        const inserted = inserter.insert({ ...table, chunks: undefined }, "ahead", NEVER);
        // What is inserted is held no more.
        if (attempt === 1) await inserted;
        else await expect(inserted).rejects.toThrow("RangeError");
      }
    }
    const counted = "SELECT SpanName, count() AS n FROM spans WHERE SpanName LIKE 'prepared%'";
    expect(await select(engine.client, `${counted} GROUP BY 1 ORDER BY 1`)).toEqual(
      Array.from({ length: 7 }, (_, name) => ({
        SpanName: `prepared ${name}`,
        n: name < 5 ? 6 : 5,
      })),
    );
  });

  test("holds nothing of a batch whose rows are none, or that is discarded", async () => {
    const [table] = tablesOf(batchOf({ name: "e" }));
    if (table === undefined) throw new Error("there is no table");
    const cut = table.chunks.map((chunk) => new Uint8Array(chunk.subarray(0, chunk.length - 3)));
    // A copy each time: memory that is not shared is the thread's from then on.
    const whole = (): TableRows => ({
      ...table,
      chunks: table.chunks.map((chunk) => new Uint8Array(chunk)),
    });
    const taken = whole();
    expect(await inserter.prepare("none", [taken])).toBeGreaterThan(0);
    expect(taken.chunks.map(({ length }) => length)).toEqual(taken.chunks.map(() => 0));
    expect(await inserter.prepare("none", [{ ...table, chunks: cut }])).toBeUndefined();
    expect(await inserter.prepare("dropped", [whole()])).toBeGreaterThan(0);
    inserter.discard("dropped");
    for (const token of ["none", "dropped"]) {
      const inserted = inserter.insert({ ...table, chunks: undefined }, token, NEVER);
      await expect(inserted).rejects.toThrow("RangeError");
    }
  });

  test("says what ClickHouse thinks of rows that are none, and of a table that is gone", async () => {
    const [table] = tablesOf(batchOf({ name: "c" }));
    if (table === undefined) throw new Error("there is no table");
    const cut = table.chunks.map((chunk) => chunk.subarray(0, chunk.length - 3));
    const failed = await inserter
      .insert({ ...table, chunks: cut }, "cut", NEVER)
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(JudgedError);
    expect(judge(failed)).toMatchObject({ isFinal: true });
    await engine.client.command({ query: "RENAME TABLE spans TO spans_away" });
    const gone = await inserter.insert(table, "gone", NEVER).catch((error: unknown) => error);
    await engine.client.command({ query: "RENAME TABLE spans_away TO spans" });
    expect(judge(gone)).toMatchObject({ code: "60", isFinal: false });
    await inserter.insert(table, "gone", NEVER);
  });

  test("gives up at once when it is stopped", async () => {
    const [table] = tablesOf(batchOf({ name: "d" }));
    if (table === undefined) throw new Error("there is no table");
    const stop = new AbortController();
    const inserted = inserter.insert(table, "stopped", stop.signal);
    stop.abort(new Error("stopping"));
    await expect(inserted).rejects.toThrow("stopping");
    await expect(inserter.insert(table, "later", stop.signal)).rejects.toThrow("stopping");
  });
});
