/**
 * Inserts rows from a thread of its own: turning them into blocks and sending those is a fifth of
 * what the receiver does.
 *
 * In: rows, a token. Out: nothing, once ClickHouse has them. Side effects: a thread, which inserts.
 */
import type { StorableTable } from "./base/stored-batch.ts";
import { Thread } from "./base/thread.ts";
import type { ClickHouseTarget } from "./clickhouse/client.ts";
import { type InsertFailure, JudgedError } from "./store/errors.ts";
import type { Inserter } from "./store/inserter.ts";

/** Young generation of the thread, in MB: columns grow in memory that is used again. */
const YOUNG_MAX_MB = 6;

/** Rows for the thread. */
export interface InsertCall {
  readonly table: Omit<StorableTable, "chunks">;
  /** What the rows lie in; each piece once, however many chunks it holds. */
  readonly memories: readonly ArrayBufferLike[];
  /** Of each chunk: which memory, first byte, byte behind its last. */
  readonly places: Float64Array;
  readonly token: string;
}

export interface InsertReply {
  readonly failure: InsertFailure | undefined;
}

export class ThreadInserter implements Inserter {
  readonly #thread: Thread<InsertCall, InsertReply>;

  constructor(target: ClickHouseTarget) {
    const options = { data: target, youngMaxMb: YOUNG_MAX_MB };
    this.#thread = new Thread("./insert-thread.ts", import.meta.url, options);
  }

  async insert(table: StorableTable, token: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const stopped = Promise.withResolvers<never>();
    const onAbort = (): void => stopped.reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      const { failure } = await Promise.race([
        this.#thread.call(callOf(table, token)),
        stopped.promise,
      ]);
      if (failure !== undefined) throw new JudgedError(failure);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** End the thread, and with it what it sends. */
  stop(): Promise<void> {
    return this.#thread.stop();
  }
}

function callOf({ chunks, ...table }: StorableTable, token: string): InsertCall {
  const numbers = new Map<ArrayBufferLike, number>();
  const places = new Float64Array(3 * chunks.length);
  for (const [index, { buffer, byteOffset, byteLength }] of chunks.entries()) {
    let memory = numbers.get(buffer);
    if (memory === undefined) {
      memory = numbers.size;
      numbers.set(buffer, memory);
    }
    places.set([memory, byteOffset, byteOffset + byteLength], 3 * index);
  }
  return { table, memories: [...numbers.keys()], places, token };
}
