/**
 * What is kept of batches after their files are removed: the log's head and the requests' digests.
 *
 * In: batches that are stored or in quarantine. Out: on the next start, the origin, the head of the
 * chain and the digests. Side effects: files `*.done` in the spool folder, synced before a batch's
 * own file goes.
 *
 * Each file begins with a head (JSON), then one entry per batch: u32 length of JSON, JSON, and per
 * request 32 bytes of digest and u32 of refused spans (little-endian). At start what is still in the
 * window is copied into one new file.
 */
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppendFile, type SyncCounts } from "./append-file.ts";
import { DIGEST_SIZE_BYTES, FORMAT_VERSION } from "./batch-file.ts";
import type { KnownRequest } from "./contents.ts";
import { SpoolError } from "./errors.ts";
import { WINDOW_MIN_REQUESTS } from "./limits.ts";
import { frameRecord, RECORD, scanRecords } from "./record.ts";

const SUFFIX = ".done";
const ENTRY_SIZE_BYTES = DIGEST_SIZE_BYTES + 4;

/** The newest sealed batch. */
export interface ChainHead {
  readonly sequence: number;
  readonly batchId: string;
  /** Hash of its header, 64 hex digits. */
  readonly hash: string;
}

interface LogHead {
  readonly version: number;
  readonly origin: string;
  readonly head: ChainHead | null;
}

/** A batch that needs its file no longer. */
export interface DoneBatch extends ChainHead {
  /** Milliseconds since 1970. */
  readonly doneAtMs: number;
  readonly requests: readonly KnownRequest[];
}

export interface DoneLogOptions {
  readonly dir: string;
  readonly requestsMax: number;
  readonly ageMaxMs: number;
  readonly now: () => number;
  /** Makes names that sort by time. */
  readonly newId: () => string;
  /** Named so when no file says otherwise. */
  readonly newOrigin: () => string;
  /** Told of bytes that were changed after they had been written. */
  readonly onCorrupt: (
    file: string,
    bytes: Buffer,
    offset: number,
    reason: string,
  ) => Promise<void>;
  readonly counts: SyncCounts;
}

interface LogFile {
  readonly file: AppendFile;
  readonly sinceMs: number;
  requests: number;
}

export class DoneLog {
  readonly origin: string;
  readonly #options: DoneLogOptions;
  #head: ChainHead | undefined;
  #current: LogFile | undefined;
  /** Older files, oldest first. */
  #older: { readonly path: string; readonly requests: number }[] = [];
  #appending: Promise<void> = Promise.resolve();

  private constructor(options: DoneLogOptions, origin: string, head: ChainHead | undefined) {
    this.#options = options;
    this.origin = origin;
    this.#head = head;
  }

  /** The newest batch that is logged here. */
  get head(): ChainHead | undefined {
    return this.#head;
  }

  /**
   * Read what is there and begin a new file.
   *
   * @param onRequests told of the digests of each batch, oldest first
   */
  static async open(
    options: DoneLogOptions,
    onRequests: (done: DoneBatch) => void,
  ): Promise<DoneLog> {
    const found = await readLogs(options);
    const log = new DoneLog(options, found.origin ?? options.newOrigin(), found.head);
    const kept = keepNewest(found.batches, options);
    for (const batch of kept) onRequests(batch);
    await log.#begin();
    // The file must say who we are before the first batch is sealed in that name.
    await log.#write(kept.length === 0 ? [] : kept);
    for (const path of found.paths) await rm(path, { force: true });
    return log;
  }

  /** Log a batch; resolves once that is on the disk. Safe to repeat. */
  append(batch: DoneBatch): Promise<void> {
    const appended = this.#appending.then(() => this.#append(batch));
    this.#appending = appended.catch(() => undefined);
    return appended;
  }

  /** Close the file; a batch that is logged afterwards begins another one. */
  async close(): Promise<void> {
    await this.#appending;
    await this.#retire();
  }

  async #append(batch: DoneBatch): Promise<void> {
    if (this.#head === undefined || batch.sequence > this.#head.sequence) {
      const { sequence, batchId, hash } = batch;
      this.#head = { sequence, batchId, hash };
    }
    if (this.#mustRotate()) await this.#begin();
    await this.#write([batch]);
    await this.#forget();
  }

