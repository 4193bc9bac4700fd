/**
 * Spans as plain data that can go to another thread, and back. Pure.
 *
 * What several spans share (resource, scope) stays shared on the other side.
 */
import { createTraceState, type Link, type SpanContext } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";

type PlainContext = Omit<SpanContext, "traceState"> & { readonly traceState?: string };
type PlainLink = Omit<Link, "context"> & { readonly context: PlainContext };

/** A span without methods. */
export type PlainSpan = Omit<
  ReadableSpan,
  "spanContext" | "parentSpanContext" | "links" | "resource"
> & {
  readonly context: PlainContext;
  readonly parent: PlainContext | undefined;
  readonly links: readonly PlainLink[];
  readonly resource: PlainResource;
};

interface PlainResource {
  readonly attributes: ReadableSpan["resource"]["attributes"];
  readonly schemaUrl?: string;
}

const resources = new WeakMap<object, PlainResource>();

export function plainSpan(span: ReadableSpan): PlainSpan {
  return {
    name: span.name,
    kind: span.kind,
    context: plainContext(span.spanContext()),
    parent: span.parentSpanContext && plainContext(span.parentSpanContext),
    startTime: span.startTime,
    endTime: span.endTime,
    duration: span.duration,
    status: span.status,
    attributes: span.attributes,
    events: span.events,
    links: span.links.map((link) => ({ ...link, context: plainContext(link.context) })),
    ended: true,
    resource: plainResource(span.resource),
    instrumentationScope: span.instrumentationScope,
    droppedAttributesCount: span.droppedAttributesCount,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount,
  };
}

export function readableSpan({ context, parent, links, ...span }: PlainSpan): ReadableSpan {
  const own = fullContext(context);
  return {
    ...span,
    spanContext: () => own,
    ...(parent === undefined ? {} : { parentSpanContext: fullContext(parent) }),
    links: links.map((link) => ({ ...link, context: fullContext(link.context) })),
    resource: span.resource as ReadableSpan["resource"],
  };
}

function plainResource(resource: ReadableSpan["resource"]): PlainResource {
  const known = resources.get(resource);
  if (known !== undefined) return known;
  const { attributes, schemaUrl } = resource;
  const plain = { attributes, ...(schemaUrl === undefined ? {} : { schemaUrl }) };
  resources.set(resource, plain);
  return plain;
}

function plainContext({ traceState, ...context }: SpanContext): PlainContext {
  return traceState === undefined ? context : { ...context, traceState: traceState.serialize() };
}

function fullContext({ traceState, ...context }: PlainContext): SpanContext {
  if (traceState === undefined) return context;
  return { ...context, traceState: createTraceState(traceState) };
}
