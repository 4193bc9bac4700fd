/**
 * The redactor: every place of a span.
 *
 * In: a decoded span. Out: the redacted span, the only way to one. Places: name, trace state,
 * status message, attributes (keys and values, nested, bytes that are UTF-8), events, links,
 * resource, scope. Ids and numbers of the span itself are kept. Side effect: memory for the results
 * of resources and scopes, which spans share, for as long as they live.
 */

import { isUtf8 } from "node:buffer";
import type {
  AttributeMap,
  AttributeValue,
  DecodedSpan,
  RedactedSpan,
  Resource,
  Scope,
  SpanEvent,
  SpanLink,
} from "../base/records.ts";
import { numberKind } from "./keyed-value.ts";
import { classifyKey, isSecretClass, type KeyClass } from "./keys.ts";
import { prefilter } from "./prefilter.ts";
import { type Context, Counts, redactString, replace } from "./text-redactor.ts";
import { createTokeniser } from "./token.ts";
import type { Redactor, RedactorOptions } from "./types.ts";

/** Deepest nesting of attribute values followed; deeper ones are replaced whole. */
const VALUE_DEPTH_MAX = 64;

/** Keys remembered; hostile data must not fill the memory. */
const KEY_FACTS_MAX = 8_192;

/** Longest key remembered, in characters. */
const KEY_SIZE_MAX = 256;

const NO_REDACTIONS: ReadonlyMap<string, number> = new Map();

interface Shared<T> {
  readonly value: T;
  readonly counts: ReadonlyMap<string, number> | undefined;
}

/**
 * @throws {RedactError} `REDACT_KEY_INVALID`
 */
export function createRedactor(options: RedactorOptions): Redactor {
  const tokeniser = createTokeniser(options.key);
  const resources = new WeakMap<Resource, Shared<Resource>>();
  const scopes = new WeakMap<Scope, Shared<Scope>>();
  const newContext = (): Context => ({ tokeniser, counts: new Counts(), steps: 0 });
  return {
    keyId: options.keyId ?? tokeniser.fingerprint,
    token: (kind, value) => tokeniser.token(kind, value),
    text: (text) => redactString(newContext(), text, "none"),
    span(span) {
      const context = newContext();
      const resource = shared(resources, span.resource, newContext, redactResource);
      const scope = shared(scopes, span.scope, newContext, redactScope);
      return sealRedacted(context, span, resource, scope);
    },
  };
}

/** A resource or scope is redacted once, and the result shared as the original was. */
function shared<T extends object>(
  known: WeakMap<T, Shared<T>>,
  value: T,
  newContext: () => Context,
  redact: (context: Context, value: T) => T,
): Shared<T> {
  const before = known.get(value);
  if (before !== undefined) return before;
  const context = newContext();
  const result = { value: redact(context, value), counts: context.counts.map };
  known.set(value, result);
  return result;
}

function redactResource(context: Context, resource: Resource): Resource {
  const attributes = redactMap(context, resource.attributes, "none", 0);
  return attributes === resource.attributes ? resource : { ...resource, attributes };
}

function redactScope(context: Context, scope: Scope): Scope {
  const name = redactString(context, scope.name, "none");
  const version = redactString(context, scope.version, "none");
  const attributes = redactMap(context, scope.attributes, "none", 0);
  return { ...scope, name, version, attributes };
}

/** The only maker of redacted spans. */
function sealRedacted(
  context: Context,
  span: DecodedSpan,
  resource: Shared<Resource>,
  scope: Shared<Scope>,
): RedactedSpan {
  const redacted: Omit<RedactedSpan, keyof { redactions: unknown } | symbol> = {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    traceState: redactString(context, span.traceState, "none"),
    name: redactString(context, span.name, "none"),
    kind: span.kind,
    startNs: span.startNs,
    endNs: span.endNs,
    attributes: redactMap(context, span.attributes, "none", 0),
    events: redactList(span.events, (event) => redactEvent(context, event)),
    links: redactList(span.links, (link) => redactLink(context, link)),
    statusCode: span.statusCode,
    statusMessage: redactString(context, span.statusMessage, "none"),
    droppedAttributes: span.droppedAttributes,
    droppedEvents: span.droppedEvents,
    droppedLinks: span.droppedLinks,
    resource: resource.value,
    scope: scope.value,
  };
  const redactions = sum(context.counts.map, resource.counts, scope.counts);
  return { ...redacted, redactions } as RedactedSpan;
}

function sum(...parts: (ReadonlyMap<string, number> | undefined)[]): ReadonlyMap<string, number> {
  const present = parts.filter((part) => part !== undefined);
  if (present.length === 0) return NO_REDACTIONS;
  if (present.length === 1) return present[0] as ReadonlyMap<string, number>;
  const out = new Map<string, number>();
  for (const part of present) {
    for (const [kind, count] of part) out.set(kind, (out.get(kind) ?? 0) + count);
  }
  return out;
}

function redactEvent(context: Context, event: SpanEvent): SpanEvent {
  const name = redactString(context, event.name, "none");
  const attributes = redactMap(context, event.attributes, "none", 0);
  if (name === event.name && attributes === event.attributes) return event;
  return { ...event, name, attributes };
}

function redactLink(context: Context, link: SpanLink): SpanLink {
  const traceState = redactString(context, link.traceState, "none");
  const attributes = redactMap(context, link.attributes, "none", 0);
  if (traceState === link.traceState && attributes === link.attributes) return link;
  return { ...link, traceState, attributes };
}

/** The same list where no entry changed. */
function redactList<T>(list: readonly T[], redact: (entry: T) => T): readonly T[] {
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
function redactMap(
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
  const facts = { keyClass: classifyKey(key), isClean: prefilter(key) === 0 };
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

function redactValue(
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
