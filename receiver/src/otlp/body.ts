/**
 * Read and decompress a request body within limits.
 *
 * In: a stream of bytes and its Content-Encoding. Out: the whole decompressed body, accounted for
 * in the budget. Throws `OtlpError`. Side effects: reads the stream; takes from the budget, and
 * gives back what it took when it fails.
 */
import { Readable, type Transform } from "node:stream";
import { constants, createGunzip, createInflate, createZstdDecompress } from "node:zlib";
import { claimMemory, freeMemory } from "../base/free-memory.ts";
import { Slots } from "../base/slots.ts";
import type { ByteBudget } from "./byte-budget.ts";
import { OtlpError } from "./errors.ts";
import {
  CHUNKS_MAX_BYTES,
  GATHER_FACTOR,
  TURN_MS,
  ZSTD_CONCURRENT_MAX,
  ZSTD_WINDOW_LOG_MAX,
} from "./limits.ts";

/** What {@link readBody} keeps to. */
export interface BodyLimits {
  /** Largest body before and after decompression, in bytes. */
  readonly sizeMaxBytes: number;
  /** Longest time until the last byte, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether others wait for this body to have arrived; then it has less time. */
  readonly isAwaited?: () => boolean;
  readonly budget: ByteBudget;
  /** Size of the body before decompression, where it is known. */
  readonly sentBytes?: number;
}

/** A transform of zlib. */
export interface Decompressor extends Transform {
  /** Compressed bytes that it took. */
  readonly bytesWritten: number;
}

/** How a body is compressed. */
export interface Encoding {
  readonly createDecompressor: () => Decompressor;
  /**
   * The decompressor takes memory for a whole window, so it runs only once all has arrived, and few
   * at a time.
   */
  readonly isHeavy: boolean;
}

const GZIP: Encoding = { createDecompressor: () => createGunzip(), isHeavy: false };
const ZLIB: Encoding = { createDecompressor: () => createInflate(), isHeavy: false };
const ZSTD: Encoding = {
  createDecompressor: () =>
    createZstdDecompress({
      params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX },
    }),
  isHeavy: true,
};

/** What is taken: OTLP prescribes none and gzip, the Collector takes these too. */
const ENCODINGS: ReadonlyMap<string, Encoding | undefined> = new Map([
  ["", undefined],
  ["identity", undefined],
  ["gzip", GZIP],
  // The older name, which RFC 9110 asks to take for the same.
  ["x-gzip", GZIP],
  ["deflate", ZLIB],
  // The Collector's name for it.
  ["zlib", ZLIB],
  ["zstd", ZSTD],
]);

/**
 * What a Content-Encoding says; undefined for none.
 *
 * @throws {OtlpError} `OTLP_UNSUPPORTED_ENCODING`
 */
export function chooseEncoding(contentEncoding: string | undefined): Encoding | undefined {
  const name = contentEncoding?.trim().toLowerCase() ?? "";
  if (ENCODINGS.has(name)) return ENCODINGS.get(name);
  throw new OtlpError(
    "OTLP_UNSUPPORTED_ENCODING",
    "unsupported Content-Encoding; send identity, gzip, deflate or zstd",
  );
}

const heavySlots = new Slots(ZSTD_CONCURRENT_MAX);

/**
 * Read a body to its end.
 *
 * @param source destroyed by nobody here; after an error the caller decides what to do with it
 * @returns the bytes; the caller gives their length back to the budget
 * @throws {OtlpError} `OTLP_BODY_TOO_LARGE`, `OTLP_BAD_COMPRESSION`, `OTLP_OVERLOADED`,
 *   `OTLP_RECEIVE_TIMEOUT`, `OTLP_ABORTED`
 */
export async function readBody(
  source: Readable,
  encoding: Encoding | undefined,
  limits: BodyLimits,
): Promise<Buffer> {
  if (!encoding?.isHeavy) return collect(source, encoding?.createDecompressor, limits);
  const sent = await collect(source, undefined, limits);
  const sentBytes = sent.length;
  let release: () => void = () => undefined;
  await new Promise<void>((resolve) => {
    release = heavySlots.acquire(resolve);
  });
  try {
    const body = await collect(Readable.from([sent]), encoding.createDecompressor, limits);
    // Not after a failure: the decompressor may still be reading it.
    freeMemory(sent);
    return body;
  } finally {
    release();
    limits.budget.give(sentBytes);
  }
}

