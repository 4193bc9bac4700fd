/**
 * Writes the compact rows of a span: runs, decisions, errors.
 *
 * In: the span that a `SpanWriter` holds. Out: a row in the sink of the table. These rows are few, so
 * lists and numbers are read from text again where that is simpler.
 */
import { attributeList } from "../base/attribute-text.ts";
import { EXCEPTION_EVENT } from "../base/span-rules.ts";
import { NULL, PLAIN_ARRAY } from "./attribute-table.ts";
import { copyIds } from "./field-writer.ts";
import { KEY } from "./known-keys.ts";
import { afterLength } from "./plain-array.ts";
import { type PlaceColumns, type SharedColumns, textPiece } from "./shared-columns.ts";
import type { Piece, RowSink } from "./sink.ts";
import type { SpanWriter } from "./span-writer.ts";
import { WordTable } from "./word-table.ts";

/** Tables by their place in `BATCH_TABLES`. */
const RUNS = 2;
const DECISIONS = 3;
const ERRORS = 4;

const ATTEMPT_MAX = 0xffff;

const EXCEPTION: WordTable = new WordTable([[EXCEPTION_EVENT, 0]]);
const TRUE: WordTable = new WordTable([["true", 0]]);
const USER: Piece = textPiece("user");

/** See the module comment. */
export class CompactWriter {
  readonly #span: SpanWriter;

  constructor(span: SpanWriter) {
    this.#span = span;
  }

  run(roomBytes: number, shared: SharedColumns, spanStart: number): void {
    const span = this.#span;
    const { fields, scan, sinks } = span;
    const sink = sinks[RUNS];
    sink.reserve(3 * roomBytes + shared.resource.serviceName.bytes.length);
    fields.eight(sink, scan.startTime);
    fields.eight(sink, scan.endTime);
    sink.piece(shared.workspace);
    this.#put(sink, KEY.workflowId);
    this.#put(sink, KEY.workflowName);
    this.#put(sink, KEY.workflowVersion);
    this.#put(sink, KEY.runId);
    copyIds(sink, sinks[0], spanStart);
    span.putResult(sink);
    span.text(sink, span.message);
    this.#put(sink, KEY.triggerType);
    this.#put(sink, KEY.triggerSource);
    this.#put(sink, KEY.triggerId);
    this.#put(sink, this.#isEmpty(KEY.actorId) ? KEY.userId : KEY.actorId);
    if (!this.#isEmpty(KEY.actorType)) this.#put(sink, KEY.actorType);
    else if (this.#isEmpty(KEY.userId)) sink.length(0);
    else sink.piece(USER);
    this.#put(sink, KEY.authorization);
    this.#put(sink, KEY.requestId);
    this.#put(sink, KEY.conversationId);
    this.#put(sink, KEY.engine);
    sink.piece(shared.resource.serviceName);
    this.#putList(sink, KEY.tags);
    this.#put(sink, KEY.definitionSha256);
    if (scan.links.count === 0) sink.length(0);
    else span.records.linkId(sink, scan.links.traceIds[0] as number, 16);
    span.endRow(sink, shared.places[RUNS] as PlaceColumns);
  }

  decision(roomBytes: number, shared: SharedColumns, spanStart: number): void {
    const span = this.#span;
    const sink = span.sinks[DECISIONS];
    sink.reserve(4 * roomBytes);
    span.fields.eight(sink, span.scan.startTime);
    sink.piece(shared.workspace);
    this.#put(sink, KEY.workflowId);
    this.#put(sink, KEY.runId);
    copyIds(sink, span.sinks[0], spanStart);
    this.#put(sink, KEY.decisionId);
    this.#put(sink, KEY.decisionName);
    this.#put(sink, KEY.decisionType);
    this.#put(sink, KEY.decisionSourceStep);
    this.#put(sink, KEY.decisionCondition);
    this.#putList(sink, KEY.decisionOptions);
    this.#putList(sink, KEY.decisionSelected);
    if (span.scan.own.rowOf(KEY.decisionSkipped) >= 0) this.#putList(sink, KEY.decisionSkipped);
    else this.#putSkipped(sink);
    sink.bytes[sink.at++] = this.#isWord(TRUE, KEY.decisionDefaultTaken) ? 1 : 0;
    this.#put(sink, KEY.decisionReason);
    this.#putConfidence(sink);
    span.endRow(sink, shared.places[DECISIONS] as PlaceColumns);
  }

  error(roomBytes: number, shared: SharedColumns, spanStart: number): void {
    const span = this.#span;
    const sink = span.sinks[ERRORS];
    sink.reserve(3 * roomBytes + shared.resource.serviceName.bytes.length);
    span.fields.eight(sink, span.scan.startTime);
    sink.piece(shared.workspace);
    this.#put(sink, KEY.workflowId);
    this.#put(sink, KEY.runId);
    copyIds(sink, span.sinks[0], spanStart);
    span.putType(sink);
    span.text(sink, span.name);
    sink.piece(shared.resource.serviceName);
    this.#put(sink, KEY.stepName);
    const attempt = this.#number(KEY.stepAttempt) ?? 0;
    const isAttempt = Number.isInteger(attempt) && attempt >= 0 && attempt <= ATTEMPT_MAX;
    sink.uint16(isAttempt ? attempt : 0);
    const event = this.#exceptionEvent();
    if (!this.#isEmpty(KEY.errorType)) this.#put(sink, KEY.errorType);
    else this.#putOfEvent(sink, event, KEY.exceptionType);
    if (span.message.start !== span.message.end) span.text(sink, span.message);
    else this.#putOfEvent(sink, event, KEY.exceptionMessage);
    this.#put(sink, KEY.stepFallback);
    span.endRow(sink, shared.places[ERRORS] as PlaceColumns);
  }

  #put(sink: RowSink, key: number): void {
    this.#span.fields.attribute(sink, this.#span.scan.own, key);
  }

  #isEmpty(key: number): boolean {
    const { own } = this.#span.scan;
    const row = own.rowOf(key);
    return row < 0 || own.textSizeOf(row) === 0;
  }

  #isWord(words: WordTable, key: number): boolean {
    const { texts, scan } = this.#span;
    const { own } = scan;
    const row = own.rowOf(key);
    if (row < 0) return false;
    const bytes = texts.bytesOf(own.sourceOf(row));
    const start = own.textStartOf(row);
    return words.find(bytes, start, own.textEndOf(row)) === 0;
  }

