/**
 * The header of a batch in its canonical form: what the ledger chains and later signs.
 *
 * In: a header. Out: its bytes and hash, and back. Pure.
 *
 * | field | form |
 * |---|---|
 * | domain | `spanledger/batch/v1` and a line feed |
 * | origin | u16 length, UTF-8 |
 * | sequence | u64 |
 * | batch id | 26 characters |
 * | redaction policy digest; previous header's hash | 32 bytes each |
 * | lost records | u32 |
 * | segments | u16 count, then each: |
 * | number; workspace, table, class | u16; u16 length and UTF-8 each |
 * | rows; missing rows; root | u32; u32; 32 bytes |
 * | smallest and largest time in ns; expires in s | i64, i64; u32 |
 *
 * Numbers are big-endian. There is no clock in a header: sealed again after a crash, the same
 * records give the same bytes.
 */
import { hash } from "node:crypto";
import { SealError } from "./errors.ts";
import { LEAF_SIZE_BYTES as HASH_SIZE_BYTES } from "./leaf.ts";
import type { SegmentSum } from "./segment.ts";

/** One segment: rows of the same workspace, table and retention class. */
export interface Segment extends SegmentSum {
  readonly number: number;
  readonly workspaceId: string;
  readonly table: string;
  readonly retentionClass: string;
  /** Row numbers below the largest that no row has: their records were found corrupt. */
  readonly missingRows: number;
  readonly expiresAtS: number;
}

export interface BatchHeader {
  /** Name of the receiver's log: one per data directory. */
  readonly origin: string;
  /** Position in the log, from 0, without holes. */
  readonly sequence: number;
  readonly batchId: string;
  /** SHA-256 of what the redaction was set to, 32 bytes. */
  readonly policyDigest: Buffer;
  /** Hash of the header before; zeros for the first. */
  readonly previous: Buffer;
  /** Records that were found corrupt and are in quarantine: a gap of unknown size. */
  readonly lostRecords: number;
  readonly segments: readonly Segment[];
}

/** What the first header names as the one before. */
export const NO_PREVIOUS: Buffer = Buffer.alloc(HASH_SIZE_BYTES);

const DOMAIN: Buffer = Buffer.from("spanledger/batch/v1\n");
const BATCH_ID_LENGTH = 26;
const LEAF_PREFIX: Buffer = Buffer.from([0]);

/** Encode a header. */
export function encodeHeader(header: BatchHeader): Buffer {
  const parts: Buffer[] = [
    DOMAIN,
    text(header.origin),
    uint64(header.sequence),
    Buffer.from(header.batchId, "latin1"),
    header.policyDigest,
    header.previous,
    uint32(header.lostRecords),
    uint16(header.segments.length),
  ];
  for (const segment of header.segments) parts.push(...encodeSegment(segment));
  return Buffer.concat(parts);
}

function encodeSegment(segment: Segment): Buffer[] {
  return [
    uint16(segment.number),
    text(segment.workspaceId),
    text(segment.table),
    text(segment.retentionClass),
    uint32(segment.rows),
    uint32(segment.missingRows),
    segment.root,
    int64(segment.minTimeNs),
    int64(segment.maxTimeNs),
    uint32(segment.expiresAtS),
  ];
}

/**
 * Hash a header: it is a leaf of the receiver's log.
 *
 * @param bytes from {@link encodeHeader}
 * @returns SHA-256(0x00 ‖ bytes), 32 bytes
 */
export function hashHeader(bytes: Uint8Array): Buffer {
  return Buffer.from(hash("sha256", Buffer.concat([LEAF_PREFIX, bytes]), "binary"), "latin1");
}

/**
 * Read a header.
 *
 * @throws {SealError} `SEAL_HEADER_MALFORMED`
 */
export function decodeHeader(bytes: Buffer): BatchHeader {
  try {
    const reader = new Reader(bytes);
    if (!reader.take(DOMAIN.length).equals(DOMAIN)) throw new RangeError("domain");
    const header: BatchHeader = {
      origin: reader.text(),
      sequence: Number(reader.take(8).readBigUInt64BE()),
      batchId: reader.take(BATCH_ID_LENGTH).toString("latin1"),
      policyDigest: reader.take(HASH_SIZE_BYTES),
      previous: reader.take(HASH_SIZE_BYTES),
      lostRecords: reader.take(4).readUInt32BE(),
      segments: Array.from({ length: reader.take(2).readUInt16BE() }, () => segment(reader)),
    };
    if (reader.left > 0) throw new RangeError("trailing bytes");
    return header;
  } catch (cause) {
    throw new SealError("SEAL_HEADER_MALFORMED", "the bytes are no batch header", {
      retryable: false,
      cause,
    });
  }
}

function segment(reader: Reader): Segment {
  return {
    number: reader.take(2).readUInt16BE(),
    workspaceId: reader.text(),
    table: reader.text(),
    retentionClass: reader.text(),
    rows: reader.take(4).readUInt32BE(),
    missingRows: reader.take(4).readUInt32BE(),
    root: reader.take(HASH_SIZE_BYTES),
    minTimeNs: reader.take(8).readBigInt64BE(),
    maxTimeNs: reader.take(8).readBigInt64BE(),
    expiresAtS: reader.take(4).readUInt32BE(),
  };
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  take(size: number): Buffer {
    if (this.left < size) throw new RangeError("too short");
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }

  text(): string {
    return this.take(this.take(2).readUInt16BE()).toString();
  }
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint16(bytes.length), bytes]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}
