/**
 * Blocks of batches that are not complete yet, filled as their rows come to the disk.
 *
 * In: rows of a batch, piece after piece. Out: its blocks, each until it is inserted. Side effect:
 * memory of those blocks.
 *
 * Made while rows are still in the processor's caches, and done when the batch is closed. Columns take
 * about half of what the rows take, which need not be kept then.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { TableRows } from "../base/stored-batch.ts";
import type { NativeBlock } from "./native/block.ts";
import type { NativeBlockPool } from "./native/pool.ts";

/** Rows turned into columns before others have their turn, in bytes (512 KiB): about a millisecond. */
const TURN_BYTES = 524_288;

/** A block on its way. */
export interface PreparedBlock {
  readonly block: NativeBlock;
  readonly columns: readonly string[];
  /** Whether a try failed: the client may still read its memory, which is not used again then. */
  wasTried: boolean;
}

export class PreparedBlocks {
  readonly #pool: NativeBlockPool;
  readonly #batches = new Map<string, Map<string, PreparedBlock>>();

  constructor(pool: NativeBlockPool) {
    this.#pool = pool;
  }

  /** Take rows; bytes held for the batch, or undefined where they are no rows. One call at a time for a batch. */
  async add(token: string, tables: readonly TableRows[]): Promise<number | undefined> {
    const blocks = this.#batches.get(token) ?? new Map<string, PreparedBlock>();
    this.#batches.set(token, blocks);
    for (const table of tables) {
      if (table.chunks.length === 0) continue;
      if (await fill(this.#blockOf(blocks, table), table.chunks)) continue;
      this.#batches.delete(token);
      return undefined;
    }
    let heldBytes = 0;
    for (const { block } of blocks.values()) heldBytes += block.sizeBytes;
    return heldBytes;
  }

  /** @throws {RangeError} when there is none, or one of other rows */
  get(token: string, name: string, rows: number): PreparedBlock {
    const prepared = this.#batches.get(token)?.get(name);
    if (prepared === undefined) throw new RangeError(`no rows of ${name} were prepared`);
    if (prepared.block.rows === rows) return prepared;
    throw new RangeError(`${prepared.block.rows} rows of ${name} were prepared, not ${rows}`);
  }

  /** A block is inserted. */
  done(token: string, name: string): void {
    const blocks = this.#batches.get(token);
    const prepared = blocks?.get(name);
    if (blocks === undefined || prepared === undefined) return;
    blocks.delete(name);
    if (blocks.size === 0) this.#batches.delete(token);
    if (!prepared.wasTried) this.#pool.give(name, prepared.columns, prepared.block);
  }

  /** Whatever is left of a batch is not wanted. Its memory is not used again: rows may still come into it. */
  discard(token: string): void {
    this.#batches.delete(token);
  }

  #blockOf(blocks: Map<string, PreparedBlock>, { name, columns }: TableRows): NativeBlock {
    const known = blocks.get(name);
    if (known !== undefined) return known.block;
    const block = this.#pool.take(name, columns);
    blocks.set(name, { block, columns, wasTried: false });
    return block;
  }
}

/** Turn rows into columns; false where they are no rows. */
export async function fill(
  block: NativeBlock,
  chunks: readonly Uint8Array[],
  signal?: AbortSignal,
): Promise<boolean> {
  try {
    let waitingBytes = 0;
    for (const chunk of chunks) {
      if (waitingBytes > TURN_BYTES) {
        waitingBytes = 0;
        await turn();
        signal?.throwIfAborted();
      }
      block.add(chunk);
      waitingBytes += chunk.length;
    }
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
