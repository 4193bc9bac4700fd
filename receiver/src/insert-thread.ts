/**
 * The thread that turns rows into blocks and sends them; `thread-inserter.ts` starts it.
 *
 * In: rows in memory that is shared, and a token. Out: that ClickHouse has them, or why not. Side
 * effects: INSERTs.
 */
import { workerData } from "node:worker_threads";
import { answerCalls } from "./base/thread.ts";
import { type ClickHouseTarget, connect } from "./clickhouse/client.ts";
import { judge } from "./store/errors.ts";
import { TableInserter } from "./store/insert.ts";
import type { InsertCall, InsertReply } from "./thread-inserter.ts";

const inserter = new TableInserter(connect(workerData as ClickHouseTarget));
/** The thread ends with all that it does; nobody stops a single INSERT. */
const NEVER = new AbortController().signal;

answerCalls<InsertCall, InsertReply>(async ({ table, memories, places, token }) => {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < places.length; at += 3) {
    const [memory = 0, start = 0, end = 0] = places.subarray(at, at + 3);
    chunks.push(new Uint8Array(memories[memory] as ArrayBufferLike, start, end - start));
  }
  try {
    await inserter.insert({ ...table, chunks }, token, NEVER);
    return { reply: { failure: undefined } };
  } catch (error) {
    return { reply: { failure: judge(error) } };
  }
});
