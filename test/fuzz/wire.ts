/**
 * Writes protobuf wire bytes by hand, also in ways that no library writes. Pure but for its choices.
 */
import type { Random } from "./random.ts";

/** A varint of up to 64 bits, with empty bytes appended that mean nothing. */
export function varint(value: bigint | number, padding = 0): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  } while (rest > 0n);
  for (let n = 0; n < padding && bytes.length < 5; n += 1) bytes.push(0x80);
  bytes.push((bytes.pop() as number) & 0x7f);
  return Buffer.from(bytes);
}

/** A length-delimited field. */
export function bytesField(number: number, content: string | Buffer, padding = 0): Buffer {
  const body = Buffer.from(content as string);
  return Buffer.concat([varint(number * 8 + 2), varint(body.length, padding), body]);
}

/** A varint field. */
export function varintField(number: number, value: bigint | number): Buffer {
  return Buffer.concat([varint(number * 8), varint(value)]);
}

/** A fixed64 field. */
export function fixed64Field(number: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return Buffer.concat([varint(number * 8 + 1), bytes]);
}

/** A double field. */
export function doubleField(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([varint(number * 8 + 1), bytes]);
}

/** A fixed32 field. */
export function fixed32Field(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return Buffer.concat([varint(number * 8 + 5), bytes]);
}

/** A field that no reader knows: of any wire type, groups among them. */
export function unknownField(random: Random): Buffer {
  const number = random.pick([17, 30, 900, 1000, 5_000, 536_870_911]);
  switch (random.int(5)) {
    case 0:
      return varintField(number, BigInt(random.int(2 ** 31)) << 20n);
    case 1:
      return fixed64Field(number, 7n);
    case 2:
      return fixed32Field(number, 7);
    case 3: {
      const inner = varintField(1, 1);
      return Buffer.concat([varint(number * 8 + 3), inner, varint(number * 8 + 4)]);
    }
    default:
      return bytesField(number, "future");
  }
}

/** A message field in one part or, as protobuf allows, in several that are merged. */
export function messageField(random: Random, number: number, fields: readonly Buffer[]): Buffer {
  const padding = random.oneIn(60) ? 1 + random.int(3) : 0;
  if (fields.length < 2 || !random.oneIn(60)) {
    return bytesField(number, Buffer.concat(fields), padding);
  }
  const middle = 1 + random.int(fields.length - 1);
  return Buffer.concat([
    bytesField(number, Buffer.concat(fields.slice(0, middle)), padding),
    bytesField(number, Buffer.concat(fields.slice(middle))),
  ]);
}

/** The same items in another order. */
export function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const out = [...items];
  for (let at = out.length - 1; at > 0; at -= 1) {
    const other = random.int(at + 1);
    [out[at], out[other]] = [out[other] as T, out[at] as T];
  }
  return out;
}
