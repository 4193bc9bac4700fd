/**
 * Rows on their way to whoever inserts them, as soon as they are on the disk.
 *
 * In: rows of a batch, in the order of its file. Out: whether all of them are held elsewhere, and what
 * that takes. Side effects: those of the {@link Preparing}.
 *
 * A batch whose rows are held elsewhere is not read back from its file. Which ones are is decided when
 * a batch is opened: a few, the first ones in the queue, since memory is taken by each.
 */
import type { BatchFacts } from "./batch-file.ts";
import { PREPARED_MAX, PREPARED_MAX_BYTES } from "./limits.ts";

/** Takes rows for their INSERT before their batch is closed. */
export interface Preparing {
  /**
   * Take rows of a batch, behind those before. One call at a time for each batch. What they lie in may be
   * gone afterwards, unless it is shared memory.
   *
   * @param tables pieces of the rows of each table, in the batch's order of tables
   * @returns bytes held for the batch, once the rows are read no more; undefined where they cannot be
   *   taken, and then nothing of the batch is held
   */
  take(facts: BatchFacts, tables: readonly (readonly Uint8Array[])[]): Promise<number | undefined>;
  /** Nothing of the batch is wanted any more. */
  discard(batchId: string): void;
}

interface Waiting {
  readonly tables: readonly { readonly bytes: Uint8Array }[];
  readonly resolve: () => void;
}

/** The rows of one batch. */
export class PreparedRows {
  readonly #facts: BatchFacts;
  readonly #batches: PreparedBatches;
  #waiting: Waiting[] = [];
  #isRunning = false;
  #heldBytes: number | undefined = 0;

  constructor(facts: BatchFacts, batches: PreparedBatches) {
    this.#facts = facts;
    this.#batches = batches;
  }

  /** Bytes held elsewhere; undefined where the rows are not. */
  get heldBytes(): number | undefined {
    return this.#heldBytes;
  }

  /** Take the rows of a request; resolves when they are read no more. Never rejects. */
  add(tables: readonly { readonly bytes: Uint8Array }[]): Promise<void> {
    if (this.#heldBytes === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ tables, resolve });
      if (!this.#isRunning) void this.#run();
    });
  }

  /** The rows are not held any more; whatever comes is not taken. */
  discard(): void {
    this.#heldBytes = undefined;
    this.#batches.end(this, this.#facts.batchId);
  }

  /** What comes while rows are taken is taken together. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0);
      if (this.#heldBytes !== undefined) await this.#take(group);
      for (const { resolve } of group) resolve();
    }
    this.#isRunning = false;
  }

  async #take(group: readonly Waiting[]): Promise<void> {
    const pieces = this.#facts.tables.map((_, index) =>
      group.flatMap(({ tables }) => {
        const bytes = tables[index]?.bytes;
        return bytes === undefined || bytes.length === 0 ? [] : [bytes];
      }),
    );
    const heldBytes = await this.#batches.take(this.#facts, pieces);
    // It may have been discarded meanwhile; and rows that cannot be taken are read from the file.
    if (heldBytes === undefined || this.#heldBytes === undefined) this.discard();
    else this.#heldBytes = heldBytes;
  }
}

/** All batches whose rows are held elsewhere. */
export class PreparedBatches {
  readonly #preparing: Preparing | undefined;
  readonly #onFailure: (error: unknown) => void;
  readonly #rows = new Set<PreparedRows>();

  /** @param onFailure told of what went wrong elsewhere; the rows are read from the file then */
  constructor(preparing: Preparing | undefined, onFailure: (error: unknown) => void) {
    this.#preparing = preparing;
    this.#onFailure = onFailure;
  }

  /** Whether another batch may be held beside those that are. */
  get hasRoom(): boolean {
    if (this.#preparing === undefined || this.#rows.size >= PREPARED_MAX) return false;
    let sumBytes = 0;
    for (const { heldBytes = 0 } of this.#rows) sumBytes += heldBytes;
    return sumBytes <= PREPARED_MAX_BYTES;
  }

  /** Hold the rows of a batch from now on, as far as there is somebody who takes them. */
  begin(facts: BatchFacts): PreparedRows | undefined {
    if (this.#preparing === undefined) return undefined;
    const rows = new PreparedRows(facts, this);
    this.#rows.add(rows);
    return rows;
  }

  async take(
    facts: BatchFacts,
    pieces: readonly (readonly Uint8Array[])[],
  ): Promise<number | undefined> {
    try {
      return await this.#preparing?.take(facts, pieces);
    } catch (error) {
      this.#onFailure(error);
      return undefined;
    }
  }

  end(rows: PreparedRows, batchId: string): void {
    if (this.#rows.delete(rows)) this.#preparing?.discard(batchId);
  }
}
