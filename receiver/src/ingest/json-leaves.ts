/**
 * The leaves of OTLP/JSON: protobuf's JSON mapping with OTLP's deviations (hex ids).
 *
 * In: values of `JSON.parse`, bigint where a number would have been rounded. Out: typed values.
 * Throws `IngestError` `OTLP_MALFORMED_JSON` that names the field, `SpanRefusal` for text that has
 * no UTF-8 form. Pure. Null is the same as absent, as the mapping prescribes.
 */
import { IngestError } from "./errors.ts";
import type { Leaves, RawMessage } from "./leaves.ts";
import { SpanRefusal } from "./rejections.ts";

const NOTHING: RawMessage = {};
const NO_LIST: readonly unknown[] = [];
const HEX = /^(?:[0-9a-f]{2})*$/i;
const INTEGER = /^-?\d{1,20}$/;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const INT64_MAX = 2n ** 63n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;
const UINT32_MAX = 2n ** 32n - 1n;
const INT32_MAX = 2n ** 31n - 1n;

const SPECIAL_DOUBLES: ReadonlyMap<string, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

const ANY_VALUE_MEMBERS: ReadonlySet<string> = new Set([
  "stringValue",
  "boolValue",
  "intValue",
  "doubleValue",
  "arrayValue",
  "kvlistValue",
  "bytesValue",
]);

function malformed(field: string, expected: string): IngestError {
  return new IngestError("OTLP_MALFORMED_JSON", `malformed OTLP/JSON: ${field} is not ${expected}`);
}

function integer(value: unknown, field: string, min: bigint, max: bigint): bigint {
  const parsed = toBigint(value);
  if (parsed === undefined || parsed < min || parsed > max) {
    throw malformed(field, `an integer between ${min} and ${max}`);
  }
  return parsed;
}

function toBigint(value: unknown): bigint | undefined {
  if (value === undefined || value === null) return 0n;
  if (typeof value === "bigint") return value;
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
  if (typeof value === "string" && INTEGER.test(value)) return BigInt(value);
  return undefined;
}

function text(value: unknown, field: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw malformed(field, "a string");
  return value;
}

/** See the module comment. */
export const JSON_LEAVES: Leaves = {
  message(value, field) {
    if (value === undefined || value === null) return NOTHING;
    if (typeof value !== "object" || Array.isArray(value)) throw malformed(field, "an object");
    return value as RawMessage;
  },
  list(value, field) {
    if (value === undefined || value === null) return NO_LIST;
    if (!Array.isArray(value)) throw malformed(field, "an array");
    return value;
  },
  string(value, field) {
    const string = text(value, field);
    // An escaped half of a surrogate pair has no UTF-8 form.
    if (!string.isWellFormed()) throw new SpanRefusal("utf8");
    return string;
  },
  bool(value, field) {
    if (value === undefined || value === null) return false;
    if (typeof value !== "boolean") throw malformed(field, "true or false");
    return value;
  },
  id(value, field) {
    const hex = text(value, field);
    return HEX.test(hex) ? hex.toLowerCase() : undefined;
  },
  int64: (value, field) => integer(value, field, -INT64_MAX - 1n, INT64_MAX),
  uint64: (value, field) => integer(value, field, 0n, UINT64_MAX),
  uint32: (value, field) => Number(integer(value, field, 0n, UINT32_MAX)),
  enumeration(value, field, names) {
    // Names are not valid OTLP/JSON; known ones are taken, because nothing is gained by refusing.
    const known = typeof value === "string" ? names.indexOf(value) : -1;
    if (known !== -1) return known;
    return Number(integer(value, field, -INT32_MAX - 1n, INT32_MAX));
  },
  double(value, field) {
    if (value === undefined || value === null) return 0;
    if (typeof value === "number") return value;
    if (typeof value === "bigint") return Number(value);
    if (typeof value === "string") {
      const special = SPECIAL_DOUBLES.get(value);
      if (special !== undefined) return special;
      if (NUMBER.test(value)) return Number(value);
    }
    throw malformed(field, "a number");
  },
  bytes(value, field) {
    const base64 = text(value, field);
    if (!BASE64.test(base64)) throw malformed(field, "base64");
    return new Uint8Array(Buffer.from(base64, "base64"));
  },
  anyValueMember(value) {
    let member: string | undefined;
    for (const [key, content] of Object.entries(value)) {
      if (content !== null && ANY_VALUE_MEMBERS.has(key)) member = key;
    }
    return member;
  },
};