  #textOf(row: number): string {
    const { texts, scan } = this.#span;
    const { own } = scan;
    const bytes = texts.bytesOf(own.sourceOf(row));
    const start = own.textStartOf(row);
    const sizeBytes = own.textEndOf(row) - start;
    return Buffer.from(bytes.buffer, bytes.byteOffset + start, sizeBytes).toString("utf8");
  }

  /** A finite number, or null; empty text is none. */
  #number(key: number): number | null {
    if (this.#isEmpty(key)) return null;
    const number = Number(this.#textOf(this.#span.scan.own.rowOf(key)));
    return Number.isFinite(number) ? number : null;
  }

  #putConfidence(sink: RowSink): void {
    const confidence = this.#number(KEY.decisionConfidence);
    sink.bytes[sink.at++] = confidence === null ? 1 : 0;
    if (confidence === null) return;
    sink.view.setFloat64(sink.at, confidence, true);
    sink.at += 8;
  }

  #putList(sink: RowSink, key: number): void {
    const list = this.#list(key);
    this.#putTexts(sink, list);
  }

  /** The options that were not selected, where the span does not say what was skipped. */
  #putSkipped(sink: RowSink): void {
    const selected = this.#list(KEY.decisionSelected);
    const options = this.#list(KEY.decisionOptions);
    this.#putTexts(
      sink,
      options.filter((option) => !selected.includes(option)),
    );
  }

  #putTexts(sink: RowSink, texts: readonly string[]): void {
    sink.reserve(5);
    sink.length(texts.length);
    for (const text of texts) sink.text(text);
  }

  #list(key: number): readonly string[] {
    const { own } = this.#span.scan;
    const row = own.rowOf(key);
    if (row < 0 || own.kindOf(row) === NULL) return [];
    if (own.kindOf(row) === PLAIN_ARRAY) return this.#plainArray(row);
    const value = own.values[row];
    return attributeList(value === undefined ? this.#textOf(row) : value);
  }

  /** The elements of an array that `Texts` found to be plain. */
  #plainArray(row: number): string[] {
    const { texts, scan } = this.#span;
    const { bytes } = texts;
    const end = scan.own.endOf(row);
    const elements: string[] = [];
    let at = afterLength(bytes, scan.own.startOf(row) + 1, end);
    while (at < end) {
      const next = at + 2 + (bytes[at + 1] as number);
      const text = Buffer.from(bytes.buffer, bytes.byteOffset + at + 4, next - at - 4);
      elements.push(text.toString("latin1"));
      at = next;
    }
    return elements;
  }

  /** The first event named like an exception, or -1. */
  #exceptionEvent(): number {
    const { texts, scan } = this.#span;
    const { events } = scan;
    for (let row = 0; row < events.count; row += 1) {
      const bytes = texts.bytesOf(events.textSources[row] as number);
      const start = events.textStarts[row] as number;
      if (EXCEPTION.find(bytes, start, events.textEnds[row] as number) === 0) return row;
    }
    return -1;
  }

  #putOfEvent(sink: RowSink, event: number, key: number): void {
    const { fields, scan } = this.#span;
    const { events, nested } = scan;
    if (event >= 0) {
      const end = events.attributeEnds[event] as number;
      for (let row = events.attributeStarts[event] as number; row < end; row += 1) {
        if (nested.keyOf(row) === key) {
          fields.value(sink, nested, row);
          return;
        }
      }
    }
    sink.length(0);
  }
}
