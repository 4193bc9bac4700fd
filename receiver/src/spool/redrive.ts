/**
 * A batch in quarantine, for another try.
 *
 * In: its dead letter. Out: its contents and seal. Side effects: once stored its files go; refused
 * again, its reason is written anew.
 */
import type { Refusal } from "../base/stored-batch.ts";
import type { SealRecord } from "./batch-file.ts";
import { reasonOf } from "./closed-batch.ts";
import type { BatchContents } from "./contents.ts";
import { SpoolError } from "./errors.ts";
import type { ListedLetter, Quarantine } from "./quarantine.ts";
import { readBatch } from "./read-batch.ts";
import type { SpoolSpace } from "./space.ts";

/** A batch that is tried again. */
export class QuarantinedBatch {
  readonly letter: ListedLetter;
  readonly contents: BatchContents;
  readonly seal: SealRecord;
  readonly #quarantine: Quarantine;
  readonly #space: SpoolSpace;

  private constructor(
    letter: ListedLetter,
    read: { readonly contents: BatchContents; readonly seal: SealRecord },
    parts: { readonly quarantine: Quarantine; readonly space: SpoolSpace },
  ) {
    this.letter = letter;
    this.contents = read.contents;
    this.seal = read.seal;
    this.#quarantine = parts.quarantine;
    this.#space = parts.space;
  }

  /** @throws {SpoolError} `SPOOL_NOT_REDRIVABLE`, `SPOOL_UNREADABLE` */
  static async open(
    letter: ListedLetter,
    parts: { readonly quarantine: Quarantine; readonly space: SpoolSpace },
  ): Promise<QuarantinedBatch> {
    if (letter.kind !== "batch") {
      throw new SpoolError(
        "SPOOL_NOT_REDRIVABLE",
        "what is in quarantine is corrupt, not refused: trying it again does not help",
      );
    }
    const { contents, seal } = await readBatch(parts.quarantine.pathOf(letter));
    if (contents === undefined || seal === undefined) {
      throw new SpoolError("SPOOL_UNREADABLE", "the batch in quarantine cannot be read any more");
    }
    return new QuarantinedBatch(letter, { contents, seal }, parts);
  }

  async done(): Promise<void> {
    await this.#quarantine.remove(this.letter);
    this.#space.add(-this.letter.sizeBytes);
  }

  async refuse(refusals: readonly Refusal[], storedTables: readonly string[]): Promise<void> {
    const { sizeBytes: _, ...letter } = this.letter;
    await this.#quarantine.write({
      ...letter,
      reason: reasonOf(refusals),
      refusals,
      storedTables,
    });
  }
}
