/**
 * Inserts rows from a thread of its own: turning them into columns and sending those is a fifth of
 * what the receiver does.
 *
 * In: rows, a token. Out: nothing, once ClickHouse has them. Side effects: a thread, which holds
 * columns and inserts.
 */
import type { StorableTable, TableRows } from "./base/stored-batch.ts";
import { Thread } from "./base/thread.ts";
import type { ClickHouseTarget } from "./clickhouse/client.ts";
import { type InsertFailure, JudgedError } from "./store/errors.ts";
import type { Inserter } from "./store/inserter.ts";

/** Young generation of the thread, in MB: columns grow in memory that is used again. */
const YOUNG_MAX_MB = 6;

/** Rows that cross threads. */
export interface SharedRows {
  readonly name: string;
  readonly columns: readonly string[];
  /** Of each piece of rows: which memory, first byte, byte behind its last. */
  readonly places: Float64Array;
}

/** What the thread is asked. */
export type InsertCall = {
  /** The batch's id. */
  readonly token: string;
  /** What the rows lie in; each piece once, however many chunks it holds. */
  readonly memories: readonly ArrayBufferLike[];
} & (
  | { readonly kind: "prepare"; readonly tables: readonly SharedRows[] }
  | { readonly kind: "discard" }
  | {
      readonly kind: "insert";
      readonly table: Omit<StorableTable, "chunks">;
      readonly rows: SharedRows | undefined;
    }
);

export interface InsertReply {
  readonly failure?: InsertFailure;
  /** Of a batch that is being prepared; none where its rows are no rows. */
  readonly heldBytes?: number | undefined;
}

export class ThreadInserter implements Inserter {
  readonly #thread: Thread<InsertCall, InsertReply>;

  constructor(target: ClickHouseTarget) {
    const options = { data: target, youngMaxMb: YOUNG_MAX_MB };
    this.#thread = new Thread("./insert-thread.ts", import.meta.url, options);
  }

  async prepare(token: string, tables: readonly TableRows[]): Promise<number | undefined> {
    const memories = new Memories();
    const shared = tables.map((table) => memories.share(table));
    const call = { kind: "prepare", token, tables: shared, memories: memories.list } as const;
    const transfer = memories.list.filter((memory) => memory instanceof ArrayBuffer);
    const { heldBytes } = await this.#thread.call(call, transfer);
    return heldBytes;
  }

  discard(token: string): void {
    // Calls are answered in order of what they change; a thread that ended has nothing to forget.
    this.#thread.call({ kind: "discard", token, memories: [] }).catch(() => undefined);
  }

  async insert(table: StorableTable, token: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const stopped = Promise.withResolvers<never>();
    const onAbort = (): void => stopped.reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      const { chunks, ...facts } = table;
      const memories = new Memories();
      const rows = chunks && memories.share({ ...facts, chunks });
      const call = { kind: "insert", token, table: facts, rows, memories: memories.list } as const;
      const { failure } = await Promise.race([this.#thread.call(call), stopped.promise]);
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

/** Memory that several pieces of rows lie in, named by numbers. */
class Memories {
  readonly list: ArrayBufferLike[] = [];

  share({ name, columns, chunks }: TableRows): SharedRows {
    const places = new Float64Array(3 * chunks.length);
    for (const [index, { buffer, byteOffset, byteLength }] of chunks.entries()) {
      let memory = this.list.indexOf(buffer);
      if (memory === -1) memory = this.list.push(buffer) - 1;
      places.set([memory, byteOffset, byteOffset + byteLength], 3 * index);
    }
    return { name, columns, places };
  }
}
