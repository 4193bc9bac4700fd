/**
 * Goal: rows are numbered without a hole, whatever is refused in between.
 * Method: an encoder that writes the number into the row; records read back.
 */
import { describe, expect, test } from "vitest";
import type { Encode } from "../base/batch.ts";
import { readRecord } from "./batch-file.ts";
import { LentSlabs } from "./lent-slabs.ts";
import { HELD_BACK_MIN_BYTES, SLAB_SIZE_BYTES } from "./limits.ts";
import { type MadeRecord, RecordMaker, type RecordOrder } from "./recorder.ts";
import { largeMemory } from "./slabs.ts";
import { digest, encodeTexts, factsOf } from "./spool.test.helper.ts";

const ROOM = { usedBytes: 0, maxBytes: 1e9, freeBytes: 1e9, diskFreeMinBytes: 0 };

function orderOf(batchId: string, more: Partial<RecordOrder> = {}): RecordOrder {
  return { digest: digest("x"), batch: factsOf(batchId), room: ROOM, ...more };
}

const take = (sizeBytes: number): Buffer => Buffer.alloc(sizeBytes);

function rowsOf({ record, leaves }: MadeRecord): string[] {
  if (record === undefined) return [];
  return readRecord(record, leaves).tables.map(
    ({ firstRow, bytes }) => `${firstRow}: ${Buffer.from(bytes).toString("latin1", 8)}`,
  );
}

/** Texts with a leaf each. */
function withLeaves(texts: readonly string[]): Encode {
  return (place) => {
    const { tables, ...rest } = encodeTexts(texts)(place);
    const leaves = new Uint8Array(32 * texts.length).fill(9);
    return {
      ...rest,
      tables: tables.map((table, at) => (at === 0 ? { ...table, leaves } : table)),
    };
  };
}

describe("numbers of rows", () => {
  test("go on from record to record and begin again with a batch", () => {
    const maker = new RecordMaker();
    const make = (batch: string, text: string) =>
      rowsOf(maker.make(encodeTexts([text]), orderOf(batch), take))[0];
    expect(["a", "b"].map((text) => make("first", text))).toEqual(["0: 0=a;", "1: 1=b;"]);
    expect(make("second", "c")).toBe("0: 0=c;");
  });

  test("are not used up by what is refused", () => {
    const maker = new RecordMaker();
    maker.make(encodeTexts(["a"]), orderOf("b"), take);
    const refused: [Encode, Partial<RecordOrder>, string][] = [
      [encodeTexts(["x"]), { room: { ...ROOM, usedBytes: 1e9 } }, "SPOOL_FULL"],
      [encodeTexts(["x"]), { room: { ...ROOM, freeBytes: 0 } }, "SPOOL_DISK_FULL"],
      [
        encodeTexts(
          Array.from({ length: 1_025 }, () => "x"),
          { days: 1_025 },
        ),
        {},
        "OTLP_REQUEST_TOO_LARGE",
      ],
    ];
    for (const [encode, more, code] of refused) {
      expect(() => maker.make(encode, orderOf("b", more), take)).toThrow(
        expect.objectContaining({ code }),
      );
    }
    const broken = (): never => {
      throw new RangeError("cannot be read");
    };
    expect(() => maker.make(broken, orderOf("b"), take)).toThrow("cannot be read");
    expect(maker.make(encodeTexts([]), orderOf("b"), take).record).toBeUndefined();
    expect(rowsOf(maker.make(encodeTexts(["z"]), orderOf("b"), take))[0]).toBe("1: 1=z;");
  });
});

test("leaves go along where the encoder made them, in memory of their own", () => {
  const maker = new RecordMaker();
  const { record, leaves } = maker.make(withLeaves(["a", "b"]), orderOf("b"), take);
  expect(leaves?.buffer.byteLength).toBe(64);
  const [table] = readRecord(record ?? Buffer.alloc(0), leaves).tables;
  expect(table?.leaves).toEqual(new Uint8Array(64).fill(9));
  expect(maker.make(encodeTexts(["a"]), orderOf("b"), take).leaves).toBeUndefined();
});

