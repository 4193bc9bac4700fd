/**
 * Writes the events and links of the span at hand: a column for each of their fields.
 *
 * In: what a `SpanScan` found. Out: the columns in the span's row, for which room was reserved.
 */
import type { FieldWriter } from "./field-writer.ts";
import type { RecordTable } from "./record-table.ts";
import type { RowSink } from "./sink.ts";
import type { SpanScan } from "./span-scan.ts";

/** See the module comment. */
export class RecordWriter {
  readonly #scan: SpanScan;
  readonly #fields: FieldWriter;

  constructor(scan: SpanScan, fields: FieldWriter) {
    this.#scan = scan;
    this.#fields = fields;
  }

  events(sink: RowSink): void {
    const fields = this.#fields;
    const { events, nested } = this.#scan;
    const { count } = events;
    sink.length(count);
    for (let row = 0; row < count; row += 1) this.#eventTime(sink, events.times[row] as number);
    sink.length(count);
    this.#names(sink, events);
    sink.length(count);
    for (let row = 0; row < count; row += 1) {
      const first = events.attributeStarts[row] as number;
      fields.map(sink, nested, first, events.attributeEnds[row] as number);
    }
  }

  #eventTime(sink: RowSink, time: number): void {
    if (time >= 0) {
      this.#fields.eight(sink, time);
      return;
    }
    sink.uint32(0);
    sink.uint32(0);
  }

  #names(sink: RowSink, records: RecordTable): void {
    for (let row = 0; row < records.count; row += 1) {
      const start = records.textStarts[row] as number;
      const end = records.textEnds[row] as number;
      this.#fields.text(sink, records.textSources[row] as number, start, end);
    }
  }

  links(sink: RowSink): void {
    const fields = this.#fields;
    const { links, nested } = this.#scan;
    const { count } = links;
    sink.length(count);
    for (let row = 0; row < count; row += 1) this.linkId(sink, links.traceIds[row] as number, 16);
    sink.length(count);
    for (let row = 0; row < count; row += 1) this.linkId(sink, links.spanIds[row] as number, 8);
    sink.length(count);
    this.#names(sink, links);
    sink.length(count);
    for (let row = 0; row < count; row += 1) {
      const first = links.attributeStarts[row] as number;
      fields.map(sink, nested, first, links.attributeEnds[row] as number);
    }
  }

  /** A link to nothing is allowed; its ids are all zero. */
  linkId(sink: RowSink, place: number, sizeBytes: number): void {
    sink.bytes[sink.at++] = 2 * sizeBytes;
    if (place >= 0) {
      this.#fields.hex(sink, place, sizeBytes);
      return;
    }
    sink.bytes.fill(0x30, sink.at, sink.at + 2 * sizeBytes);
    sink.at += 2 * sizeBytes;
  }
}
