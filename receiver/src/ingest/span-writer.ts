/**
 * Writes the rows of one span: the fast lane of the transcoder.
 *
 * In: the wire bytes of a span, the columns it shares with others. Out: rows in the sinks of the
 * tables, or nothing, and then the slow lane is to take the span. Column by column in the order of
 * `schema/src/tables.ts`; a test holds it against the encoder of row objects.
 */
import { SPAN_TYPES } from "@spanledger/schema";
import type { FieldRedactor } from "../base/field-redactor.ts";
import { CompactWriter } from "./compact-writer.ts";
import { copyIds, FieldWriter, type TextPlace } from "./field-writer.ts";
import { hasForeignEvent } from "./foreign-event.ts";
import type { KeyTable } from "./key-table.ts";
import { KEY } from "./known-keys.ts";
import type { RecordTable } from "./record-table.ts";
import { RecordWriter } from "./record-writer.ts";
import { type PlaceColumns, type SharedColumns, type Sinks, textPiece } from "./shared-columns.ts";
import type { Piece, RowSink } from "./sink.ts";
import { SpanClass, STATUS_ERROR } from "./span-class.ts";
import { SpanScan } from "./span-scan.ts";
import { IN_REQUEST, Texts } from "./texts.ts";

/** Room for the columns of a row that have a fixed size, and for lengths, in bytes. */
const FIXED_SIZE_MAX_BYTES = 2_048;

/** Room for the lengths of an attribute, an event or a link, and for a reference, in bytes. */
const FIELD_SIZE_MAX_BYTES = 64;

const KINDS: readonly Piece[] = [
  "Unspecified",
  "Internal",
  "Server",
  "Client",
  "Producer",
  "Consumer",
].map(textPiece);
const STATUS_CODES: readonly Piece[] = ["Unset", "Ok", "Error"].map(textPiece);
const TYPES: readonly Piece[] = SPAN_TYPES.map(textPiece);

const TYPE_RUN: number = SPAN_TYPES.indexOf("run");
const TYPE_DECISION: number = SPAN_TYPES.indexOf("decision");

/** See the module comment. */
export class SpanWriter {
  readonly scan: SpanScan;
  readonly texts: Texts;
  readonly fields: FieldWriter;
  readonly records: RecordWriter;
  readonly sinks: Sinks;
  readonly class: SpanClass;
  /** Where name and status message stand. */
  readonly name: TextPlace = { source: IN_REQUEST, start: 0, end: 0 };
  readonly message: TextPlace = { source: IN_REQUEST, start: 0, end: 0 };
  readonly #state: TextPlace = { source: IN_REQUEST, start: 0, end: 0 };
  readonly #compact: CompactWriter;
  readonly #redactor: FieldRedactor | undefined;
  readonly #kinds: readonly Piece[];

  constructor(keys: KeyTable, redactor: FieldRedactor | undefined, sinks: Sinks) {
    this.scan = new SpanScan(keys);
    this.texts = new Texts(keys, KEY.logprob, redactor);
    this.fields = new FieldWriter(this.texts, keys);
    this.class = new SpanClass(this.scan, this.texts);
    this.records = new RecordWriter(this.scan, this.fields);
    this.sinks = sinks;
    this.#redactor = redactor;
    this.#kinds = (redactor?.kinds ?? []).map(textPiece);
    this.#compact = new CompactWriter(this);
  }

  /** Look at another request. */
  use(bytes: Uint8Array): void {
    this.scan.use(bytes);
    this.texts.use(bytes);
  }

