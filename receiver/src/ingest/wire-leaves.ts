/**
 * The leaves of messages that `base/protobuf.ts` read.
 *
 * In: values whose types hold by construction; absent ones are undefined. Out: typed values.
 * Throws `SpanRefusal` for text that is not UTF-8. Pure.
 */
import { isUtf8 } from "node:buffer";
import type { Leaves, RawMessage } from "./leaves.ts";
import { SpanRefusal } from "./rejections.ts";

const NOTHING: RawMessage = {};
const NO_LIST: readonly unknown[] = [];

/** See the module comment. */
export const WIRE_LEAVES: Leaves = {
  message: (value) => (value ?? NOTHING) as RawMessage,
  list: (value) => (value ?? NO_LIST) as readonly unknown[],
  string(value) {
    if (value === undefined) return "";
    const bytes = value as Buffer;
    if (!isUtf8(bytes)) throw new SpanRefusal("utf8");
    return bytes.toString("utf8");
  },
  bool: (value) => value === true,
  id: (value) => (value === undefined ? "" : (value as Buffer).toString("hex")),
  int64: (value) => (value ?? 0n) as bigint,
  uint64: (value) => (value ?? 0n) as bigint,
  uint32: (value) => (value ?? 0) as number,
  enumeration: (value) => (value ?? 0) as number,
  double: (value) => (value ?? 0) as number,
  bytes: (value) => (value === undefined ? new Uint8Array() : new Uint8Array(value as Buffer)),
  anyValueMember: (value) => value.value as string | undefined,
};