describe("lent slabs", () => {
  const lent = (id: number) => ({ id, memory: new SharedArrayBuffer(SLAB_SIZE_BYTES) });

  test("are filled one after another, and left when a batch begins", () => {
    const slabs = new LentSlabs();
    slabs.lend([lent(1), lent(2), lent(3)]);
    slabs.useFor("first");
    const place = (sizeBytes: number) => slabs.placeOf(slabs.take(sizeBytes));
    expect(place(10)).toEqual({ slab: 1, start: 0, end: 10 });
    expect(place(SLAB_SIZE_BYTES - 10)).toEqual({ slab: 1, start: 10, end: SLAB_SIZE_BYTES });
    expect(place(1)).toEqual({ slab: 2, start: 0, end: 1 });
    slabs.useFor("first");
    expect(place(1)).toEqual({ slab: 2, start: 1, end: 2 });
    slabs.useFor("second");
    expect(place(1)).toEqual({ slab: 3, start: 0, end: 1 });
  });

  test("hold no record when none is left, or a larger one", () => {
    const slabs = new LentSlabs();
    const ownSize = (sizeBytes: number) => {
      const place = slabs.placeOf(slabs.take(sizeBytes));
      expect([place.start, place.end - place.start]).toEqual([0, sizeBytes]);
      return "memory" in place ? place.memory.byteLength : undefined;
    };
    expect(ownSize(10)).toBe(10);
    slabs.lend([lent(1)]);
    expect(ownSize(SLAB_SIZE_BYTES + 1)).toBe(largeMemory(SLAB_SIZE_BYTES + 1).byteLength);
    expect(ownSize(SLAB_SIZE_BYTES)).toBeUndefined();
    expect(ownSize(1)).toBe(1);
    slabs.lend([lent(2)]);
    expect(slabs.placeOf(slabs.take(7))).toEqual({ slab: 2, start: 0, end: 7 });
  });

  test("larger ones hold a large record each, and nothing else", () => {
    const slabs = new LentSlabs();
    slabs.lend([lent(1), { id: 2, memory: new SharedArrayBuffer(2 * SLAB_SIZE_BYTES) }]);
    slabs.useFor("first");
    const place = (sizeBytes: number) => slabs.placeOf(slabs.take(sizeBytes));
    expect(place(7)).toEqual({ slab: 1, start: 0, end: 7 });
    expect(place(SLAB_SIZE_BYTES + 1)).toEqual({ slab: 2, start: 0, end: SLAB_SIZE_BYTES + 1 });
    expect("memory" in place(SLAB_SIZE_BYTES + 1)).toBe(true);
    expect(place(8)).toEqual({ slab: 1, start: 7, end: 15 });
    expect(slabs.takeRetired()).toEqual([]);
  });

  test("a very large record lies in memory that is not shared", () => {
    const slabs = new LentSlabs();
    const place = slabs.placeOf(slabs.take(HELD_BACK_MIN_BYTES + 1));
    expect("memory" in place && place.memory).toBeInstanceOf(ArrayBuffer);
    const smaller = slabs.placeOf(slabs.take(HELD_BACK_MIN_BYTES));
    expect("memory" in smaller && smaller.memory).toBeInstanceOf(SharedArrayBuffer);
  });

  test("larger ones that are too small are retired", () => {
    const slabs = new LentSlabs();
    const memory = new SharedArrayBuffer(SLAB_SIZE_BYTES + 1);
    slabs.lend([
      { id: 1, memory },
      { id: 2, memory },
    ]);
    expect("memory" in slabs.placeOf(slabs.take(SLAB_SIZE_BYTES + 2))).toBe(true);
    expect(slabs.takeRetired()).toEqual([1, 2]);
    expect(slabs.takeRetired()).toEqual([]);
    expect("memory" in slabs.placeOf(slabs.take(SLAB_SIZE_BYTES + 1))).toBe(true);
  });
});