  /**
   * Write the rows of the span from `from` to `to`.
   *
   * @returns false when the slow lane is to take it; then nothing was written
   */
  write(from: number, to: number, shared: SharedColumns): boolean {
    const [spans, payloads, runs, decisions, errors] = this.sinks;
    if (!this.scan.scan(from, to) || hasForeignEvent(this.scan) || !this.#readTexts(to)) {
      this.#redactor?.counts.fill(0);
      return false;
    }
    const { rows } = spans;
    const payloadRows = payloads.rows;
    this.fields.isValid = true;
    this.class.classify(this.name);
    const roomBytes = FIXED_SIZE_MAX_BYTES + to - from + this.texts.scratch.at;
    const spanStart = spans.at;
    this.#span(roomBytes, shared);
    this.#payloads(roomBytes, shared, spanStart);
    if (this.class.type === TYPE_RUN) this.#compact.run(roomBytes, shared, spanStart);
    if (this.class.type === TYPE_DECISION) this.#compact.decision(roomBytes, shared, spanStart);
    const isError = this.scan.statusCode === STATUS_ERROR;
    if (isError) this.#compact.error(roomBytes, shared, spanStart);
    if (this.fields.isValid) return true;
    spans.rollBack(rows);
    payloads.rollBack(payloadRows);
    if (this.class.type === TYPE_RUN) runs.rollBack(runs.rows - 1);
    if (this.class.type === TYPE_DECISION) decisions.rollBack(decisions.rows - 1);
    if (isError) errors.rollBack(errors.rows - 1);
    return false;
  }

