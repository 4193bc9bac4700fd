/**
 * One INSERT of a batch into one table.
 *
 * In: frozen rows as RowBinary and the batch's id. Out: nothing, once ClickHouse has committed them.
 * Side effect: the INSERT. It is sent again under the same token as often as needed: ClickHouse drops
 * what it has, in the table and in the targets of its materialised views.
 *
 * The rows are sent as one Native block, made anew from the same bytes at every try: reading
 * RowBinary is most of what an INSERT of it costs ClickHouse.
 */
import { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import type { ClickHouseClient } from "@clickhouse/client";
import type { StorableTable } from "../base/stored-batch.ts";
import type { Inserter } from "./inserter.ts";
import type { NativeBlock } from "./native/block.ts";
import { NativeBlockPool } from "./native/pool.ts";

/** Pieces smaller than this are joined, in bytes (256 KiB): each costs a turn of the HTTP client. */
const PIECE_MIN_BYTES = 262_144;

/** Rows turned into columns before others have their turn, in bytes (512 KiB): about a millisecond. */
const TURN_BYTES = 524_288;

/**
 * - A batch is below a million rows and 256 MiB, so ClickHouse makes one block of it; the sizes are
 *   set all the same, because a block is what a token stands for.
 * - Times may be spread over many days; partitions only cost, they never refuse.
 */
const INSERT_SETTINGS = {
  async_insert: 0,
  insert_deduplicate: 1,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  max_insert_block_size: "4194304",
  min_insert_block_size_rows: "4194304",
  min_insert_block_size_bytes: "1073741824",
  throw_on_max_partitions_per_insert_block: 0,
  wait_end_of_query: 1,
} as const;

/** Inserts rows; keeps memory for the next ones. */
export class TableInserter implements Inserter {
  readonly #client: ClickHouseClient;
  readonly #blocks = new NativeBlockPool();

  constructor(client: ClickHouseClient) {
    this.#client = client;
  }

  /** Insert the rows; rejects with the client's error. */
  async insert(table: StorableTable, token: string, signal: AbortSignal): Promise<void> {
    const { name, columns, chunks } = table;
    const block = this.#blocks.take(name, columns);
    if (!(await fill(block, chunks, signal))) {
      // They are not what the spool should hold. ClickHouse says what is wrong with them. Copies: the
      // client may go on reading after a try that failed, when their memory is used again.
      const copies = chunks.map((chunk) => new Uint8Array(chunk));
      await this.#send(table, "RowBinary", copies, { token, signal });
      return;
    }
    await this.#send(table, "Native", block.pieces(), { token, signal });
    // After a failed try the client may still read it: only then it is not used again.
    this.#blocks.give(name, columns, block);
  }

  async #send(
    { name, columns }: StorableTable,
    format: "Native" | "RowBinary",
    body: readonly Uint8Array[],
    { token, signal }: { readonly token: string; readonly signal: AbortSignal },
  ): Promise<void> {
    const names = columns.map((column) => `\`${column}\``).join(", ");
    const result = await this.#client.exec({
      query: `INSERT INTO ${name} (${names}) FORMAT ${format}`,
      values: Readable.from(pieces(body), { objectMode: false }),
      abort_signal: signal,
      clickhouse_settings: { ...INSERT_SETTINGS, insert_deduplication_token: token },
    });
    for await (const _ of result.stream) {
      // An insert answers with nothing; reading to the end frees the socket.
    }
  }
}

/** Turn the rows into the block; false where they are no rows. */
async function fill(
  block: NativeBlock,
  chunks: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<boolean> {
  try {
    let waitingBytes = 0;
    for (const chunk of chunks) {
      block.add(chunk);
      waitingBytes += chunk.length;
      if (waitingBytes < TURN_BYTES) continue;
      waitingBytes = 0;
      await turn();
      signal.throwIfAborted();
    }
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function* pieces(chunks: readonly Uint8Array[]): Generator<Uint8Array, void, undefined> {
  let small: Uint8Array[] = [];
  let smallBytes = 0;
  for (const chunk of chunks) {
    small.push(chunk);
    smallBytes += chunk.length;
    if (smallBytes < PIECE_MIN_BYTES) continue;
    yield join(small);
    small = [];
    smallBytes = 0;
  }
  if (smallBytes > 0) yield join(small);
}

function join(chunks: readonly Uint8Array[]): Uint8Array {
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}
