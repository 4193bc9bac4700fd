/**
 * Columns that many rows share, encoded once and copied into each of them.
 *
 * In: resources, scopes, the place in the batch. Out: pieces of rows. Pure.
 */
import { OTEL } from "@spanledger/schema";
import { attributeText, attributeTexts } from "../base/attribute-text.ts";
import type { BatchPlace, TablePlace } from "../base/batch.ts";
import type { FieldRedactor } from "../base/field-redactor.ts";
import type { AttributeMap, Resource, Scope } from "../base/records.ts";
import { ByteSink, type Piece, pieceOf, type RowSink } from "./sink.ts";

/** The columns of a resource, redacted. */
export interface ResourceColumns {
  /** As it came, for the slow lane. Never stored. */
  readonly resource: Resource;
  /** ServiceName. */
  readonly serviceName: Piece;
  /** ServiceName and ResourceAttributes, which stand side by side in a span's row. */
  readonly columns: Piece;
  /** Replacements by kind; every span of the resource counts them. */
  readonly counts: Uint32Array;
}

/** The columns of a scope, redacted. */
export interface ScopeColumns {
  readonly scope: Scope;
  /** ScopeName and ScopeVersion. */
  readonly columns: Piece;
  /** ScopeAttributes. */
  readonly attributes: Piece;
  readonly counts: Uint32Array;
}

/** What the rows of one table share in a batch. */
export interface PlaceColumns {
  /** BatchId, Segment, Row, RetentionClass and ExpiresAt. */
  readonly columns: Piece;
  /** Where Row stands in {@link columns}; it is put in for each row. */
  readonly rowOffset: number;
  /** Row of the first row. */
  readonly firstRow: number;
}

/** What the rows of a span share with those of others. */
export interface SharedColumns {
  /** One per table, in the order of `BATCH_TABLES`. */
  places: readonly PlaceColumns[];
  workspace: Piece;
  resource: ResourceColumns;
  scope: ScopeColumns;
  /** Columns of the resource and of the scope, which stand side by side in a span's row. */
  columns: Piece;
}

/** Sinks of the tables, in the order of `BATCH_TABLES`. */
export type Sinks = readonly [
  spans: RowSink,
  payloads: RowSink,
  runs: RowSink,
  decisions: RowSink,
  errors: RowSink,
];

/** Encode a resource. */
export function resourceColumns(
  resource: Resource,
  redactor: FieldRedactor | undefined,
): ResourceColumns {
  const attributes = redactor?.attributes(resource.attributes) ?? resource.attributes;
  const serviceName = piece((sink) => sink.text(attributeText(attributes.get(OTEL.serviceName))));
  const columns = piece((sink) => {
    sink.reserve(serviceName.bytes.length);
    sink.piece(serviceName);
    putMap(sink, attributes);
  });
  return { resource, serviceName, columns, counts: takeCounts(redactor) };
}

/** Encode a scope. */
export function scopeColumns(scope: Scope, redactor: FieldRedactor | undefined): ScopeColumns {
  const text = (value: string): string => redactor?.text(value) ?? value;
  const columns = piece((sink) => {
    sink.text(text(scope.name));
    sink.text(text(scope.version));
  });
  const redacted = redactor?.attributes(scope.attributes) ?? scope.attributes;
  const attributes = piece((sink) => putMap(sink, redacted));
  return { scope, columns, attributes, counts: takeCounts(redactor) };
}

/** Encode the place of one table's rows. */
export function placeColumns(place: BatchPlace, table: TablePlace): PlaceColumns {
  let rowOffset = 0;
  const columns = piece((sink) => {
    sink.text(place.batchId);
    sink.reserve(10);
    sink.uint16(table.segment);
    rowOffset = sink.at;
    sink.uint32(0);
    sink.text(place.retentionClass);
    sink.reserve(4);
    sink.uint32(table.expiresAtS);
  });
  return { columns, rowOffset, firstRow: table.nextRow };
}

/** A text with its length. */
export function textPiece(text: string): Piece {
  return piece((sink) => sink.text(text));
}

/** What the redactor counted since it was last asked. */
function takeCounts(redactor: FieldRedactor | undefined): Uint32Array {
  if (redactor === undefined) return new Uint32Array(0);
  const counts = Uint32Array.from(redactor.counts);
  redactor.counts.fill(0);
  return counts;
}

const scratch = new ByteSink();

function piece(write: (sink: ByteSink) => void): Piece {
  scratch.clear();
  write(scratch);
  return pieceOf(scratch.bytes.slice(0, scratch.at));
}

/** Two pieces as one. */
export function joined(first: Piece, second: Piece): Piece {
  const bytes = new Uint8Array(first.bytes.length + second.bytes.length);
  bytes.set(first.bytes);
  bytes.set(second.bytes, first.bytes.length);
  return pieceOf(bytes);
}

function putMap(sink: ByteSink, attributes: AttributeMap): void {
  const texts = attributeTexts(attributes);
  sink.reserve(5);
  sink.length(texts.size);
  for (const [key, value] of texts) {
    sink.text(key);
    sink.text(value);
  }
}
