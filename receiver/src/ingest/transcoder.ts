/**
 * An export request to the rows of a batch.
 *
 * In: the body as it came, decompressed, and the place of its rows. Out: RowBinary rows per table,
 * and what was refused. Two lanes, one result: the fast lane (`span-writer.ts`) goes over the wire
 * bytes once and takes nearly every span; what it does not take, spans of other dialects and all of
 * OTLP/JSON go the slow lane, through records (decode → normalise → redact → classify → encode).
 * Throws `IngestError`, `RequestTooLargeError`. Side effects: buffers and caches that are kept from request to request.
 */
import { BATCH_TABLES, CONTENT_ATTRIBUTES } from "@spanledger/schema";
import type {
  BatchPlace,
  EncodedRequest,
  EncodedRows,
  HashRows,
  TablePlace,
} from "../base/batch.ts";
import { isForeignKey, isForeignScope } from "../base/dialects.ts";
import type { FieldRedactor } from "../base/field-redactor.ts";
import type { DecodedSpan } from "../base/records.ts";
import { type EnvelopeVisitor, walkEnvelope } from "./envelope.ts";
import { readTraceJson } from "./json.ts";
import { KeyTable } from "./key-table.ts";
import { KNOWN_KEYS } from "./known-keys.ts";
import { SPAN_ELEMENTS_MAX } from "./limits.ts";
import { ORIGINAL_END_ATTRIBUTE, RejectionTally, SpanRefusal, summarise } from "./rejections.ts";
import {
  joined,
  placeColumns,
  type ResourceColumns,
  resourceColumns,
  type ScopeColumns,
  type SharedColumns,
  scopeColumns,
  textPiece,
} from "./shared-columns.ts";
import { isClamped } from "./span.ts";
import { SpanWriter } from "./span-writer.ts";
import { TableSinks } from "./table-sinks.ts";
import type { RejectionReason } from "./types.ts";
import { resourceOf, scopeOf, spanOf } from "./wire-records.ts";

/**
 * Largest span of the fast lane, in bytes: a smaller one cannot hold more than
 * {@link SPAN_ELEMENTS_MAX} fields, which therefore need no counting.
 */
const FAST_SPAN_SIZE_MAX_BYTES: number = 2 * SPAN_ELEMENTS_MAX;

/** Keys that mean more than their value, or that are of another dialect: the slow lane knows. */
const SLOW_KEYS: Pick<ReadonlySet<string>, "has"> = {
  has: (key) => key === ORIGINAL_END_ATTRIBUTE || isForeignKey(key),
};

/** Resources and scopes remembered from request to request; processes send the same ones again. */
const SHARED_KEPT_MAX = 512;

/** Largest resource or scope that is remembered, in bytes. */
const SHARED_SIZE_MAX_BYTES = 8_192;

/** What a transcoder is made of. */
export interface TranscoderParts {
  /**
   * Redacts the fields of the fast lane and of resources and scopes. Without one nothing is
   * redacted: for benchmarks of decoding alone.
   */
  readonly redactor: FieldRedactor | "dangerously_unredacted";
  /** The slow lane: redact, classify and encode records. One result per table. */
  readonly encodeSpans: (
    spans: readonly DecodedSpan[],
    place: BatchPlace,
  ) => readonly EncodedRows[];
  /** Makes the leaves of rows as they are written. @default leaves are left to the caller */
  readonly hashRows?: HashRows;
}

/** See the module comment. Rows are valid until the next call. */
export interface Transcoder {
  encodeTraces(body: Uint8Array, place: BatchPlace): EncodedRequest;
  encodeTracesJson(body: Uint8Array, place: BatchPlace): EncodedRequest;
  /** Spans that each lane took since the start. */
  readonly lanes: { readonly fast: number; readonly slow: number };
}

/** Make a transcoder; it serves one call at a time, which being synchronous is always so. */
export function createTranscoder(parts: TranscoderParts): Transcoder {
  return new TraceTranscoder(parts);
}

