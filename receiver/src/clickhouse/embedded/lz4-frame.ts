/**
 * Decoder of the LZ4 frame format (LZ4 Frame Format 1.6, LZ4 Block Format), which
 * clickhouse-connect uses for inserts unless told otherwise. Node has none.
 *
 * In: the bytes of frames, in chunks of any size. Out: their content. A frame that ends early or
 * breaks a rule of the format is an error with a code that begins with `ERR_`, as zlib's do.
 * Checksums are skipped, not verified: the transport has its own, and the end mark shows that
 * nothing is missing.
 *
 * Bounded: one compressed block (at most 4 MiB) and the 64 KiB before it are held.
 */
import { Transform, type TransformCallback } from "node:stream";

const MAGIC = 0x184d2204;
/** Bytes back that a match may reach, over the border of a block too. */
const WINDOW_BYTES = 65_536;
/** Block sizes by the three bits of the frame descriptor. */
const BLOCK_MAX_BYTES = [0, 0, 0, 0, 65_536, 262_144, 1_048_576, 4_194_304];

export class Lz4Error extends Error {
  readonly code = "ERR_LZ4_CORRUPT";
}

function corrupt(what: string): Lz4Error {
  return new Lz4Error(`LZ4 frame: ${what}`);
}

/** A length that goes on in further bytes while they are 255. */
function longLength(block: Buffer, from: number, start: number): { length: number; at: number } {
  let [length, at] = [start, from];
  if (start === 15) {
    let byte = 255;
    while (byte === 255) {
      byte = block[at] ?? -1;
      if (byte === -1) throw corrupt("a length is cut off");
      length += byte;
      at += 1;
    }
  }
  return { length, at };
}

/** Copy a match, which may overlap what it writes. */
function copyMatch(output: Buffer, at: number, offset: number, length: number): void {
  if (offset === 0 || offset > at) throw corrupt("a match reaches back too far");
  if (at + length > output.length) throw corrupt("a block is larger than it may be");
  if (offset >= length) {
    output.copyWithin(at, at - offset, at - offset + length);
    return;
  }
  for (let index = at; index < at + length; index += 1) output[index] = output[index - offset] ?? 0;
}

/**
 * Decode one block.
 *
 * @param window up to 64 KiB that came before it
 */
function decodeBlock(block: Buffer, window: Buffer, sizeMax: number): Buffer {
  const output = Buffer.allocUnsafe(window.length + sizeMax);
  window.copy(output);
  let [at, to] = [0, window.length];
  while (at < block.length) {
    const token = block[at] ?? 0;
    const literals = longLength(block, at + 1, token >> 4);
    const literalsEnd = literals.at + literals.length;
    if (literalsEnd > block.length) throw corrupt("literals are cut off");
    if (to + literals.length > output.length) throw corrupt("a block is larger than it may be");
    block.copy(output, to, literals.at, literalsEnd);
    to += literals.length;
    if (literalsEnd === block.length) break;
    if (literalsEnd + 2 > block.length) throw corrupt("a match is cut off");
    const offset = block.readUInt16LE(literalsEnd);
    const match = longLength(block, literalsEnd + 2, token & 15);
    copyMatch(output, to, offset, match.length + 4);
    to += match.length + 4;
    at = match.at;
  }
  return output.subarray(window.length, to);
}

interface Frame {
  readonly linked: boolean;
  readonly blockChecksum: boolean;
  readonly contentChecksum: boolean;
  readonly blockMaxBytes: number;
}

class Lz4FrameDecoder extends Transform {
  #pending: Buffer = Buffer.alloc(0);
  #window: Buffer = Buffer.alloc(0);
  #frame: Frame | undefined;

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    try {
      this.#pending = Buffer.concat([this.#pending, chunk]);
      let used = this.#step();
      while (used > 0) {
        this.#pending = this.#pending.subarray(used);
        used = this.#step();
      }
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    const cut = this.#frame !== undefined || this.#pending.length > 0;
    done(cut ? corrupt("it ends early") : null);
  }

  /** Take one element off the front. Returns its size, 0 when it has not all arrived. */
  #step(): number {
    return this.#frame === undefined ? this.#header() : this.#block(this.#frame);
  }

  #header(): number {
    const bytes = this.#pending;
    if (bytes.length < 7) return 0;
    if (bytes.readUInt32LE(0) !== MAGIC) throw corrupt("it does not begin with its magic number");
    const [flags = 0, descriptor = 0] = [bytes[4], bytes[5]];
    if (flags >> 6 !== 1 || (flags & 0b11) !== 0) {
      throw corrupt("unknown version, or a dictionary, which is not supported");
    }
    const blockMaxBytes = BLOCK_MAX_BYTES[(descriptor >> 4) & 0b111] ?? 0;
    if (blockMaxBytes === 0) throw corrupt("unknown block size");
    const size = (flags & 0b1000) === 0 ? 7 : 15;
    if (bytes.length < size) return 0;
    this.#window = Buffer.alloc(0);
    this.#frame = {
      linked: (flags & 0b10_0000) === 0,
      blockChecksum: (flags & 0b1_0000) !== 0,
      contentChecksum: (flags & 0b100) !== 0,
      blockMaxBytes,
    };
    return size;
  }

  #block(frame: Frame): number {
    const bytes = this.#pending;
    if (bytes.length < 4) return 0;
    const word = bytes.readUInt32LE(0);
    if (word === 0) {
      const size = frame.contentChecksum ? 8 : 4;
      if (bytes.length < size) return 0;
      this.#frame = undefined;
      return size;
    }
    const length = word & 0x7fff_ffff;
    if (length > frame.blockMaxBytes) throw corrupt("a block is larger than it may be");
    const size = 4 + length + (frame.blockChecksum ? 4 : 0);
    if (bytes.length < size) return 0;
    const block = bytes.subarray(4, 4 + length);
    const plain = word >>> 31 === 1;
    const content = plain
      ? Buffer.from(block)
      : decodeBlock(block, this.#window, frame.blockMaxBytes);
    if (frame.linked) this.#window = Buffer.concat([this.#window, content]).subarray(-WINDOW_BYTES);
    this.push(content);
    return size;
  }
}

/** A stream that decodes LZ4 frames. */
export function createLz4Decompress(): Transform {
  return new Lz4FrameDecoder();
}
