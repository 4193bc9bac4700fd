/**
 * A place in protobuf wire bytes: tags, lengths and what is to be passed over.
 *
 * In: bytes. Out: numbers and places in them. Throws `ProtobufError`. Side effect: the place moves.
 * Source: protobuf.dev, "Encoding".
 */
import { StageError } from "./errors.ts";

/**
 * - `PROTOBUF_MALFORMED`: the bytes are no such message
 * - `PROTOBUF_TOO_DEEP`: messages within one another beyond {@link MESSAGE_DEPTH_MAX}
 * - `PROTOBUF_TOO_MANY_VALUES`: the budget of length-delimited fields is used up
 */
export type ProtobufErrorCode =
  | "PROTOBUF_MALFORMED"
  | "PROTOBUF_TOO_DEEP"
  | "PROTOBUF_TOO_MANY_VALUES";

export class ProtobufError extends StageError<ProtobufErrorCode> {}

/** Messages within one another; protobuf readers everywhere stop at 100. */
export const MESSAGE_DEPTH_MAX = 100;

/** Longest varint of 64 bits, in bytes. */
const VARINT_SIZE_MAX_BYTES = 10;

const GROUP_START = 3;
const GROUP_END = 4;

function malformed(detail: string): ProtobufError {
  return new ProtobufError("PROTOBUF_MALFORMED", detail, { retryable: false });
}

/** @throws {ProtobufError} `PROTOBUF_TOO_DEEP` */
export function checkDepth(depth: number): void {
  if (depth <= MESSAGE_DEPTH_MAX) return;
  const text = `messages nested more than ${MESSAGE_DEPTH_MAX} deep`;
  throw new ProtobufError("PROTOBUF_TOO_DEEP", text, { retryable: false });
}

/** See the module comment. */
export class WireCursor {
  readonly bytes: Buffer;
  /** The present place. */
  at = 0;
  /** Where the innermost message ends; nothing is read beyond it. */
  end: number;
  /** Length-delimited fields that may still be read. */
  elementsLeft: number;

  constructor(bytes: Buffer, elementsMax: number) {
    this.bytes = bytes;
    this.end = bytes.length;
    this.elementsLeft = elementsMax;
  }

  /** A field's number times 8 plus its wire type. */
  tag(): number {
    const tag = this.#uint32();
    if (tag >>> 3 === 0) throw malformed("field number 0");
    return tag;
  }

  /** Where a length-delimited field ends; its content starts at the present place. */
  length(): number {
    if (this.elementsLeft === 0) {
      throw new ProtobufError("PROTOBUF_TOO_MANY_VALUES", "too many values", { retryable: false });
    }
    this.elementsLeft -= 1;
    const size = this.#uint32();
    const end = size + this.at;
    if (end > this.end) throw malformed("a length beyond the end");
    return end;
  }

  varint(): bigint {
    let value = 0n;
    for (let n = 0; n < VARINT_SIZE_MAX_BYTES; n += 1) {
      const byte = this.bytes[this.take(1)] as number;
      value |= BigInt(byte & 0x7f) << BigInt(7 * n);
      if (byte < 0x80) return value;
    }
    throw malformed("a varint of more than 10 bytes");
  }

  /** Pass over this many bytes, and say where they start. */
  take(size: number): number {
    const start = this.at;
    if (start + size > this.end) throw malformed("the message ends too early");
    this.at = start + size;
    return start;
  }

  /** Pass over the content of a field whose tag was read. */
  skip(tag: number, depth: number): void {
    checkDepth(depth);
    switch (tag & 7) {
      case 0:
        this.varint();
        break;
      case 1:
        this.take(8);
        break;
      case 2:
        this.at = this.length();
        break;
      case 5:
        this.take(4);
        break;
      case GROUP_START:
        this.#skipGroup(tag >>> 3, depth);
        break;
      default:
        throw malformed(`wire type ${tag & 7}`);
    }
  }

  #skipGroup(number: number, depth: number): void {
    let tag = this.tag();
    while ((tag & 7) !== GROUP_END) {
      this.skip(tag, depth + 1);
      tag = this.tag();
    }
    if (tag >>> 3 !== number) throw malformed("a group that another one ends");
  }

  /** A varint of a tag or a length: at most 5 bytes, 32 bits. */
  #uint32(): number {
    const first = this.bytes[this.take(1)] as number;
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let scale = 2 ** 7; scale <= 2 ** 28; scale *= 2 ** 7) {
      const byte = this.bytes[this.take(1)] as number;
      value += (byte & 0x7f) * scale;
      if (byte >= 0x80) continue;
      if (value > 0xffff_ffff) throw malformed("a tag or length above 32 bits");
      return value;
    }
    throw malformed("a tag or length of more than 5 bytes");
  }
}
