/**
 * The protobuf wire format, written once from front to back into one growing buffer.
 *
 * In: fields, by their tags. Out: bytes. Pure but for its buffer.
 *
 * Lengths stand before what they measure. Those of texts are known beforehand where the text is
 * ASCII, which is tried first; for a nested message a place is left, and what follows is moved where
 * the place was too small or too large. So the bytes are those that a writer in two passes makes.
 *
 * Source: https://protobuf.dev/programming-guides/encoding/
 */

/** Longest text that is copied in a loop: up to here that costs less than a native call. */
const LOOP_CHARS_MAX = 24;

/** UTF-8 takes at most three bytes for one UTF-16 code unit. */
const BYTES_PER_CHAR_MAX = 3;

/** The longest varint, in bytes: 64 bits in groups of 7. */
export const VARINT_BYTES_MAX = 10;

const TWO_POW_32 = 4_294_967_296;

export class WireWriter {
  #bytes: Buffer;
  #at = 0;

  /** @param sizeBytes first size of the buffer; it grows where that is too small */
  constructor(sizeBytes: number) {
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(sizeBytes, 1_024));
  }

  /** What was written; the writer must not be used any more. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  /** Make room for so many more bytes; every other method that is no message's needs it before. */
  room(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
  }

  byte(value: number): void {
    this.#bytes[this.#at++] = value;
  }

  raw(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** An integer; a negative one as 64 bits in two's complement. */
  varint(value: number): void {
    if (value >= 0 && value < TWO_POW_32) {
      this.#varint32(value >>> 0);
      return;
    }
    let [low, high] = halves(Math.abs(value));
    if (value < 0) {
      low = ~low >>> 0;
      high = ~high >>> 0;
      low = (low + 1) >>> 0;
      if (low === 0) high = (high + 1) >>> 0;
    }
    while (high > 0 || low > 127) {
      this.#bytes[this.#at++] = (low & 127) | 128;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.#bytes[this.#at++] = low;
  }

  double(value: number): void {
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  fixed32(value: number): void {
    this.#at = this.#bytes.writeUInt32LE(value, this.#at);
  }

  /** Seconds and nanoseconds as nanoseconds in 64 bits. */
  time([seconds, nanos]: readonly [number, number]): void {
    // Products of 16 bits and 10^9 are exact in a double; those of 33 bits are not.
    const upper = Math.floor(seconds / 65_536) * 1e9;
    const lower = (upper % 65_536) * 65_536 + (seconds % 65_536) * 1e9 + nanos;
    this.fixed32(lower % TWO_POW_32);
    this.fixed32((Math.floor(upper / 65_536) + Math.floor(lower / TWO_POW_32)) % TWO_POW_32);
  }

  /** Hexadecimal digits as bytes, without a length. */
  hex(digits: string): void {
    const bytes = this.#bytes;
    let at = this.#at;
    for (let index = 0; index < digits.length; index += 2) {
      bytes[at++] = (nibble(digits, index) << 4) | nibble(digits, index + 1);
    }
    this.#at = at;
  }

  /** A field of a text with its length; makes its own room. */
  text(tag: number, value: string): void {
    this.room(1 + VARINT_BYTES_MAX + value.length * BYTES_PER_CHAR_MAX);
    this.#bytes[this.#at++] = tag;
    const start = this.#at;
    this.#varint32(value.length);
    const written = this.characters(value);
    if (written === value.length) return;
    this.#at = start;
    this.#varint32(written);
    this.characters(value);
  }

  /** The characters of a text alone. @returns how many bytes they took */
  characters(value: string): number {
    const chars = value.length;
    if (chars <= LOOP_CHARS_MAX) {
      const bytes = this.#bytes;
      let at = this.#at;
      let index = 0;
      for (; index < chars; index += 1) {
        const code = value.charCodeAt(index);
        if (code > 127) break;
        bytes[at++] = code;
      }
      if (index === chars) {
        this.#at = at;
        return chars;
      }
    }
    const written = this.#bytes.write(value, this.#at);
    this.#at += written;
    return written;
  }

  /** Where the next byte goes; {@link back} returns there. */
  get at(): number {
    return this.#at;
  }

  back(at: number): void {
    this.#at = at;
  }

  /**
   * A nested message begins.
   *
   * @param lengthBytes how long its length will probably be
   * @returns what {@link end} has to be told
   */
  begin(tag: number, lengthBytes: number): number {
    this.room(1 + VARINT_BYTES_MAX);
    this.#bytes[this.#at++] = tag;
    const start = this.#at;
    this.#at += lengthBytes;
    return start;
  }

  end(start: number, lengthBytes: number): void {
    const length = this.#at - start - lengthBytes;
    const needed = varintBytes(length);
    if (needed !== lengthBytes) {
      this.room(VARINT_BYTES_MAX);
      this.#bytes.copyWithin(start + needed, start + lengthBytes, this.#at);
    }
    this.#at = start;
    this.#varint32(length);
    this.#at += length;
  }

  #varint32(value: number): void {
    const bytes = this.#bytes;
    let rest = value;
    while (rest > 127) {
      bytes[this.#at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    bytes[this.#at++] = rest;
  }
}

/** How many bytes a length or a small integer takes. */
export function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

function halves(value: number): [low: number, high: number] {
  return [(value % TWO_POW_32) >>> 0, Math.floor(value / TWO_POW_32) >>> 0];
}

function nibble(digits: string, index: number): number {
  const code = digits.charCodeAt(index);
  // `0` to `9` end in their value, `a` and `A` in one.
  return code < 58 ? code & 15 : (code & 15) + 9;
}
