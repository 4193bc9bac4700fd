/**
 * INSERTs of a batch, one for each table.
 *
 * In: frozen rows as RowBinary and the batch's id. Out: nothing, once ClickHouse has committed them.
 * Side effect: the INSERT. It is sent again under the same token as often as needed: ClickHouse drops
 * what it has, in the table and in the targets of its materialised views.
 *
 * The rows are sent as one Native block, the same at every try: reading RowBinary is most of what an
 * INSERT of it costs ClickHouse.
 */
import { Readable } from "node:stream";
import type { ClickHouseClient } from "@clickhouse/client";
import type { StorableTable, TableRows } from "../base/stored-batch.ts";
import type { Inserter } from "./inserter.ts";
import { NativeBlockPool } from "./native/pool.ts";
import { fill, PreparedBlocks } from "./prepared-blocks.ts";

/** Pieces smaller than this are joined, in bytes (256 KiB): each costs a turn of the HTTP client. */
const PIECE_MIN_BYTES = 262_144;

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
  readonly #prepared = new PreparedBlocks(this.#blocks);

  constructor(client: ClickHouseClient) {
    this.#client = client;
  }

  prepare(token: string, tables: readonly TableRows[]): Promise<number | undefined> {
    return this.#prepared.add(token, tables);
  }

  discard(token: string): void {
    this.#prepared.discard(token);
  }

  /** Insert the rows; rejects with the client's error. */
  async insert(table: StorableTable, token: string, signal: AbortSignal): Promise<void> {
    const { name, chunks } = table;
    if (chunks !== undefined) return this.#insertRows({ ...table, chunks }, token, signal);
    const prepared = this.#prepared.get(token, name, table.rows);
    try {
      await this.#send(table, "Native", prepared.block.pieces(), { token, signal });
    } catch (error) {
      prepared.wasTried = true;
      throw error;
    }
    this.#prepared.done(token, name);
  }

  async #insertRows(
    table: StorableTable & TableRows,
    token: string,
    signal: AbortSignal,
  ): Promise<void> {
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
    { name, columns }: Pick<StorableTable, "name" | "columns">,
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

/** Join small pieces; large ones go as they are. */
function* pieces(chunks: readonly Uint8Array[]): Generator<Uint8Array, void, undefined> {
  let small: Uint8Array[] = [];
  let smallBytes = 0;
  for (const chunk of chunks) {
    const isSmall = chunk.length < PIECE_MIN_BYTES;
    if (isSmall) {
      small.push(chunk);
      smallBytes += chunk.length;
    }
    if (smallBytes > 0 && (!isSmall || smallBytes >= PIECE_MIN_BYTES)) {
      yield Buffer.concat(small);
      small = [];
      smallBytes = 0;
    }
    if (!isSmall) yield chunk;
  }
  if (smallBytes > 0) yield Buffer.concat(small);
}
