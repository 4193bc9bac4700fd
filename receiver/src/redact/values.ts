/**
 * Redaction of attribute values, whatever their kind.
 *
 * In: values and the class of the key above them. Out: redacted values, the very same ones where
 * nothing changed. Side effect: counts per kind in the given context.
 */

import { isUtf8 } from "node:buffer";
import type { AttributeMap, AttributeValue } from "../base/records.ts";
import { numberKind } from "./keyed-value.ts";
import { classifyKey, isSecretClass, type KeyClass } from "./keys.ts";
import { prefilter } from "./prefilter.ts";
import { type Context, redactString, replace } from "./text-redactor.ts";

/** Deepest nesting of attribute values followed; deeper ones are replaced whole. */
export const VALUE_DEPTH_MAX = 64;

/** Keys remembered; hostile data must not fill the memory. */
const KEY_FACTS_MAX = 8_192;

/** Longest key remembered, in characters. */
const KEY_SIZE_MAX = 256;

/** The same list where no entry changed. */
export function redactList<T>(list: readonly T[], redact: (entry: T) => T): readonly T[] {
  let out: T[] | undefined;
  for (let i = 0; i < list.length; i++) {
    const entry = list[i] as T;
    const redacted = redact(entry);
    if (redacted !== entry) out ??= list.slice(0, i);
    out?.push(redacted);
  }
  return out ?? list;
}

/** The same map where neither a key nor a value changed. */
export function redactMap(
  context: Context,
  map: AttributeMap,
  inherited: KeyClass,
  depth: number,
): AttributeMap {
  let out: Map<string, AttributeValue> | undefined;
  let n = 0;
  for (const [key, value] of map) {
    const facts = factsOf(key);
    const newKey = facts.isClean ? key : redactString(context, key, "none");
    const keyClass = classOf(map, facts.keyClass, inherited);
    const newValue = redactValue(context, value, keyClass, depth);
    if (out === undefined && (newKey !== key || newValue !== value)) {
      out = new Map([...map].slice(0, n));
    }
    out?.set(newKey, newValue);
    n++;
  }
  return out ?? map;
}

interface KeyFacts {
  readonly keyClass: KeyClass;
  /** The key itself holds nothing. */
  readonly isClean: boolean;
}

const keyFacts = new Map<string, KeyFacts>();

/** Attribute keys repeat: each is looked at once. */
function factsOf(key: string): KeyFacts {
  const known = keyFacts.get(key);
  if (known !== undefined) return known;
  const facts = { keyClass: classifyKey(key), isClean: prefilter(key).mask === 0 };
  if (key.length > KEY_SIZE_MAX) return facts;
  if (keyFacts.size >= KEY_FACTS_MAX) keyFacts.clear();
  keyFacts.set(key, facts);
  return facts;
}

function classOf(map: AttributeMap, own: KeyClass, inherited: KeyClass): KeyClass {
  // A piece of text that a model returned with its log-probability.
  if (own === "token" && map.has("logprob")) return "none";
  return own === "none" ? inherited : own;
}

export function redactValue(
  context: Context,
  value: AttributeValue,
  keyClass: KeyClass,
  depth: number,
): AttributeValue {
  if (typeof value === "string") return redactString(context, value, keyClass);
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number" || typeof value === "bigint") {
    return redactNumber(context, value, keyClass);
  }
  if (value instanceof Uint8Array) return redactBytes(context, value, keyClass);
  if (depth >= VALUE_DEPTH_MAX) return replace(context, "secret", serialise(value, 0));
  if (Array.isArray(value)) {
    if (isSecretClass(keyClass) && value.some(isCompound)) return wholeSecret(context, value);
    return redactList(value, (entry) => redactValue(context, entry, keyClass, depth + 1));
  }
  const map = value as AttributeMap;
  if (isSecretClass(keyClass)) return map.size === 0 ? map : wholeSecret(context, map);
  return redactMap(context, map, keyClass === "numbered" ? "none" : keyClass, depth + 1);
}

function redactNumber(
  context: Context,
  value: number | bigint,
  keyClass: KeyClass,
): AttributeValue {
  // The fast path: small numbers are no cards, and most keys say nothing.
  if (keyClass === "none" && value < 1e12) return value;
  if (typeof value === "number" && !Number.isSafeInteger(value) && keyClass !== "secret") {
    return value;
  }
  const digits = String(value);
  const kind = numberKind(keyClass, digits);
  return kind === undefined ? value : replace(context, kind, digits);
}

function redactBytes(context: Context, bytes: Uint8Array, keyClass: KeyClass): AttributeValue {
  if (bytes.length === 0) return bytes;
  if (!isUtf8(bytes)) {
    if (!isSecretClass(keyClass)) return bytes;
    return replace(context, "secret", Buffer.from(bytes).toString("latin1"));
  }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
  const redacted = redactString(context, text, keyClass);
  return redacted === text ? bytes : new Uint8Array(Buffer.from(redacted, "utf8"));
}

function isCompound(value: AttributeValue): boolean {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array);
}

function wholeSecret(context: Context, value: AttributeValue): string {
  return replace(context, "secret", serialise(value, 0));
}

/** One text per value, whatever its depth; it only feeds the HMAC. */
function serialise(value: AttributeValue, depth: number): string {
  if (depth > VALUE_DEPTH_MAX) return "…";
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return `[${value.map((v) => serialise(v, depth + 1)).join(",")}]`;
  if (value instanceof Map) {
    const entries = [...(value as AttributeMap)];
    return `{${entries.map(([k, v]) => `${k}:${serialise(v, depth + 1)}`).join(",")}}`;
  }
  return String(value);
}
