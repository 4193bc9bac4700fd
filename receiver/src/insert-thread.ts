/**
 * The thread that turns rows into columns and sends them; `thread-inserter.ts` starts it.
 *
 * In: rows in memory that is shared, and a token. Out: that ClickHouse has them, or why not. Side
 * effects: INSERTs.
 */
import { workerData } from "node:worker_threads";
import type { TableRows } from "./base/stored-batch.ts";
import { answerCalls } from "./base/thread.ts";
import { type ClickHouseTarget, connect } from "./clickhouse/client.ts";
import { judge } from "./store/errors.ts";
import { TableInserter } from "./store/insert.ts";
import type { InsertCall, InsertReply, SharedRows } from "./thread-inserter.ts";

const inserter = new TableInserter(connect(workerData as ClickHouseTarget));
/** The thread ends with all that it does; nobody stops a single INSERT. */
const NEVER = new AbortController().signal;

answerCalls<InsertCall, InsertReply>(async (call) => {
  const { kind, token, memories } = call;
  if (kind === "discard") {
    inserter.discard(token);
    return { reply: {} };
  }
  if (kind === "prepare") {
    const tables = call.tables.map((rows) => rowsIn(memories, rows));
    const heldBytes = await inserter.prepare(token, tables);
    for (const memory of memories) if (memory instanceof ArrayBuffer) memory.transfer(0);
    return { reply: { heldBytes } };
  }
  const { table, rows } = call;
  try {
    const chunks = rows && rowsIn(memories, rows).chunks;
    await inserter.insert({ ...table, chunks }, token, NEVER);
    return { reply: {} };
  } catch (error) {
    return { reply: { failure: judge(error) } };
  }
});

function rowsIn(
  memories: readonly ArrayBufferLike[],
  { name, columns, places }: SharedRows,
): TableRows {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < places.length; at += 3) {
    const [memory = 0, start = 0, end = 0] = places.subarray(at, at + 3);
    chunks.push(new Uint8Array(memories[memory] as ArrayBufferLike, start, end - start));
  }
  return { name, columns, chunks };
}