class TraceTranscoder implements Transcoder, EnvelopeVisitor {
  readonly lanes = { fast: 0, slow: 0 };
  readonly #encodeSpans: TranscoderParts["encodeSpans"];
  readonly #redactor: FieldRedactor | undefined;
  readonly #rows: TableSinks;
  readonly #keys: KeyTable;
  readonly #writer: SpanWriter;
  readonly #resources = new SharedCache<ResourceColumns>();
  readonly #scopes = new SharedCache<ScopeColumns>();
  /** Of the request at hand. */
  #body: Buffer = Buffer.alloc(0);
  #place: BatchPlace = { batchId: "", workspaceId: "", retentionClass: "", tables: [] };
  #rejected = new RejectionTally();
  #clamped = 0;
  #resourceRefusal: RejectionReason | undefined;
  #scopeRefusal: RejectionReason | undefined;
  #isForeignScope = false;
  #shared: SharedColumns = {
    places: [],
    workspace: textPiece(""),
    resource: resourceColumns({ attributes: new Map() }, undefined),
    scope: scopeColumns({ name: "", version: "", attributes: new Map() }, undefined),
    columns: textPiece(""),
  };

  constructor(parts: TranscoderParts) {
    const { redactor } = parts;
    this.#redactor = redactor === "dangerously_unredacted" ? undefined : redactor;
    this.#encodeSpans = parts.encodeSpans;
    this.#rows = new TableSinks(parts.hashRows);
    this.#keys = new KeyTable(KNOWN_KEYS, CONTENT_ATTRIBUTES, SLOW_KEYS, this.#redactor);
    this.#writer = new SpanWriter(this.#keys, this.#redactor, this.#rows.sinks);
  }

  encodeTraces(body: Uint8Array, place: BatchPlace): EncodedRequest {
    this.#begin(body, place);
    // Not as a Buffer: with one class of array, V8 makes the better code of the hot loops.
    this.#writer.use(new Uint8Array(body.buffer, body.byteOffset, body.byteLength));
    walkEnvelope(this.#body, this);
    return this.#finish();
  }

  encodeTracesJson(body: Uint8Array, place: BatchPlace): EncodedRequest {
    this.#begin(new Uint8Array(0), place);
    const { rejected, clampedSpans } = readTraceJson(body, (spans) => this.#encodeSlowly(spans));
    for (const [reason, count] of rejected.reasons) this.#rejected.add(reason, count);
    this.#clamped = clampedSpans;
    return this.#finish();
  }

  #begin(body: Uint8Array, place: BatchPlace): void {
    this.#body = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    this.#place = place;
    this.#rejected = new RejectionTally();
    this.#clamped = 0;
    this.#keys.refresh();
    this.#redactor?.counts.fill(0);
    this.#rows.clear();
    this.#shared.workspace = textPiece(place.workspaceId);
    this.#shared.places = BATCH_TABLES.map((_, index) =>
      placeColumns(place, place.tables[index] as TablePlace),
    );
  }

  #finish(): EncodedRequest {
    // Nothing of the request is held on to.
    this.#body = Buffer.alloc(0);
    return {
      tables: this.#rows.take(),
      rejected: this.#rejected.count,
      message: summarise(this.#rejected, this.#clamped),
      release: this.#rows.release,
    };
  }

  resource(bytes: Buffer): void {
    this.#resourceRefusal = reasonOf(() => {
      this.#shared.resource = this.#resources.get(bytes, () =>
        resourceColumns(resourceOf(bytes), this.#redactor),
      );
    });
  }

  scope(bytes: Buffer): void {
    this.#scopeRefusal = reasonOf(() => {
      this.#shared.scope = this.#scopes.get(bytes, () =>
        scopeColumns(scopeOf(bytes), this.#redactor),
      );
      this.#isForeignScope = isForeignScope(this.#shared.scope.scope.name);
      this.#shared.columns = joined(this.#shared.resource.columns, this.#shared.scope.columns);
    });
  }

  refuses(spans: number): boolean {
    const reason = this.#resourceRefusal ?? this.#scopeRefusal;
    if (reason !== undefined) this.#rejected.add(reason, spans);
    return reason !== undefined;
  }

  span(from: number, to: number): void {
    const isSmall = to - from <= FAST_SPAN_SIZE_MAX_BYTES;
    if (isSmall && !this.#isForeignScope && this.#writer.write(from, to, this.#shared)) {
      this.lanes.fast += 1;
      this.#rows.checkSize();
      return;
    }
    this.lanes.slow += 1;
    const { resource, scope } = this.#shared;
    const reason = reasonOf(() => {
      const span = spanOf(this.#body.subarray(from, to), resource.resource, scope.scope);
      if (isClamped(span)) this.#clamped += 1;
      this.#encodeSlowly([span]);
    });
    if (reason !== undefined) this.#rejected.add(reason);
  }

  #encodeSlowly(spans: readonly DecodedSpan[]): void {
    this.#rows.append(this.#encodeSpans(spans, this.#rows.placeAfter(this.#place)));
  }
}

/** Run what may refuse spans, and tell why it did. */
function reasonOf(run: () => void): RejectionReason | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof SpanRefusal) return error.reason;
    throw error;
  }
}

/** Columns by the bytes that they were made of; begins again when it is full. */
class SharedCache<T> {
  readonly #known = new Map<string, T>();

  get(bytes: Buffer, make: () => T): T {
    if (bytes.length > SHARED_SIZE_MAX_BYTES) return make();
    const name = bytes.toString("latin1");
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (this.#known.size >= SHARED_KEPT_MAX) this.#known.clear();
    const made = make();
    this.#known.set(name, made);
    return made;
  }
}
