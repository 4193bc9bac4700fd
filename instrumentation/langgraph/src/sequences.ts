/**
 * What is remembered of each thread: the highest sequence that was seen, and the last signature.
 *
 * In: threads, namespaces, sequences, signatures. Side effect: memory, bounded.
 */

/** A checkpoint's place. */
export interface Place {
  readonly thread: string;
  readonly namespace: string;
  /** Undefined where the latest is meant. */
  readonly id: string | undefined;
}

/**
 * Where the highest sequences are kept. The one in memory ends with the process; one of your own,
 * outside of the checkpoints' database, also refuses an older checkpoint after a restart.
 */
export interface CheckpointSequences {
  get(thread: string, namespace: string): Promise<number | undefined> | number | undefined;
  /** Only ever called with a higher sequence than {@link get} gave. */
  set(thread: string, namespace: string, sequence: number): Promise<void> | void;
  /** The thread was deleted. */
  forget(thread: string): Promise<void> | void;
}

/** Threads that are remembered, some 2 MB; the one that was used longest ago is forgotten first. */
const THREADS_MAX = 10_000;

/** Namespaces remembered of one thread: subgraphs have one for each time they run. */
const NAMESPACES_MAX = 1_000;

/** Keeps the sequences in this process. */
export class SequencesInMemory implements CheckpointSequences {
  readonly #threads = new Map<string, Map<string, number>>();

  get(thread: string, namespace: string): number | undefined {
    return this.#threads.get(thread)?.get(namespace);
  }

  set(thread: string, namespace: string, sequence: number): void {
    const namespaces = this.#threads.get(thread) ?? new Map<string, number>();
    // Deleted first, so that what was used last stands last.
    namespaces.delete(namespace);
    namespaces.set(namespace, sequence);
    dropOldest(namespaces, NAMESPACES_MAX);
    this.#threads.delete(thread);
    this.#threads.set(thread, namespaces);
    dropOldest(this.#threads, THREADS_MAX);
  }

  forget(thread: string): void {
    this.#threads.delete(thread);
  }
}

/** Threads whose last signature is remembered; more cost a read each. */
const LAST_SIGNATURES_MAX = 1_000;

/** The signature of the checkpoint that each thread read or wrote last. */
export class LastSignatures {
  readonly #signatures = new Map<string, { id: string | undefined; signature: string | null }>();

  keep(place: Place, signature: string | null): void {
    const key = keyOf(place);
    this.#signatures.delete(key);
    this.#signatures.set(key, { id: place.id, signature });
    dropOldest(this.#signatures, LAST_SIGNATURES_MAX);
  }

  of(place: Place): string | null | undefined {
    const last = this.#signatures.get(keyOf(place));
    return last?.id === place.id ? last?.signature : undefined;
  }
}

function keyOf({ thread, namespace }: Place): string {
  return JSON.stringify([thread, namespace]);
}

function dropOldest(map: Map<string, unknown>, max: number): void {
  const [oldest] = map.keys();
  if (map.size > max && oldest !== undefined) map.delete(oldest);
}
