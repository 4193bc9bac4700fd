/**
 * Request bodies: decompressed, bounded, and spooled to a file when they hold rows.
 *
 * In: a request. Out: its first bytes, then either nothing more or a file with the rest. A body
 * that ends early (connection lost, Content-Length not reached, gzip cut off) is an error: its
 * file is deleted and nothing of it reaches the engine.
 */
import { randomUUID } from "node:crypto";
import { type FileHandle, open, rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from "node:zlib";
import { Exception, exception } from "./exceptions.ts";
import { BODY_IDLE_MAX_MS } from "./limits.ts";
import { createLz4Decompress } from "./lz4-frame.ts";

/** Size of one write to a spool file, in bytes (1 MiB): fewer turns through the thread pool. */
const SPOOL_WRITE_BYTES = 1_048_576;

const DECODERS: Readonly<Record<string, () => NodeJS.ReadWriteStream>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
  lz4: createLz4Decompress,
};

/** The connection went away before the body was complete: there is nobody to answer. */
export class ClientGone extends Error {}

function decoded(request: IncomingMessage): AsyncIterable<Buffer> {
  const encoding = (request.headers["content-encoding"] ?? "identity").trim().toLowerCase();
  if (encoding === "identity" || encoding === "") return request;
  const decoder = DECODERS[encoding]?.();
  if (decoder === undefined) {
    throw exception(
      "NOT_IMPLEMENTED",
      "This Content-Encoding is not supported by the embedded engine; use gzip, deflate, br, zstd or lz4",
    );
  }
  // The decoder's reader sees the error; this promise only carries it there.
  pipeline(request, decoder).catch(() => undefined);
  return decoder as unknown as AsyncIterable<Buffer>;
}

/** A request body that is read from the front. */
export class Body {
  readonly #request: IncomingMessage;
  readonly #chunks: AsyncIterator<Buffer>;
  #ended = false;
  #left: Buffer = Buffer.alloc(0);

  constructor(request: IncomingMessage) {
    this.#request = request;
    this.#chunks = decoded(request)[Symbol.asyncIterator]();
  }

  /** Whether nothing is left to read. */
  async isAtEnd(): Promise<boolean> {
    while (this.#left.length === 0 && !this.#ended) this.#left = (await this.#next()) ?? this.#left;
    return this.#left.length === 0;
  }

  async #next(): Promise<Buffer | undefined> {
    const idle = setTimeout(() => this.#request.destroy(new ClientGone()), BODY_IDLE_MAX_MS);
    try {
      const { value, done } = await this.#chunks.next();
      if (done !== true) return value;
      this.#ended = true;
      if (!this.#request.complete) throw new ClientGone();
      return undefined;
    } catch (error) {
      if (error instanceof Exception) throw error;
      const { code } = error as { code?: string };
      const corrupt = code?.startsWith("Z_") === true || code?.startsWith("ERR_") === true;
      if (corrupt && !this.#request.destroyed) throw corruptBody();
      if (corrupt && this.#request.complete) throw corruptBody();
      throw new ClientGone();
    } finally {
      clearTimeout(idle);
    }
  }

  /** The first bytes: all of them, or `sizeMax`. What was read beyond is kept for later. */
  async head(sizeMax: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let size = 0;
    while (size < sizeMax) {
      const chunk = await this.#next();
      if (chunk === undefined) break;
      chunks.push(chunk);
      size += chunk.length;
    }
    const all = Buffer.concat(chunks);
    this.#left = all.subarray(sizeMax);
    return all.subarray(0, sizeMax);
  }

  async *#rest(first: Buffer, sizeMax: number): AsyncGenerator<Buffer, void, undefined> {
    let size = 0;
    let chunk: Buffer | undefined = Buffer.concat([first, this.#left]);
    this.#left = Buffer.alloc(0);
    while (chunk !== undefined) {
      size += chunk.length;
      if (size > sizeMax) {
        throw exception("QUERY_IS_TOO_LARGE", `The insert body is larger than ${sizeMax} bytes`);
      }
      yield chunk;
      chunk = this.#ended ? undefined : await this.#next();
    }
  }

  /**
   * Write `first` and all that follows to a file of its own.
   *
   * @returns the file's name in `directory`; the caller deletes it
   */
  async spool(directory: string, first: Buffer, sizeMax: number): Promise<string> {
    const name = randomUUID();
    const path = join(directory, name);
    try {
      await using file = await open(path, "wx", 0o600);
      await writeAll(file, this.#rest(first, sizeMax));
      return name;
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  }
}

/** Write while more is read, as a file stream does, which took a fifth more of the processor. */
async function writeAll(file: FileHandle, chunks: AsyncIterable<Buffer>): Promise<void> {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let writing: Promise<void> = Promise.resolve();
  try {
    for await (const chunk of chunks) {
      waiting.push(chunk);
      waitingBytes += chunk.length;
      if (waitingBytes < SPOOL_WRITE_BYTES) continue;
      await writing;
      writing = writeTogether(file, waiting, waitingBytes);
      // It is waited for in any case; until then its failure is nobody's.
      writing.catch(() => undefined);
      waiting = [];
      waitingBytes = 0;
    }
  } finally {
    await writing;
  }
  await writeTogether(file, waiting, waitingBytes);
}

/** Write pieces one after the other in the file. */
async function writeTogether(
  file: FileHandle,
  pieces: readonly Buffer[],
  sizeBytes: number,
): Promise<void> {
  const { bytesWritten } = await file.writev(pieces);
  if (bytesWritten === sizeBytes) return;
  // A disk that fills up takes a part; the next write says why.
  await file.writeFile(Buffer.concat(pieces).subarray(bytesWritten));
}

function corruptBody(): Exception {
  return exception(
    "ZLIB_INFLATE_FAILED",
    "The compressed request body is corrupt or cut off; nothing of it was inserted",
  );
}
