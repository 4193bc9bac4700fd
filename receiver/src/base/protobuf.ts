/**
 * Reads protobuf messages, which a table describes, into plain objects.
 *
 * In: bytes and a {@link Message}. Out: an object with the table's names; absent fields are absent,
 * strings and bytes are views of the input, 64-bit integers are bigint. Throws `ProtobufError`.
 * The slow and general way: fields in any order, messages in several parts merged, the last of a
 * oneof wins, unknown fields and groups passed over. Pure.
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

/** How a field that is no message is read; a string is read as bytes and checked by who uses it. */
export type Scalar =
  | "bool"
  | "bytes"
  | "double"
  | "fixed32"
  | "fixed64"
  | "int32"
  | "int64"
  | "uint32";

/** One field of a message. */
export interface Field {
  readonly name: string;
  /** A scalar, or a message (a function, because messages may hold themselves). */
  readonly type: Scalar | (() => Message);
  readonly isRepeated?: boolean;
}

/** A message: its fields by number. */
export interface Message {
  readonly fields: Readonly<Record<number, Field>>;
  /** All fields are members of one oneof, and the member that is set is named by this property. */
  readonly oneof?: string;
}

/** A message that was read. */
export type ReadMessage = Record<string, unknown>;

/** Length-delimited fields that may still be read; drawn on by every reader that shares it. */
export interface ElementBudget {
  left: number;
}

const WIRE_TYPES: Readonly<Record<Scalar, number>> = {
  bool: 0,
  int32: 0,
  int64: 0,
  uint32: 0,
  double: 1,
  fixed64: 1,
  bytes: 2,
  fixed32: 5,
};

const GROUP_START = 3;
const GROUP_END = 4;

/** Longest varint of 64 bits, in bytes. */
const VARINT_SIZE_MAX_BYTES = 10;

/**
 * Read one message.
 *
 * @param bytes neither changed nor kept, but strings and bytes of the result are views of it
 */
export function readMessage(message: Message, bytes: Buffer, budget: ElementBudget): ReadMessage {
  return new Reader(bytes, budget).message(message, bytes.length, 0, {});
}

function malformed(detail: string): ProtobufError {
  return new ProtobufError("PROTOBUF_MALFORMED", detail, { retryable: false });
}

function checkDepth(depth: number): void {
  if (depth <= MESSAGE_DEPTH_MAX) return;
  const text = `messages nested more than ${MESSAGE_DEPTH_MAX} deep`;
  throw new ProtobufError("PROTOBUF_TOO_DEEP", text, { retryable: false });
}

class Reader {
  readonly #bytes: Buffer;
  readonly #budget: ElementBudget;
  #at = 0;
  /** Where the innermost message ends. */
  #end: number;

  constructor(bytes: Buffer, budget: ElementBudget) {
    this.#bytes = bytes;
    this.#budget = budget;
    this.#end = bytes.length;
  }

  /** Read up to `end` into an object, which may hold an earlier part of the same message. */
  message(message: Message, end: number, depth: number, into: ReadMessage): ReadMessage {
    checkDepth(depth);
    const outerEnd = this.#end;
    this.#end = end;
    while (this.#at < end) {
      const tag = this.#tag();
      const field = message.fields[tag >>> 3];
      if (field === undefined || !fits(field, tag & 7)) this.#skip(tag & 7, tag >>> 3, depth);
      else this.#field(message, field, depth, into);
    }
    this.#end = outerEnd;
    return into;
  }

  #field(message: Message, field: Field, depth: number, into: ReadMessage): void {
    const { name, type, isRepeated } = field;
    const { oneof } = message;
    if (oneof !== undefined && into[oneof] !== name) {
      // The last member of a oneof wins; what another one held is gone.
      const before = into[oneof];
      if (before !== undefined) delete into[before as string];
      into[oneof] = name;
    }
    const known = into[name];
    if (isRepeated === true) {
      const value = this.#value(type, depth, {});
      if (known === undefined) into[name] = [value];
      else (known as unknown[]).push(value);
      return;
    }
    into[name] = this.#value(type, depth, (known ?? {}) as ReadMessage);
  }

  #value(type: Field["type"], depth: number, into: ReadMessage): unknown {
    if (typeof type === "function") return this.message(type(), this.#length(), depth + 1, into);
    switch (type) {
      case "bool":
        return this.#varint() !== 0n;
      case "int32":
        return Number(BigInt.asIntN(32, this.#varint()));
      case "uint32":
        return Number(BigInt.asUintN(32, this.#varint()));
      case "int64":
        return BigInt.asIntN(64, this.#varint());
      case "fixed32":
        return this.#bytes.readUInt32LE(this.#take(4));
      case "fixed64":
        return this.#bytes.readBigUInt64LE(this.#take(8));
      case "double":
        return this.#bytes.readDoubleLE(this.#take(8));
      case "bytes": {
        const end = this.#length();
        const start = this.#take(end - this.#at);
        return this.#bytes.subarray(start, end);
      }
    }
  }

  #tag(): number {
    const tag = this.#uint32();
    if (tag >>> 3 === 0) throw malformed("field number 0");
    return tag;
  }

  /** Where a length-delimited field ends; its content starts at the present place. */
  #length(): number {
    if (this.#budget.left === 0) {
      throw new ProtobufError("PROTOBUF_TOO_MANY_VALUES", "too many values", { retryable: false });
    }
    this.#budget.left -= 1;
    const end = this.#uint32() + this.#at;
    if (end > this.#end) throw malformed("a length beyond the end");
    return end;
  }

  /** A varint of a tag or a length: at most 5 bytes, 32 bits. */
  #uint32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes[this.#take(1)] as number;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte >= 0x80) continue;
      if (value > 0xffff_ffff) throw malformed("a tag or length above 32 bits");
      return value;
    }
    throw malformed("a tag or length of more than 5 bytes");
  }

  #varint(): bigint {
    let value = 0n;
    for (let n = 0; n < VARINT_SIZE_MAX_BYTES; n += 1) {
      const byte = this.#bytes[this.#take(1)] as number;
      value |= BigInt(byte & 0x7f) << BigInt(7 * n);
      if (byte < 0x80) return value;
    }
    throw malformed("a varint of more than 10 bytes");
  }

  #skip(wireType: number, number: number, depth: number): void {
    checkDepth(depth);
    if (wireType === 0) this.#varint();
    else if (wireType === 1) this.#take(8);
    else if (wireType === 2) this.#at = this.#length();
    else if (wireType === 5) this.#take(4);
    else if (wireType === GROUP_START) this.#skipGroup(number, depth);
    else throw malformed(`wire type ${wireType}`);
  }

  #skipGroup(number: number, depth: number): void {
    let tag = this.#tag();
    while ((tag & 7) !== GROUP_END) {
      this.#skip(tag & 7, tag >>> 3, depth + 1);
      tag = this.#tag();
    }
    if (tag >>> 3 !== number) throw malformed("a group that another one ends");
  }

  #take(size: number): number {
    const start = this.#at;
    if (start + size > this.#end) throw malformed("the message ends too early");
    this.#at = start + size;
    return start;
  }
}

function fits(field: Field, wireType: number): boolean {
  return wireType === (typeof field.type === "function" ? 2 : WIRE_TYPES[field.type]);
}