  /** Redact what is to be redacted, in whatever order; the counts are summed. */
  #readTexts(end: number): boolean {
    const { scan, texts } = this;
    const { own, nested } = scan;
    texts.clear(end);
    return (
      this.#place(this.#state, scan.stateStart, scan.stateEnd) &&
      this.#place(this.name, scan.nameStart, scan.nameEnd) &&
      this.#place(this.message, scan.messageStart, scan.messageEnd) &&
      texts.attributes(own, 0, own.count) &&
      (nested.count === 0 || texts.attributes(nested, 0, nested.count)) &&
      this.#recordTexts(scan.events) &&
      this.#recordTexts(scan.links)
    );
  }

  #place(place: TextPlace, start: number, end: number): boolean {
    const { texts } = this;
    if (!texts.text(start, end)) return false;
    place.source = texts.source;
    place.start = texts.start;
    place.end = texts.end;
    return true;
  }

  #recordTexts(records: RecordTable): boolean {
    const { texts } = this;
    for (let row = 0; row < records.count; row += 1) {
      if (!texts.text(records.textStarts[row] as number, records.textEnds[row] as number)) {
        return false;
      }
      records.textSources[row] = texts.source;
      records.textStarts[row] = texts.start;
      records.textEnds[row] = texts.end;
    }
    return true;
  }

  #span(roomBytes: number, shared: SharedColumns): void {
    const [sink] = this.sinks;
    const { scan, fields } = this;
    const { own, events, links } = scan;
    const sharedBytes = shared.columns.bytes.length + shared.scope.attributes.bytes.length;
    const count = own.count + scan.nested.count + events.count + links.count;
    // Text of the request stands in the row once, and up to four attributes once more.
    sink.reserve(5 * roomBytes + sharedBytes + count * FIELD_SIZE_MAX_BYTES);
    fields.eight(sink, scan.startTime);
    this.#ids(sink);
    this.text(sink, this.#state);
    this.text(sink, this.name);
    sink.piece(KINDS[scan.kind] ?? (KINDS[0] as Piece));
    sink.piece(shared.columns);
    fields.spanMap(sink, own);
    this.#duration(sink);
    sink.piece(STATUS_CODES[scan.statusCode] ?? (STATUS_CODES[0] as Piece));
    this.text(sink, this.message);
    this.records.events(sink);
    this.records.links(sink);
    sink.piece(shared.scope.attributes);
    sink.uint32(scan.droppedAttributes);
    sink.uint32(scan.droppedEvents);
    sink.uint32(scan.droppedLinks);
    sink.uint32(scan.flags);
    sink.piece(shared.workspace);
    fields.attribute(sink, own, KEY.runId);
    fields.attribute(sink, own, KEY.workflowId);
    fields.attribute(sink, own, KEY.stepName);
    sink.piece(TYPES[this.class.type] as Piece);
    this.putResult(sink);
    this.#redactions(sink, shared);
    this.endRow(sink, shared.places[0] as PlaceColumns);
  }

  /** The text at a place. */
  text(sink: RowSink, place: TextPlace): void {
    this.fields.text(sink, place.source, place.start, place.end);
  }

  putResult(sink: RowSink): void {
    const { resultRow, result } = this.class;
    if (resultRow >= 0) this.fields.value(sink, this.scan.own, resultRow);
    else sink.piece(result);
  }

  /** RunId and what stands after it are in every table's rows, but not in one order. */
  endRow(sink: RowSink, place: PlaceColumns): void {
    const at = sink.at + place.rowOffset;
    sink.piece(place.columns);
    sink.view.setUint32(at, place.firstRow + sink.rows, true);
    sink.endRow();
  }

  #ids(sink: RowSink): void {
    const { scan, fields } = this;
    sink.bytes[sink.at++] = 32;
    fields.hex(sink, scan.traceId, 16);
    sink.bytes[sink.at++] = 16;
    fields.hex(sink, scan.spanId, 8);
    const { parentId, view } = scan;
    const hasParent =
      parentId >= 0 && (view.getInt32(parentId, true) | view.getInt32(parentId + 4, true)) !== 0;
    sink.bytes[sink.at++] = hasParent ? 16 : 0;
    if (hasParent) fields.hex(sink, parentId, 8);
  }

  #duration(sink: RowSink): void {
    const { view, startTime, endTime } = this.scan;
    const startLow = view.getUint32(startTime, true);
    const endLow = view.getUint32(endTime, true);
    const borrow = endLow < startLow ? 1 : 0;
    const high = view.getUint32(endTime + 4, true) - view.getUint32(startTime + 4, true) - borrow;
    sink.uint32(endLow - startLow);
    sink.uint32(high);
  }

  /** Replacements in the span, its resource and its scope together, by kind. */
  #redactions(sink: RowSink, shared: SharedColumns): void {
    const kinds = this.#kinds;
    const counts = this.#redactor?.counts;
    const place = sink.at;
    sink.bytes[sink.at++] = 0;
    if (counts === undefined) return;
    let present = 0;
    for (let kind = 0; kind < kinds.length; kind += 1) {
      const ofShared =
        (shared.resource.counts[kind] as number) + (shared.scope.counts[kind] as number);
      const total = (counts[kind] as number) + ofShared;
      if (total === 0) continue;
      present += 1;
      sink.piece(kinds[kind] as Piece);
      sink.uint32(total);
      counts[kind] = 0;
    }
    sink.bytes[place] = present;
  }

  #payloads(roomBytes: number, shared: SharedColumns, spanStart: number): void {
    const [, sink] = this.sinks;
    const { own } = this.scan;
    let headStart = -1;
    let headEnd = -1;
    for (let row = 0; row < own.count; row += 1) {
      if (!this.fields.isContent(own, row)) continue;
      sink.reserve(5 * roomBytes);
      const start = sink.at;
      // What stands before the name is the same in all payloads of a span.
      if (headStart >= 0) sink.copy(sink.bytes, sink.view, headStart, headEnd);
      else this.#payloadHead(shared, spanStart);
      headStart = start;
      headEnd = sink.at;
      this.#payloadBody(row, shared);
    }
  }

  #payloadHead(shared: SharedColumns, spanStart: number): void {
    const [spans, sink] = this.sinks;
    const { fields } = this;
    const { own } = this.scan;
    fields.eight(sink, this.scan.startTime);
    sink.piece(shared.workspace);
    fields.attribute(sink, own, KEY.runId);
    fields.attribute(sink, own, KEY.workflowId);
    copyIds(sink, spans, spanStart);
    sink.piece(TYPES[this.class.type] as Piece);
    fields.attribute(sink, own, KEY.stepName);
  }

  #payloadBody(row: number, shared: SharedColumns): void {
    const [, sink] = this.sinks;
    const { fields } = this;
    const { own } = this.scan;
    fields.key(sink, own.keyOf(row));
    fields.value(sink, own, row);
    sink.uint32(own.textSizeOf(row));
    sink.uint32(0);
    this.endRow(sink, shared.places[1] as PlaceColumns);
  }

  /** SpanType, then StepName: side by side in most tables. */
  putType(sink: RowSink): void {
    sink.piece(TYPES[this.class.type] as Piece);
  }
}
