/**
 * One INSERT of a batch into one table.
 *
 * In: frozen rows as RowBinary and the batch's id. Out: nothing, once ClickHouse has committed them.
 * Side effect: the INSERT. It is sent again under the same token as often as needed: ClickHouse drops
 * what it has, in the table and in the targets of its materialised views.
 */
import { Readable } from "node:stream";
import type { ClickHouseClient } from "@clickhouse/client";
import type { StorableTable } from "../base/stored-batch.ts";

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

/** Insert the rows; rejects with the client's error. */
export async function insertTable(
  client: ClickHouseClient,
  table: StorableTable,
  token: string,
  signal: AbortSignal,
): Promise<void> {
  const columns = table.columns.map((name) => `\`${name}\``).join(", ");
  const result = await client.exec({
    query: `INSERT INTO ${table.name} (${columns}) FORMAT RowBinary`,
    values: Readable.from(pieces(table.chunks), { objectMode: false }),
    abort_signal: signal,
    clickhouse_settings: { ...INSERT_SETTINGS, insert_deduplication_token: token },
  });
  for await (const _ of result.stream) {
    // An insert answers with nothing; reading to the end frees the socket.
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
