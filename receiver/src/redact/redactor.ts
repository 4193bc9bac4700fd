/**
 * The redactor: every place of a span.
 *
 * In: a decoded span. Out: the redacted span, the only way to one. Places: name, trace state,
 * status message, attributes (keys and values, nested, bytes that are UTF-8), events, links,
 * resource, scope. Ids and numbers of the span itself are kept. Side effect: memory for the results
 * of resources and scopes, which spans share, for as long as they live.
 */

import { isUtf8 } from "node:buffer";
import type { FieldRedactor, KeyRule } from "../base/field-redactor.ts";
import type {
  AttributeMap,
  AttributeValue,
  DecodedSpan,
  NormalisedLog,
  RedactedLog,
  RedactedSpan,
  Resource,
  Scope,
  SpanEvent,
  SpanLink,
} from "../base/records.ts";
import { numberKind } from "./keyed-value.ts";
import { classifyKey, isSecretClass, type KeyClass } from "./keys.ts";
import type { Look } from "./prefilter.ts";
import { findSuspects, suspectMask } from "./suspects.ts";
import { type Context, type Counts, newCounts, redactString, replace } from "./text-redactor.ts";
import { createTokeniser } from "./token.ts";
import { REDACTION_KINDS, type Redactor, type RedactorOptions } from "./types.ts";

/** Deepest nesting of attribute values followed; deeper ones are replaced whole. */
export const VALUE_DEPTH_MAX = 64;

const NO_REDACTIONS: ReadonlyMap<string, number> = new Map();

interface Shared<T> {
  readonly value: T;
  readonly counts: Counts;
}

/**
 * @throws {RedactError} `REDACT_KEY_INVALID`
 */
export function createRedactor(options: RedactorOptions): Redactor {
  const tokeniser = createTokeniser(options.key);
  const resources = new WeakMap<Resource, Shared<Resource>>();
  const scopes = new WeakMap<Scope, Shared<Scope>>();
  const newContext = (): Context => ({ tokeniser, counts: newCounts(), steps: 0 });
  return {
    keyId: options.keyId ?? tokeniser.fingerprint,
    token: (kind, value) => tokeniser.token(kind, value),
    text: (text) => redactString(newContext(), text, "none", 0),
    fields: () => createFieldRedactor(newContext()),
    span(span) {
      const context = newContext();
      const resource = shared(resources, span.resource, newContext, redactResource);
      const scope = shared(scopes, span.scope, newContext, redactScope);
      return sealRedacted(context, span, resource, scope);
    },
    log: (log) =>
      redactLog(newContext(), log, shared(resources, log.resource, newContext, redactResource)),
  };
}

/** Small integers are looked at under these classes alone; see `numberKind`. */
const NUMBER_CLASSES: ReadonlySet<KeyClass> = new Set(["secret", "phone", "card", "ssn"]);

function createFieldRedactor(context: Context): FieldRedactor {
  const rules = new Map<KeyClass, [KeyRule, KeyRule]>();
  const probe: Context = { ...context, counts: newCounts() };
  return {
    kinds: REDACTION_KINDS,
    counts: context.counts,
    keyRule(key) {
      const keyClass = classifyKey(key);
      let pair = rules.get(keyClass);
      if (pair === undefined) {
        pair = [ruleOf(keyClass, false), ruleOf(keyClass, true)];
        rules.set(keyClass, pair);
      }
      return redactString(probe, key, "none", 0) === key ? pair[0] : pair[1];
    },
    suspects: findSuspects,
    text: (text, rule, at) => redactString(context, text, classOfRule(rule), 0, lookFrom(at)),
    value: (value, rule) => redactValue(context, value, classOfRule(rule), 0),
    attributes: (attributes) => redactMap(context, attributes, "none", 0),
  };
}

