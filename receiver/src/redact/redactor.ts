/**
 * The redactor: every place of a span.
 *
 * In: a decoded span. Out: the redacted span, the only way to one. Places: name, trace state,
 * status message, attributes (keys and values, nested, bytes that are UTF-8), events, links,
 * resource, scope. Ids and numbers of the span itself are kept. Side effect: memory for the results
 * of resources and scopes, which spans share, for as long as they live.
 */

import type {
  DecodedSpan,
  NormalisedLog,
  RedactedLog,
  RedactedSpan,
  Resource,
  Scope,
  SpanEvent,
  SpanLink,
} from "../base/records.ts";
import { createFieldRedactor } from "./field-redactor.ts";
import { type Context, type Counts, newCounts, redactString } from "./text-redactor.ts";
import { createTokeniser } from "./token.ts";
import { REDACTION_KINDS, type Redactor, type RedactorOptions } from "./types.ts";
import { redactList, redactMap } from "./values.ts";

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
    text: (text) => redactString(newContext(), text, "none"),
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
