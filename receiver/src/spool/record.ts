/**
 * The frame around every record of a spool file: length and checksums.
 *
 * In: a record's body, or a file's bytes. Out: the framed record, or what the file holds in order:
 * records, corrupt stretches, a torn tail. Pure.
 *
 * | bytes | field |
 * |---|---|
 * | 0 to 3 | magic `SPLR` |
 * | 4 to 7 | length of the body, u32 |
 * | 8 to 11 | CRC-32C of bytes 0 to 7 |
 * | 12 to 15 | CRC-32C of the body |
 * | 16 on | body: one byte for the type, then the payload |
 *
 * Numbers are little-endian. The head has a checksum of its own, so that a record that was cut off
 * is told from one whose length rotted, and reading can go on behind a corrupt one.
 */
import { crc32c, crc32cOf } from "./crc32c.ts";

/** Size of a frame's head, in bytes. */
export const FRAME_SIZE_BYTES = 16;

const MAGIC: Buffer = Buffer.from("SPLR", "latin1");

/** Types of records; part of the format. */
export const RECORD = { head: 1, request: 2, seal: 3, journalHead: 4, journalEntry: 5 } as const;
export type RecordType = (typeof RECORD)[keyof typeof RECORD];

/** Size of what stands before a record's payload, in bytes. */
export const RECORD_HEAD_BYTES: number = FRAME_SIZE_BYTES + 1;

/**
 * Begin a framed record; the caller fills the payload, then calls {@link finishRecord}.
 *
 * @param head the record, or its first bytes; the payload begins at {@link RECORD_HEAD_BYTES}
 * @param sizeBytes of the whole record
 */
export function beginRecord(type: RecordType, head: Buffer, sizeBytes: number): void {
  MAGIC.copy(head, 0);
  head.writeUInt32LE(sizeBytes - FRAME_SIZE_BYTES, 4);
  head[FRAME_SIZE_BYTES] = type;
}

/**
 * Write the checksums of a record whose payload is complete.
 *
 * @param rest what comes behind the head
 */
export function finishRecord(head: Buffer, rest: readonly Uint8Array[] = []): Buffer {
  head.writeUInt32LE(crc32c(head, 0, 8), 8);
  head.writeUInt32LE(crc32cOf([head.subarray(FRAME_SIZE_BYTES), ...rest]), 12);
  return head;
}

/** Frame a payload that exists already. */
export function frameRecord(type: RecordType, payload: Uint8Array): Buffer {
  const record = Buffer.allocUnsafeSlow(RECORD_HEAD_BYTES + payload.length);
  beginRecord(type, record, record.length);
  record.set(payload, RECORD_HEAD_BYTES);
  return finishRecord(record);
}

/** What stands at a place of a file. */
export type Scanned =
  | {
      readonly kind: "record";
      readonly start: number;
      readonly end: number;
      readonly type: number;
      /** A view of the bytes given. */
      readonly payload: Buffer;
    }
  /** Bytes that were changed after they had been written. */
  | {
      readonly kind: "corrupt";
      readonly start: number;
      readonly end: number;
      readonly reason: "head" | "checksum";
    }
  /** The end of a write that a crash cut off; never acknowledged. */
  | { readonly kind: "torn"; readonly start: number; readonly end: number };

/** Read what a file holds, in order and without a gap. */
export function* scanRecords(bytes: Buffer): Generator<Scanned, void, undefined> {
  let start = 0;
  while (start < bytes.length) {
    const found = readAt(bytes, start);
    yield found;
    start = found.end;
  }
}

function readAt(bytes: Buffer, start: number): Scanned {
  const left = bytes.length - start;
  if (hasHead(bytes, start)) {
    const end = start + FRAME_SIZE_BYTES + bytes.readUInt32LE(start + 4);
    if (end > bytes.length) return { kind: "torn", start, end: bytes.length };
    const body = start + FRAME_SIZE_BYTES;
    if (crc32c(bytes, body, end) !== bytes.readUInt32LE(start + 12)) {
      // Of a write that was cut off by a loss of power the file may have the length and zeros.
      const isUnwritten = end === bytes.length && isZero(bytes, body, end);
      return isUnwritten
        ? { kind: "torn", start, end }
        : { kind: "corrupt", start, end, reason: "checksum" };
    }
    const type = bytes[body] ?? 0;
    return { kind: "record", start, end, type, payload: bytes.subarray(body + 1, end) };
  }
  const next = findHead(bytes, start + 1);
  if (next !== undefined) return { kind: "corrupt", start, end: next, reason: "head" };
  const isCutHead =
    left < FRAME_SIZE_BYTES && MAGIC.subarray(0, left).equals(bytes.subarray(start, start + 4));
  return isCutHead || isZero(bytes, start, bytes.length)
    ? { kind: "torn", start, end: bytes.length }
    : { kind: "corrupt", start, end: bytes.length, reason: "head" };
}

function hasHead(bytes: Buffer, start: number): boolean {
  return (
    bytes.length - start >= FRAME_SIZE_BYTES &&
    bytes.compare(MAGIC, 0, MAGIC.length, start, start + MAGIC.length) === 0 &&
    bytes.readUInt32LE(start + 4) > 0 &&
    crc32c(bytes, start, start + 8) === bytes.readUInt32LE(start + 8)
  );
}

function findHead(bytes: Buffer, from: number): number | undefined {
  for (let at = bytes.indexOf(MAGIC, from); at !== -1; at = bytes.indexOf(MAGIC, at + 1)) {
    if (hasHead(bytes, at)) return at;
  }
  return undefined;
}

function isZero(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (bytes[at] !== 0) return false;
  return true;
}
