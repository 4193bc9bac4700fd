/**
 * Reads protobuf messages, which a table describes, into plain objects.
 *
 * In: bytes and a {@link Message}. Out: an object with the table's names; absent fields are absent,
 * strings and bytes are views of the input, 64-bit integers are bigint. Throws `ProtobufError`.
 * The slow and general way: fields in any order, messages in several parts merged, the last of a
 * oneof wins, unknown fields and groups passed over. Pure.
 * Source: protobuf.dev, "Encoding".
 */
import { checkDepth, WireCursor } from "./wire-cursor.ts";

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
  readonly isRepeated: boolean;
}

/** A message: its fields by number. */
export interface Message {
  readonly fields: Readonly<Record<number, Field>>;
  /** All fields are members of one oneof, and the member that is set is named by this property. */
  readonly oneof?: string;
}

/** A message that was read. */
export type ReadMessage = Record<string, unknown>;

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

/**
 * Read one message.
 *
 * @param bytes neither changed nor kept, but strings and bytes of the result are views of it
 * @param elementsMax length-delimited fields allowed in it, at all depths
 * @throws {ProtobufError}
 */
export function readMessage(message: Message, bytes: Buffer, elementsMax: number): ReadMessage {
  return readFields(new WireCursor(bytes, elementsMax), message, bytes.length, 0, {});
}

/** Read up to `end` into an object, which may hold an earlier part of the same message. */
function readFields(
  cursor: WireCursor,
  message: Message,
  end: number,
  depth: number,
  into: ReadMessage,
): ReadMessage {
  checkDepth(depth);
  const outerEnd = cursor.end;
  cursor.end = end;
  while (cursor.at < end) {
    const tag = cursor.tag();
    const field = message.fields[tag >>> 3];
    if (field === undefined || !fits(field, tag & 7)) {
      cursor.skip(tag, depth);
      continue;
    }
    if (message.oneof !== undefined) chooseMember(message.oneof, field.name, into);
    readField(cursor, field, depth, into);
  }
  cursor.end = outerEnd;
  return into;
}

/** The last member of a oneof wins; what another one held is gone. */
function chooseMember(oneof: string, name: string, into: ReadMessage): void {
  const before = into[oneof];
  if (before === name) return;
  if (before !== undefined) delete into[before as string];
  into[oneof] = name;
}

function readField(cursor: WireCursor, field: Field, depth: number, into: ReadMessage): void {
  const { name, type, isRepeated } = field;
  const known = into[name];
  if (isRepeated) {
    const value = readValue(cursor, type, depth, {});
    if (known === undefined) into[name] = [value];
    else (known as unknown[]).push(value);
    return;
  }
  into[name] = readValue(cursor, type, depth, (known ?? {}) as ReadMessage);
}

function readValue(
  cursor: WireCursor,
  type: Field["type"],
  depth: number,
  into: ReadMessage,
): unknown {
  if (typeof type === "function") {
    return readFields(cursor, type(), cursor.length(), depth + 1, into);
  }
  switch (type) {
    case "bool":
      return cursor.varint() !== 0n;
    case "int32":
      return Number(BigInt.asIntN(32, cursor.varint()));
    case "uint32":
      return Number(BigInt.asUintN(32, cursor.varint()));
    case "int64":
      return BigInt.asIntN(64, cursor.varint());
    case "fixed32":
      return cursor.bytes.readUInt32LE(cursor.take(4));
    case "fixed64":
      return cursor.bytes.readBigUInt64LE(cursor.take(8));
    case "double":
      return cursor.bytes.readDoubleLE(cursor.take(8));
    case "bytes": {
      const end = cursor.length();
      const start = cursor.take(end - cursor.at);
      return cursor.bytes.subarray(start, end);
    }
  }
}

function fits(field: Field, wireType: number): boolean {
  return wireType === (typeof field.type === "function" ? 2 : WIRE_TYPES[field.type]);
}