  #mustRotate(): boolean {
    const { requestsMax, ageMaxMs, now } = this.#options;
    const current = this.#current;
    return (
      current === undefined ||
      current.file.failed ||
      current.requests >= requestsMax / 2 ||
      now() - current.sinceMs > ageMaxMs / 2
    );
  }

  async #begin(): Promise<void> {
    const { dir, newId, counts, now } = this.#options;
    await this.#retire();
    const head: LogHead = {
      version: FORMAT_VERSION,
      origin: this.origin,
      head: this.#head ?? null,
    };
    const bytes = frameRecord(RECORD.journalHead, Buffer.from(JSON.stringify(head)));
    const file = new AppendFile(join(dir, newId() + SUFFIX), bytes, counts);
    this.#current = { file, sinceMs: now(), requests: 0 };
  }

  async #retire(): Promise<void> {
    const before = this.#current;
    if (before === undefined) return;
    this.#current = undefined;
    await before.file.close();
    this.#older.push({ path: before.file.path, requests: before.requests });
  }

  async #write(batches: readonly DoneBatch[]): Promise<void> {
    const current = this.#current;
    if (current === undefined) return;
    await current.file.append(Buffer.concat(batches.map(encodeEntry)));
    for (const { requests } of batches) current.requests += requests.length;
  }

  /** Remove files whose requests are all older than half the window. */
  async #forget(): Promise<void> {
    const half = this.#options.requestsMax / 2;
    let younger = this.#current?.requests ?? 0;
    for (const { requests } of this.#older) younger += requests;
    while (this.#older[0] !== undefined && younger - this.#older[0].requests >= half) {
      const [oldest] = this.#older.splice(0, 1);
      if (oldest === undefined) return;
      younger -= oldest.requests;
      await rm(oldest.path, { force: true });
    }
  }
}

interface FoundLogs {
  readonly paths: string[];
  readonly batches: DoneBatch[];
  origin?: string;
  head?: ChainHead;
}

async function readLogs(options: DoneLogOptions): Promise<FoundLogs> {
  const found: FoundLogs = { paths: [], batches: [] };
  const names = await readdir(options.dir);
  for (const name of names.filter((one) => one.endsWith(SUFFIX)).toSorted()) {
    const path = join(options.dir, name);
    found.paths.push(path);
    const bytes = await readFile(path);
    for (const item of scanRecords(bytes)) {
      if (item.kind === "corrupt") {
        const stretch = bytes.subarray(item.start, item.end);
        await options.onCorrupt(name, stretch, item.start, item.reason);
      } else if (item.kind === "record") {
        take(found, item.type, item.payload, path);
      }
    }
  }
  return found;
}

function take(found: FoundLogs, type: number, payload: Buffer, path: string): void {
  if (type === RECORD.journalHead) {
    const { version, origin, head } = JSON.parse(payload.toString()) as LogHead;
    if (version !== FORMAT_VERSION) {
      throw new SpoolError(
        "SPOOL_UNREADABLE",
        `${path} has format ${version}; run a version of spanledger as new as the one that wrote it`,
      );
    }
    found.origin = origin;
    if (head !== null) advance(found, head);
  } else if (type === RECORD.journalEntry) {
    const batch = decodeEntry(payload);
    found.batches.push(batch);
    advance(found, batch);
  }
}

function advance(found: FoundLogs, { sequence, batchId, hash }: ChainHead): void {
  if (found.head === undefined || sequence > found.head.sequence) {
    found.head = { sequence, batchId, hash };
  }
}

/**
 * The youngest batches that fill the window; a batch that was logged twice counts once. Age tells
 * only beyond {@link WINDOW_MIN_REQUESTS}: the clock may have stepped since.
 */
function keepNewest(batches: readonly DoneBatch[], options: DoneLogOptions): DoneBatch[] {
  const kept = new Map<string, DoneBatch>();
  let requests = 0;
  for (const batch of batches.toReversed()) {
    if (kept.has(batch.batchId)) continue;
    requests += batch.requests.length;
    if (requests > options.requestsMax) break;
    const isOld = options.now() - batch.doneAtMs > options.ageMaxMs;
    if (isOld && requests > WINDOW_MIN_REQUESTS) continue;
    kept.set(batch.batchId, batch);
  }
  return [...kept.values()].reverse();
}

function encodeEntry({ requests, ...batch }: DoneBatch): Buffer {
  const json = Buffer.from(JSON.stringify(batch));
  const payload = Buffer.alloc(4 + json.length + requests.length * ENTRY_SIZE_BYTES);
  payload.writeUInt32LE(json.length, 0);
  payload.set(json, 4);
  let at = 4 + json.length;
  for (const { digest, rejected } of requests) {
    payload.set(digest, at);
    payload.writeUInt32LE(rejected, at + DIGEST_SIZE_BYTES);
    at += ENTRY_SIZE_BYTES;
  }
  return frameRecord(RECORD.journalEntry, payload);
}

function decodeEntry(payload: Buffer): DoneBatch {
  const start = 4 + payload.readUInt32LE(0);
  const batch = JSON.parse(payload.toString("utf8", 4, start)) as Omit<DoneBatch, "requests">;
  const requests: KnownRequest[] = [];
  for (let at = start; at < payload.length; at += ENTRY_SIZE_BYTES) {
    requests.push({
      digest: payload.subarray(at, at + DIGEST_SIZE_BYTES),
      rejected: payload.readUInt32LE(at + DIGEST_SIZE_BYTES),
    });
  }
  return { ...batch, requests };
}