function ruleOf(keyClass: KeyClass, isKeyRedacted: boolean): KeyRule {
  return {
    keyClass,
    isOpen: keyClass === "none" || keyClass === "numbered",
    keepsSmallIntegers: !NUMBER_CLASSES.has(keyClass),
    isOpenBesideLogprob: keyClass === "token",
    isKeyRedacted,
  };
}

/** The prefilter of a text that stands in the bytes of the last look at a request. */
function lookFrom(at: number | undefined): Look | undefined {
  return at === undefined ? undefined : (from, to) => suspectMask(at + from, at + to);
}

function classOfRule(rule: KeyRule | undefined): KeyClass {
  return (rule?.keyClass ?? "none") as KeyClass;
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
  const result = { value: redact(context, value), counts: context.counts };
  known.set(value, result);
  return result;
}

function redactResource(context: Context, resource: Resource): Resource {
  const attributes = redactMap(context, resource.attributes, "none", 0);
  return attributes === resource.attributes ? resource : { ...resource, attributes };
}

function redactScope(context: Context, scope: Scope): Scope {
  const name = redactString(context, scope.name, "none", 0);
  const version = redactString(context, scope.version, "none", 0);
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
    traceState: redactString(context, span.traceState, "none", 0),
    name: redactString(context, span.name, "none", 0),
    kind: span.kind,
    startNs: span.startNs,
    endNs: span.endNs,
    attributes: redactMap(context, span.attributes, "none", 0),
    events: redactList(span.events, (event) => redactEvent(context, event)),
    links: redactList(span.links, (link) => redactLink(context, link)),
    statusCode: span.statusCode,
    statusMessage: redactString(context, span.statusMessage, "none", 0),
    droppedAttributes: span.droppedAttributes,
    droppedEvents: span.droppedEvents,
    droppedLinks: span.droppedLinks,
    flags: span.flags,
    resource: resource.value,
    scope: scope.value,
  };
  const redactions = sum([context.counts, resource.counts, scope.counts]);
  return { ...redacted, redactions } as RedactedSpan;
}

/** The only maker of redacted log records. */
function redactLog(context: Context, log: NormalisedLog, resource: Shared<Resource>): RedactedLog {
  const redacted: NormalisedLog = {
    traceId: log.traceId,
    spanId: log.spanId,
    timeNs: log.timeNs,
    attributes: redactMap(context, log.attributes, "none", 0),
    contents: redactMap(context, log.contents, "none", 0),
    isError: log.isError,
    resource: resource.value,
  };
  return redacted as RedactedLog;
}

/** Kinds in a fixed order, so that a row's bytes do not depend on the order of its fields. */
function sum(parts: readonly Counts[]): ReadonlyMap<string, number> {
  const out = new Map<string, number>();
  for (const [index, kind] of REDACTION_KINDS.entries()) {
    const count = parts.reduce((total, counts) => total + (counts[index] as number), 0);
    if (count > 0) out.set(kind, count);
  }
  return out.size === 0 ? NO_REDACTIONS : out;
}

function redactEvent(context: Context, event: SpanEvent): SpanEvent {
  const name = redactString(context, event.name, "none", 0);
  const attributes = redactMap(context, event.attributes, "none", 0);
  if (name === event.name && attributes === event.attributes) return event;
  return { ...event, name, attributes };
}

function redactLink(context: Context, link: SpanLink): SpanLink {
  const traceState = redactString(context, link.traceState, "none", 0);
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
    const newKey = redactString(context, key, "none", 0);
    const newValue = redactValue(context, value, classOf(map, key, inherited), depth);
    if (out === undefined && (newKey !== key || newValue !== value)) {
      out = new Map([...map].slice(0, n));
    }
    out?.set(newKey, newValue);
    n++;
  }
  return out ?? map;
}

function classOf(map: AttributeMap, key: string, inherited: KeyClass): KeyClass {
  const own = classifyKey(key);
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
  if (typeof value === "string") return redactString(context, value, keyClass, 0);
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
  return redactMap(context, map, keyClass, depth + 1);
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
  const redacted = redactString(context, text, keyClass, 0);
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
