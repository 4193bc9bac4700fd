/**
 * A sealed batch's file, read back for the store: the usual way, on which nothing is damaged.
 *
 * In: a path, memory to read into, who takes the rows. Out: the contents without rows, which somebody
 * else has by then; undefined where anything is not as it was written, and then `read-batch.ts` says
 * what. Reads only.
 */
import { type FileHandle, open } from "node:fs/promises";
import { type BatchFacts, decodeHead, decodeRequest } from "./batch-file.ts";
import { BatchContents } from "./contents.ts";
import { RECORD_MAX_BYTES, SLAB_SIZE_BYTES } from "./limits.ts";
import type { PreparedRows } from "./prepared-rows.ts";
import { FRAME_SIZE_BYTES, RECORD, scanRecords } from "./record.ts";
import type { SlabPool } from "./slabs.ts";

const NOTHING: Buffer = Buffer.alloc(0);

/** A batch whose rows are held elsewhere. */
export interface PreparedBatch {
  readonly contents: BatchContents;
  readonly rows: PreparedRows;
}

/**
 * Read a file piece by piece; a record that a piece's end cuts is moved to the next one.
 *
 * @param begin who takes the rows; undefined when nobody does
 */
export async function readSound(
  path: string,
  pool: SlabPool,
  begin: (facts: BatchFacts) => PreparedRows | undefined,
): Promise<PreparedBatch | undefined> {
  const reader = new SoundReader(begin);
  const file = await open(path, "r");
  let piece: Piece | undefined;
  let next: Piece | undefined;
  try {
    let rest = NOTHING;
    for (;;) {
      const neededBytes = recordSizeBytes(rest);
      if (neededBytes > RECORD_MAX_BYTES) return reader.giveUp();
      next = takePiece(pool, neededBytes);
      next.bytes.set(rest);
      piece?.give();
      piece = next;
      next = undefined;
      const sizeBytes = piece.bytes.length;
      const filledBytes = rest.length + (await fill(file, piece.bytes.subarray(rest.length)));
      const left = await reader.take(piece.bytes.subarray(0, filledBytes));
      if (left === undefined) return reader.giveUp();
      const isWhole = left.length === 0;
      if (filledBytes < sizeBytes) return isWhole ? reader.read() : reader.giveUp();
      rest = left;
    }
  } catch (error) {
    reader.giveUp();
    throw error;
  } finally {
    piece?.give();
    next?.give();
    await file.close();
  }
}

/** Memory that a piece of the file is read into; it may be with whoever took the rows by the end. */
interface Piece {
  readonly bytes: Buffer;
  give(): void;
}

/** @param neededBytes of the record that begins there, or less than a slab */
function takePiece(pool: SlabPool, neededBytes: number): Piece {
  if (neededBytes > SLAB_SIZE_BYTES) {
    const memory = pool.takeLarge(neededBytes);
    return { bytes: Buffer.from(memory), give: () => pool.giveMemory(memory) };
  }
  const slab = pool.take();
  return { bytes: slab.bytes, give: () => pool.give(slab) };
}

/** How much memory the record takes that begins here, if as much of it is there as says so. */
function recordSizeBytes(rest: Buffer): number {
  return rest.length < FRAME_SIZE_BYTES ? 0 : FRAME_SIZE_BYTES + rest.readUInt32LE(4);
}

/** Fill a buffer, as far as the file goes. */
async function fill(file: FileHandle, buffer: Buffer): Promise<number> {
  let filledBytes = 0;
  while (filledBytes < buffer.length) {
    const { bytesRead } = await file.read(buffer, filledBytes, buffer.length - filledBytes);
    if (bytesRead === 0) break;
    filledBytes += bytesRead;
  }
  return filledBytes;
}

/** Puts records together; each is whole in one buffer. */
class SoundReader {
  readonly #begin: (facts: BatchFacts) => PreparedRows | undefined;
  #contents: BatchContents | undefined;
  #rows: PreparedRows | undefined;

  constructor(begin: (facts: BatchFacts) => PreparedRows | undefined) {
    this.#begin = begin;
  }

  /** What was read, if its rows were taken. */
  read(): PreparedBatch | undefined {
    const [contents, rows] = [this.#contents, this.#rows];
    if (contents === undefined || rows?.heldBytes === undefined) return this.giveUp();
    return { contents, rows };
  }

  giveUp(): undefined {
    this.#rows?.discard();
  }

  /**
   * Take whole records; they are read no more when this resolves.
   *
   * @returns what is left, the beginning of one; undefined when one is damaged
   */
  async take(bytes: Buffer): Promise<Buffer | undefined> {
    const taken: Promise<void>[] = [];
    try {
      for (const item of scanRecords(bytes)) {
        if (item.kind === "torn") return bytes.subarray(item.start);
        if (item.kind === "corrupt") return undefined;
        if (item.type === RECORD.head && !this.#takeHead(item.payload)) return undefined;
        if (item.type !== RECORD.request) continue;
        if (this.#contents === undefined) return undefined;
        const request = decodeRequest(item.payload);
        // A copy: the digests are views of what was read.
        const digest = Buffer.from(request.digest);
        this.#contents.add({ ...request, digest }, item.end - item.start);
        if (this.#rows !== undefined) taken.push(this.#rows.add(request.tables));
      }
      // Not a view of the bytes: their memory may be with another thread by now.
      return NOTHING;
    } finally {
      await Promise.all(taken);
    }
  }

  #takeHead(payload: Buffer): boolean {
    if (this.#contents !== undefined) return true;
    const facts = decodeHead(payload);
    if (facts === undefined) return false;
    this.#contents = new BatchContents(facts, { keepsRows: false });
    this.#rows = this.#begin(facts);
    return this.#rows !== undefined;
  }
}
