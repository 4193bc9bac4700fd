/**
 * A batch's file, read back: after a crash, or when its turn to be stored comes.
 *
 * In: a path. Out: its contents, its seal if it has one, and what was found damaged. Reads only.
 */
import { readFile } from "node:fs/promises";
import {
  type BatchFacts,
  decodeHead,
  decodeRequest,
  decodeSeal,
  type SealRecord,
} from "./batch-file.ts";
import { BatchContents } from "./contents.ts";
import { SpoolError } from "./errors.ts";
import { RECORD, type Scanned, scanRecords } from "./record.ts";
import type { Sealing } from "./sealing.ts";

/** Bytes of a file that were changed after they had been written. */
export interface CorruptStretch {
  readonly start: number;
  readonly bytes: Buffer;
  readonly reason: string;
}

/** What a file holds. */
export interface ReadBatch {
  /** Undefined when the head is corrupt or was never written. */
  readonly contents: BatchContents | undefined;
  readonly seal: SealRecord | undefined;
  readonly corrupt: readonly CorruptStretch[];
  /** Where the file ends for its next record: behind it is only what a crash cut off. */
  readonly soundBytes: number;
  readonly sizeBytes: number;
}

/**
 * Read a file.
 *
 * @param sealing sums up the rows of a batch that has no seal; without it none is summed up
 * @throws {SpoolError} `SPOOL_UNREADABLE` when it is of another version of the format
 */
export async function readBatch(path: string, sealing?: Sealing): Promise<ReadBatch> {
  const bytes = await readFile(path);
  const found = [...scanRecords(bytes)];
  const seal = findSeal(found);
  const contents = readContents(path, found, seal === undefined ? sealing : undefined);
  const corrupt = found
    .filter((item) => item.kind === "corrupt")
    .map(({ start, end, reason }) => ({ start, bytes: bytes.subarray(start, end), reason }));
  if (contents !== undefined) {
    contents.lostRecords = found.filter((_, at) => isLostRequest(found, at)).length;
  }
  const torn = found.find((item) => item.kind === "torn");
  return {
    contents,
    seal,
    corrupt,
    soundBytes: torn?.start ?? bytes.length,
    sizeBytes: bytes.length,
  };
}

/** Corrupt, and not merely one of the two copies of a head or a seal. */
function isLostRequest(found: readonly Scanned[], at: number): boolean {
  const item = found[at];
  if (item?.kind !== "corrupt") return false;
  const isCopyOf = (other: Scanned | undefined): boolean =>
    other?.kind === "record" &&
    other.type !== RECORD.request &&
    other.end - other.start === item.end - item.start;
  return !isCopyOf(found[at - 1]) && !isCopyOf(found[at + 1]);
}

function findSeal(found: readonly Scanned[]): SealRecord | undefined {
  const record = found.find((item) => item.kind === "record" && item.type === RECORD.seal);
  return record?.kind === "record" ? decodeSeal(record.payload) : undefined;
}

function readContents(
  path: string,
  found: readonly Scanned[],
  sealing: Sealing | undefined,
): BatchContents | undefined {
  const head = found.find((item) => item.kind === "record" && item.type === RECORD.head);
  if (head?.kind !== "record") return undefined;
  const facts = readFacts(path, head.payload);
  const contents = new BatchContents(facts, { seal: sealing?.begin(facts), keepsRows: true });
  for (const item of found) {
    if (item.kind !== "record" || item.type !== RECORD.request) continue;
    contents.add(decodeRequest(item.payload), item.end - item.start);
  }
  return contents;
}

function readFacts(path: string, payload: Buffer): BatchFacts {
  const facts = decodeHead(payload);
  if (facts !== undefined) return facts;
  throw new SpoolError(
    "SPOOL_UNREADABLE",
    `${path} has another format; run a version of spanledger as new as the one that wrote it`,
  );
}
