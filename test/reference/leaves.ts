/**
 * The leaves of messages that protobufjs read.
 *
 * In: values whose types hold by construction; what is absent is null, undefined or the type's
 * default. Out: typed values. Throws `SpanRefusal` for text that is not UTF-8. Pure.
 */
import type { Leaves, RawMessage } from "../../receiver/src/ingest/leaves.ts";
import { SpanRefusal } from "../../receiver/src/ingest/rejections.ts";

const NOTHING: RawMessage = {};

/** Refuses what is not UTF-8: another check than the receiver's. */
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** See the module comment. */
export const REFERENCE_LEAVES: Leaves = {
  message: (value) => (value ?? NOTHING) as RawMessage,
  list: (value) => (value ?? []) as readonly unknown[],
  string(value) {
    try {
      return UTF8.decode(Buffer.from((value ?? []) as Uint8Array));
    } catch {
      throw new SpanRefusal("utf8");
    }
  },
  bool: (value) => value === true,
  id: (value) => Buffer.from((value ?? []) as Uint8Array).toString("hex"),
  int64: (value) => (typeof value === "bigint" ? value : 0n),
  // An absent 64-bit field shows as the prototype's Long or number.
  uint64: (value) => (typeof value === "bigint" ? value : 0n),
  uint32: (value) => (value ?? 0) as number,
  enumeration: (value) => (value ?? 0) as number,
  double: (value) => (value ?? 0) as number,
  bytes: (value) => new Uint8Array((value ?? []) as Uint8Array),
  anyValueMember: (value) => value.value as string | undefined,
};
