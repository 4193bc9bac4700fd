/**
 * The way through an ExportTraceServiceRequest to its spans.
 *
 * In: the body. Out: calls of a visitor: each resource before its scopes, each scope before its
 * spans, wherever they stand on the wire. Throws `IngestError`. Two looks at each list of spans: the
 * first finds the scope and counts, the second hands over the spans.
 */
import { ProtobufError, WireCursor } from "../base/wire-cursor.ts";
import { IngestError } from "./errors.ts";
import { ENVELOPE_ELEMENTS_MAX, REQUEST_SPANS_MAX } from "./limits.ts";

/** What is found, in order. */
export interface EnvelopeVisitor {
  /** The bytes of a resource, its parts joined; empty when there is none. */
  resource(bytes: Buffer): void;
  scope(bytes: Buffer): void;
  /** Whether so many spans are refused because of their resource or scope. */
  refuses(spans: number): boolean;
  /** A span, as a range of the body. */
  span(from: number, to: number): void;
}

/** Fields number 1 and 2, length-delimited: every message of the envelope has only these. */
const FIRST = 0x0a;
const SECOND = 0x12;

/** Walk through a request. */
export function walkEnvelope(body: Buffer, visitor: EnvelopeVisitor): void {
  try {
    new Envelope(body, visitor).request();
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
    if (error.code === "PROTOBUF_TOO_MANY_VALUES") {
      throw new IngestError("OTLP_TOO_MANY_VALUES", "too many groups; send smaller batches", error);
    }
    throw new IngestError("OTLP_MALFORMED_PROTOBUF", `malformed protobuf: ${error.message}`, error);
  }
}

class Envelope {
  readonly #body: Buffer;
  readonly #cursor: WireCursor;
  readonly #visitor: EnvelopeVisitor;
  #spans = 0;

  constructor(body: Buffer, visitor: EnvelopeVisitor) {
    this.#body = body;
    this.#cursor = new WireCursor(body, ENVELOPE_ELEMENTS_MAX);
    this.#visitor = visitor;
  }

  request(): void {
    const groups: number[] = [];
    this.#each(0, this.#body.length, (tag, from, to) => {
      if (tag === FIRST) groups.push(from, to);
    });
    for (let at = 0; at < groups.length; at += 2) {
      this.#resourceSpans(groups[at] as number, groups[at + 1] as number);
    }
  }

  #resourceSpans(from: number, to: number): void {
    const parts: Buffer[] = [];
    const scopes: number[] = [];
    this.#each(from, to, (tag, start, end) => {
      if (tag === FIRST) parts.push(this.#body.subarray(start, end));
      else if (tag === SECOND) scopes.push(start, end);
    });
    this.#visitor.resource(joined(parts));
    for (let at = 0; at < scopes.length; at += 2) {
      this.#scopeSpans(scopes[at] as number, scopes[at + 1] as number);
    }
  }

  #scopeSpans(from: number, to: number): void {
    const parts: Buffer[] = [];
    let spans = 0;
    this.#each(from, to, (tag, start, end) => {
      if (tag === FIRST) parts.push(this.#body.subarray(start, end));
      else if (tag === SECOND) spans += 1;
    });
    this.#visitor.scope(joined(parts));
    this.#spans += spans;
    if (this.#spans > REQUEST_SPANS_MAX) {
      throw new IngestError(
        "OTLP_TOO_MANY_VALUES",
        `more than ${REQUEST_SPANS_MAX} spans in one request; send smaller batches`,
      );
    }
    if (spans === 0 || this.#visitor.refuses(spans)) return;
    // These fields have been counted.
    const { elementsLeft } = this.#cursor;
    this.#cursor.elementsLeft = ENVELOPE_ELEMENTS_MAX;
    this.#each(from, to, (tag, start, end) => {
      if (tag === SECOND) this.#visitor.span(start, end);
    });
    this.#cursor.elementsLeft = elementsLeft;
  }

  /** The length-delimited fields of a message; others are passed over. */
  #each(from: number, to: number, visit: (tag: number, from: number, to: number) => void): void {
    const cursor = this.#cursor;
    let at = from;
    while (at < to) {
      cursor.at = at;
      cursor.end = to;
      const tag = cursor.tag();
      if (tag !== FIRST && tag !== SECOND) {
        cursor.skip(tag, 0);
        at = cursor.at;
        continue;
      }
      const end = cursor.length();
      at = end;
      visit(tag, cursor.at, end);
    }
  }
}

/** Protobuf merges a message field that comes more than once; joining its bytes is the same. */
function joined(parts: readonly Buffer[]): Buffer {
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
}