/** Read a stream to its end, decompressed if need be. */
function collect(
  source: Readable,
  createDecompressor: (() => Decompressor) | undefined,
  limits: BodyLimits,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const decompressor = createDecompressor?.();
    const collector = new Collector(
      limits,
      decompressor === undefined ? limits.sentBytes : undefined,
    );
    let receivedBytes = 0;
    let settled = false;
    let timer: NodeJS.Timeout | undefined;

    const finish = (error: OtlpError | undefined): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      source.off("data", onSourceData).off("end", onSourceEnd).off("close", onSourceClose);
      decompressor?.destroy();
      if (error === undefined) {
        resolve(collector.take());
        return;
      }
      collector.discard();
      reject(error);
    };
    const keep = (chunk: Buffer): void => finishOn(collector.add(chunk));
    const finishOn = (error: OtlpError | undefined): void => {
      if (error !== undefined) finish(error);
    };
    const onSourceData = (chunk: Buffer): void => {
      receivedBytes += chunk.length;
      if (receivedBytes > limits.sizeMaxBytes) finish(tooLarge(limits.sizeMaxBytes));
      else if (decompressor === undefined) keep(chunk);
      else if (!decompressor.write(chunk)) source.pause();
    };
    const onSourceEnd = (): void => {
      if (decompressor === undefined) finish(undefined);
      else decompressor.end();
    };
    const onSourceClose = (): void => {
      if (!source.readableEnded) finish(new OtlpError("OTLP_ABORTED", "the request was cut off"));
    };
    const turnMs = Math.min(TURN_MS, limits.timeoutMs / 4);
    /** Looks again after every turn, because others may have come to wait. */
    const awaitEnd = (leftMs: number): void => {
      timer = setTimeout(
        () => {
          if (leftMs <= turnMs || limits.isAwaited?.() === true) finish(receiveTimeout());
          else awaitEnd(leftMs - turnMs);
        },
        Math.min(turnMs, leftMs),
      );
    };
    awaitEnd(limits.timeoutMs);

    decompressor?.on("data", (chunk: Buffer) => {
      if (!settled) keep(chunk);
    });
    decompressor?.on("drain", () => source.resume());
    decompressor?.on("end", () => {
      // It ends by itself where its format ends; taking the rest for nothing would lose records.
      const isWhole = source.readableEnded && decompressor.bytesWritten === receivedBytes;
      finish(isWhole ? undefined : trailingBytes());
    });
    decompressor?.on("error", (cause) => {
      finish(new OtlpError("OTLP_BAD_COMPRESSION", "the body cannot be decompressed", { cause }));
    });
    source.on("data", onSourceData).on("end", onSourceEnd).on("close", onSourceClose);
  });
}

/** The answer when a body is larger than {@link BodyLimits.sizeMaxBytes}. */
export function tooLarge(sizeMaxBytes: number): OtlpError {
  return new OtlpError(
    "OTLP_BODY_TOO_LARGE",
    `the body is larger than ${sizeMaxBytes} bytes; send smaller batches`,
  );
}

function trailingBytes(): OtlpError {
  const message = "the body goes on after the end of its compression; send one stream or frame";
  return new OtlpError("OTLP_BAD_COMPRESSION", message);
}

/** Holds what has come of one body and what it takes from the budget. */
class Collector {
  readonly #limits: BodyLimits;
  /** What comes is put here where the size is known from the start, or large. */
  #whole: Buffer | undefined;
  #chunks: Buffer[] = [];
  #sizeBytes = 0;

  constructor(limits: BodyLimits, expectedBytes: number | undefined) {
    this.#limits = limits;
    if (expectedBytes !== undefined) this.#whole = Buffer.allocUnsafeSlow(expectedBytes);
  }

  /** Keep a chunk, or say why not. */
  add(chunk: Buffer): OtlpError | undefined {
    const { budget, sizeMaxBytes } = this.#limits;
    const sizeBytes = chunk.length;
    const neededBytes = this.#sizeBytes + sizeBytes;
    if (neededBytes > sizeMaxBytes) return tooLarge(sizeMaxBytes);
    if (!budget.tryTake(sizeBytes)) return overloaded();
    if (neededBytes > (this.#whole?.length ?? CHUNKS_MAX_BYTES)) this.#gather(neededBytes);
    if (this.#whole === undefined) this.#chunks.push(chunk);
    else move(chunk, chunk, this.#whole, this.#sizeBytes);
    this.#sizeBytes = neededBytes;
    return undefined;
  }

  /** Put what has come into memory that holds several times as much; what nothing is written to takes none. */
  #gather(neededBytes: number): void {
    const before = this.#whole;
    const sizeBytes = Math.min(GATHER_FACTOR * neededBytes, this.#limits.sizeMaxBytes);
    this.#whole = Buffer.allocUnsafeSlow(sizeBytes);
    if (before !== undefined) move(before.subarray(0, this.#sizeBytes), before, this.#whole, 0);
    let at = 0;
    for (const chunk of this.#chunks.splice(0)) at = move(chunk, chunk, this.#whole, at);
  }

  take(): Buffer {
    if (this.#whole !== undefined) {
      claimMemory(this.#whole);
      return this.#whole.subarray(0, this.#sizeBytes);
    }
    const [only, second] = this.#chunks;
    if (only !== undefined && second === undefined) return only;
    const body = Buffer.concat(this.#chunks);
    for (const chunk of this.#chunks) freeMemory(chunk);
    return body;
  }

  discard(): void {
    this.#limits.budget.give(this.#sizeBytes);
    this.#sizeBytes = 0;
    this.#chunks = [];
    if (this.#whole !== undefined) freeMemory(this.#whole);
  }
}

/** Copy bytes and give the memory back that they lie in; where they end. */
function move(bytes: Buffer, memory: Buffer, target: Buffer, at: number): number {
  target.set(bytes, at);
  const end = at + bytes.length;
  freeMemory(memory);
  return end;
}

/** The answer when {@link BodyLimits.budget} has no room. */
export function overloaded(): OtlpError {
  return new OtlpError("OTLP_OVERLOADED", "the receiver holds all it can; try again");
}

/** The answer when a request did not arrive within {@link BodyLimits.timeoutMs}. */
export function receiveTimeout(): OtlpError {
  return new OtlpError("OTLP_RECEIVE_TIMEOUT", "the request took too long to arrive");
}
