/**
 * The first part of a run whose newest checkpoint was written by a person, not by a loop.
 *
 * `updateState()` between a pause and its resume saves a checkpoint that has nothing of ours: what
 * the loop left lies in one of the checkpoints before it.
 *
 * In: a loop that begins. Out: the first part, read from its checkpointer. Reads alone, and only
 * where the newest checkpoint is such an update.
 */
import { readField } from "@spanledger/api/internal";
import { type FirstPart, firstPartIn, resumes } from "./checkpoint.ts";
import type { CheckpointReader, PregelLoop, RunnableConfig } from "./internal-types.ts";

/** Most updates in a row that are looked behind; each is one read. */
const ANCESTORS_MAX = 16;

/** @returns undefined where there is nothing to look for, so that the loop need not wait */
export function findFirstPart(loop: PregelLoop): Promise<FirstPart | undefined> | undefined {
  if (loop.isNested === true || !isWrittenByHand(loop.checkpointMetadata) || !resumes(loop)) {
    return undefined;
  }
  return firstPartFrom(loop.checkpointer, loop.prevCheckpointConfig);
}

/** The first part of the run that wrote a checkpoint, or of the run whose state it changed. */
export async function firstPartFrom(
  checkpointer: CheckpointReader | undefined,
  from: RunnableConfig | undefined,
): Promise<FirstPart | undefined> {
  let config = from;
  for (let read = 0; config !== undefined && read < ANCESTORS_MAX; read += 1) {
    const saved: unknown = await checkpointer?.getTuple?.(config);
    const metadata = readField(saved, "metadata");
    const found = firstPartIn(metadata);
    if (found !== undefined || !isWrittenByHand(metadata)) return found;
    config = readField(saved, "parentConfig") as RunnableConfig | undefined;
  }
  return undefined;
}

function isWrittenByHand(metadata: unknown): boolean {
  const source = readField(metadata, "source");
  return (source === "update" || source === "fork") && firstPartIn(metadata) === undefined;
}
