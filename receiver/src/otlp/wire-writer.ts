/**
 * Writes the few protobuf messages that OTLP answers with.
 *
 * In: field numbers and values. Out: wire bytes. Pure. Source: protobuf.dev, "Encoding".
 */

/** A varint of a non-negative integer up to 2^53 - 1. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** An integer field; zero is the default of proto3 and takes no bytes. */
export function writeInteger(field: number, value: number): Buffer {
  if (value === 0) return Buffer.alloc(0);
  return Buffer.concat([varint(field * 8), varint(value)]);
}

/** A text or bytes field; empty takes no bytes. */
export function writeText(field: number, value: string | Buffer): Buffer {
  return value.length === 0 ? Buffer.alloc(0) : writeMessage(field, Buffer.from(value as string));
}

/** A message field, which is there even when its message is empty. */
export function writeMessage(field: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([varint(field * 8 + 2), varint(body.length), body]);
}
