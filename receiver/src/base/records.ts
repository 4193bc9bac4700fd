/**
 * The record types that stages hand to one another.
 *
 * `DecodedSpan` leaves `ingest/`, `RedactedSpan` leaves `redact/` and can only be made there,
 * so that the types enforce the order: what is stored has been redacted.
 */

/** An OTLP AnyValue. int64 is a bigint, so that nothing is rounded; null is an empty AnyValue. */
export type AttributeValue =
  | string
  | boolean
  | bigint
  | number
  | Uint8Array
  | null
  | readonly AttributeValue[]
  | AttributeMap;

/** An OTLP key-value list; on repeated keys the last one wins. */
export type AttributeMap = ReadonlyMap<string, AttributeValue>;

/** Status codes of OTLP (`trace.proto`), as ClickHouse and the Collector name them. */
export type StatusCode = "Unset" | "Ok" | "Error";

/** Span kinds of OTLP, as the Collector's ClickHouse exporter names them. */
export type SpanKind = "Unspecified" | "Internal" | "Server" | "Client" | "Producer" | "Consumer";

export interface SpanEvent {
  readonly timeNs: bigint;
  readonly name: string;
  readonly attributes: AttributeMap;
}

export interface SpanLink {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: AttributeMap;
}

/** The resource of a span; one object is shared by all spans under it. */
export interface Resource {
  readonly attributes: AttributeMap;
}

/** The instrumentation scope of a span; one object is shared by all spans under it. */
export interface Scope {
  readonly name: string;
  readonly version: string;
  readonly attributes: AttributeMap;
}

/** One span as it came over the wire, validated, not yet redacted. Never log it, never store it. */
export interface DecodedSpan {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero. */
  readonly spanId: string;
  /** 16 lower-case hex digits, or empty for a root. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startNs: bigint;
  /** Never before `startNs`. */
  readonly endNs: bigint;
  readonly attributes: AttributeMap;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
  readonly statusCode: StatusCode;
  readonly statusMessage: string;
  readonly droppedAttributes: number;
  readonly droppedEvents: number;
  readonly droppedLinks: number;
  /** W3C trace flags in the low byte, and whether the parent is remote (`trace.proto`). */
  readonly flags: number;
  readonly resource: Resource;
  readonly scope: Scope;
}

/** One log record as it came over the wire, validated, not redacted. Never log it, never store it. */
export interface DecodedLog {
  /** 32 lower-case hex digits, or empty. */
  readonly traceId: string;
  /** 16 lower-case hex digits, or empty. */
  readonly spanId: string;
  /** When it happened or, where that is unknown, when it was observed; never zero. */
  readonly timeNs: bigint;
  readonly severityText: string;
  readonly eventName: string;
  readonly body: AttributeValue;
  readonly attributes: AttributeMap;
  readonly resource: Resource;
}

/** What a log record says about a run, in the terms of spans; leaves `normalise/`. */
export interface NormalisedLog {
  readonly traceId: string;
  readonly spanId: string;
  readonly timeNs: bigint;
  /** Where it belongs and, for an error, what it was; under the names that spans use. */
  readonly attributes: AttributeMap;
  /** Content by the name of the attribute that it would be on a span. */
  readonly contents: AttributeMap;
  readonly isError: boolean;
  readonly resource: Resource;
}

declare const redacted: unique symbol;

/** A normalised log record after redaction. */
export interface RedactedLog extends NormalisedLog {
  /** Made only by `redact/`. */
  readonly [redacted]: true;
}

/** A span after redaction: the same shape, no clear text, and how often each kind was replaced. */
export interface RedactedSpan extends DecodedSpan {
  /** Replacements by kind (`email`, `phone`, `card`, `iban`, `ssn`, `secret`). */
  readonly redactions: ReadonlyMap<string, number>;
  /** Made only by `redact/`. */
  readonly [redacted]: true;
}
