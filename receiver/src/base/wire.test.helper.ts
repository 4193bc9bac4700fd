/**
 * Builds protobuf wire bytes by hand, independently of protobufjs, for tests.
 */

/** A varint of up to 64 bits. */
function varint(value: bigint | number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/** A varint field. */
export function int(field: number, value: bigint | number): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

/** A fixed64 field. */
export function fixed64(field: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return Buffer.concat([varint(field * 8 + 1), bytes]);
}

/** A length-delimited field: text, bytes, or a message of fields. */
export function field(id: number, ...parts: (string | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  return Buffer.concat([varint(id * 8 + 2), varint(body.length), body]);
}

export const TRACE_ID: Buffer = Buffer.from("5b8efff798038103d269b633813fc60c", "hex");
export const SPAN_ID: Buffer = Buffer.from("eee19b7ec3c1b174", "hex");
export const START_NS = 1_544_712_660_000_000_001n;
export const END_NS = 1_544_712_661_000_000_002n;

/** The fields of Span that it cannot do without, by number; override or add by number. */
export function span(changes: Readonly<Record<number, Buffer>> = {}): Buffer {
  const fields: Record<number, Buffer> = {
    1: field(1, TRACE_ID),
    2: field(2, SPAN_ID),
    5: field(5, "a span"),
    7: fixed64(7, START_NS),
    8: fixed64(8, END_NS),
    ...changes,
  };
  return Buffer.concat(Object.values(fields));
}

/** An ExportTraceServiceRequest with these spans under one resource and scope. */
export function request(...spans: Buffer[]): Buffer {
  const resource = field(1, attribute(1, "service.name", field(1, "shop")));
  const scope = field(1, field(1, "lib"), field(2, "1.2.3"));
  const scopeSpans = field(2, scope, ...spans.map((bytes) => field(2, bytes)));
  return field(1, resource, scopeSpans);
}

/** A KeyValue as field `id`, its AnyValue given as the encoded member. */
export function attribute(id: number, key: string | Buffer, member: Buffer): Buffer {
  return field(id, field(1, key), field(2, member));
}
