/**
 * A sealed batch's file, read back for the store: the usual way, on which nothing is damaged.
 *
 * In: a path and memory. Out: the contents, as views of that memory; undefined where anything is not
 * as it was written, and then `read-batch.ts` says what. Reads only.
 */
import { type FileHandle, open } from "node:fs/promises";
import { decodeHead, decodeRequest } from "./batch-file.ts";
import { BatchContents } from "./contents.ts";
import { RECORD, scanRecords } from "./record.ts";
import type { BatchMemory } from "./slabs.ts";

/** Read a file slab by slab; a record that a slab's end cuts is moved to the next one. */
export async function readSound(
  path: string,
  memory: BatchMemory,
): Promise<BatchContents | undefined> {
  const file = await open(path, "r");
  try {
    const reader = new SoundReader(memory);
    let rest: Buffer = Buffer.alloc(0);
    for (;;) {
      const slab = memory.takeSlab();
      // A record larger than a slab.
      if (rest.length === slab.length) return undefined;
      slab.set(rest);
      const filledBytes = rest.length + (await fill(file, slab.subarray(rest.length)));
      const left = reader.take(slab.subarray(0, filledBytes));
      if (left === undefined) return undefined;
      if (filledBytes < slab.length) return left.length === 0 ? reader.contents : undefined;
      rest = left;
    }
  } finally {
    await file.close();
  }
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
  contents: BatchContents | undefined;
  readonly #memory: BatchMemory;

  constructor(memory: BatchMemory) {
    this.#memory = memory;
  }

  /** Take whole records; what is left is the beginning of one. Undefined when one is damaged. */
  take(bytes: Buffer): Buffer | undefined {
    for (const item of scanRecords(bytes)) {
      if (item.kind === "torn") return bytes.subarray(item.start);
      if (item.kind === "corrupt") return undefined;
      if (item.type === RECORD.head && this.contents === undefined) {
        const facts = decodeHead(item.payload);
        if (facts === undefined) return undefined;
        this.contents = new BatchContents(facts, undefined, this.#memory);
      }
      if (item.type !== RECORD.request) continue;
      if (this.contents === undefined) return undefined;
      this.contents.add(decodeRequest(item.payload), item.end - item.start);
    }
    return bytes.subarray(bytes.length);
  }
}
