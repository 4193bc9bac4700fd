/**
 * The first look at a span: where do its fields stand?
 *
 * In: the wire bytes of one span. Out: places in them, no copies and no objects. It takes what
 * exporters send, and only that: every field once (but the repeated ones), in any order, a key before
 * its value, nothing unknown. Of anything else, and of anything that is refused, it says "no", and
 * the slow lane decides.
 */
import { AttributeScan } from "./attribute-scan.ts";
import { AttributeTable } from "./attribute-table.ts";
import { ATTRIBUTES_MAX } from "./limits.ts";
import { RECORDS_MAX, RecordTable } from "./record-table.ts";

/** Attributes of all events and links of a span together that the fast lane takes. */
const NESTED_ATTRIBUTES_MAX = 4_096;

/** Field 9, length-delimited: most of a span. */
const ATTRIBUTE_TAG = 0x4a;

const TRACE_ID_SIZE_BYTES = 16;
const SPAN_ID_SIZE_BYTES = 8;

/** See the module comment. */
export class SpanScan extends AttributeScan {
  /** Places; -1 where a field is absent. */
  traceId = -1;
  spanId = -1;
  parentId = -1;
  startTime = -1;
  endTime = -1;
  stateStart = 0;
  stateEnd = 0;
  nameStart = 0;
  nameEnd = 0;
  messageStart = 0;
  messageEnd = 0;
  /** Values. */
  kind = 0;
  statusCode = 0;
  flags = 0;
  droppedAttributes = 0;
  droppedEvents = 0;
  droppedLinks = 0;
  readonly own: AttributeTable = new AttributeTable(ATTRIBUTES_MAX);
  readonly nested: AttributeTable = new AttributeTable(NESTED_ATTRIBUTES_MAX);
  readonly events: RecordTable = new RecordTable();
  readonly links: RecordTable = new RecordTable();

  /** @returns false when the slow lane must look; the places then mean nothing */
  scan(from: number, to: number): boolean {
    this.#clear();
    const { bytes } = this;
    let at = from;
    let seen = 0;
    while (at < to) {
      const tag = bytes[at] as number;
      if (tag >= 0x80) {
        // Number 16, fixed32: the one field of two tag bytes.
        if (tag !== 0x85 || bytes[at + 1] !== 0x01 || at + 6 > to) return false;
        this.flags = this.view.getUint32(at + 2, true);
        at += 6;
        continue;
      }
      if (tag === ATTRIBUTE_TAG) {
        const end = this.length(at + 1, to);
        if (end < 0 || !this.attribute(this.own, this.at, end)) return false;
        at = end;
        continue;
      }
      const field = tag >> 3;
      // Events and links may come again; another field is to be merged.
      if (field !== 11 && field !== 13) {
        if ((seen & (1 << field)) !== 0) return false;
        seen |= 1 << field;
      }
      at = this.#field(tag, at + 1, to);
      if (at < 0) return false;
    }
    return at === to && this.#isComplete();
  }

  #clear(): void {
    this.traceId = -1;
    this.spanId = -1;
    this.parentId = -1;
    this.startTime = -1;
    this.endTime = -1;
    this.stateStart = 0;
    this.stateEnd = 0;
    this.nameStart = 0;
    this.nameEnd = 0;
    this.messageStart = 0;
    this.messageEnd = 0;
    this.kind = 0;
    this.statusCode = 0;
    this.flags = 0;
    this.droppedAttributes = 0;
    this.droppedEvents = 0;
    this.droppedLinks = 0;
    this.own.clear();
    this.nested.clear();
    this.events.count = 0;
    this.links.count = 0;
  }

  /** @returns where the next field starts, or -1 for the slow lane */
  #field(tag: number, at: number, to: number): number {
    switch (tag) {
      case 0x0a:
        this.traceId = at + 1;
        return this.#fixedSize(at, to, TRACE_ID_SIZE_BYTES);
      case 0x12:
        this.spanId = at + 1;
        return this.#fixedSize(at, to, SPAN_ID_SIZE_BYTES);
      case 0x22:
        if (this.bytes[at] === 0) return at + 1;
        this.parentId = at + 1;
        return this.#fixedSize(at, to, SPAN_ID_SIZE_BYTES);
      case 0x39:
        this.startTime = at;
        return at + 8 > to ? -1 : at + 8;
      case 0x41:
        this.endTime = at;
        return at + 8 > to ? -1 : at + 8;
      case 0x30:
        this.kind = this.bytes[at] as number;
        return this.kind >= 0x80 ? -1 : at + 1;
      case 0x50:
        this.droppedAttributes = this.bytes[at] as number;
        return this.droppedAttributes >= 0x80 ? -1 : at + 1;
      case 0x60:
        this.droppedEvents = this.bytes[at] as number;
        return this.droppedEvents >= 0x80 ? -1 : at + 1;
      case 0x70:
        this.droppedLinks = this.bytes[at] as number;
        return this.droppedLinks >= 0x80 ? -1 : at + 1;
      default:
        return this.#message(tag, at, to);
    }
  }

  #message(tag: number, at: number, to: number): number {
    const end = this.length(at, to);
    if (end < 0) return -1;
    const start = this.at;
    switch (tag) {
      case 0x2a:
        this.nameStart = start;
        this.nameEnd = end;
        return end;
      case 0x1a:
        this.stateStart = start;
        this.stateEnd = end;
        return end;
      case 0x7a:
        return this.#status(start, end) ? end : -1;
      case 0x5a:
        return this.#event(start, end) ? end : -1;
      case 0x6a:
        return this.#link(start, end) ? end : -1;
      default:
        return -1;
    }
  }

  #fixedSize(at: number, to: number, sizeBytes: number): number {
    const end = at + 1 + sizeBytes;
    return this.bytes[at] !== sizeBytes || end > to ? -1 : end;
  }

  #status(from: number, to: number): boolean {
    let at = from;
    while (at < to) {
      const tag = this.bytes[at];
      if (tag === 0x12 && this.messageEnd === 0) {
        const end = this.length(at + 1, to);
        if (end < 0) return false;
        this.messageStart = this.at;
        this.messageEnd = end;
        at = end;
      } else if (tag === 0x18 && at + 2 <= to && this.statusCode === 0) {
        this.statusCode = this.bytes[at + 1] as number;
        if (this.statusCode >= 0x80) return false;
        at += 2;
      } else return false;
    }
    return at === to;
  }

  #event(from: number, to: number): boolean {
    const { events, nested, bytes } = this;
    const row = events.count;
    if (row === RECORDS_MAX) return false;
    events.count = row + 1;
    events.times[row] = -1;
    events.textStarts[row] = 0;
    events.textEnds[row] = 0;
    events.attributeStarts[row] = nested.count;
    nested.beginList();
    let at = from;
    while (at < to) {
      const tag = bytes[at];
      if (tag === 0x09 && events.times[row] === -1 && at + 9 <= to) {
        if ((bytes[at + 8] as number) >= 0x80) return false;
        events.times[row] = at + 1;
        at += 9;
        continue;
      }
      // A count of dropped attributes, which has no column.
      if (tag === 0x20 && (bytes[at + 1] as number) < 0x80) {
        at += 2;
        continue;
      }
      const end = this.length(at + 1, to);
      if (end < 0) return false;
      const start = this.at;
      if (tag === 0x12 && events.textEnds[row] === 0) {
        events.textStarts[row] = start;
        events.textEnds[row] = end;
      } else if (tag !== 0x1a || !this.attribute(nested, start, end)) return false;
      at = end;
    }
    events.attributeEnds[row] = nested.count;
    return at === to && nested.count - (events.attributeStarts[row] as number) <= ATTRIBUTES_MAX;
  }

  #link(from: number, to: number): boolean {
    const { links, nested, bytes } = this;
    const row = links.count;
    if (row === RECORDS_MAX) return false;
    links.count = row + 1;
    links.traceIds[row] = -1;
    links.spanIds[row] = -1;
    links.textStarts[row] = 0;
    links.textEnds[row] = 0;
    links.attributeStarts[row] = nested.count;
    nested.beginList();
    let at = from;
    while (at < to) {
      const tag = bytes[at];
      // A count of dropped attributes and flags, which have no column.
      if ((tag === 0x28 && (bytes[at + 1] as number) < 0x80) || tag === 0x35) {
        at += tag === 0x28 ? 2 : 5;
        continue;
      }
      const end = this.length(at + 1, to);
      if (end < 0) return false;
      const start = this.at;
      if (tag === 0x0a && links.traceIds[row] === -1 && end - start === TRACE_ID_SIZE_BYTES) {
        links.traceIds[row] = start;
      } else if (tag === 0x12 && links.spanIds[row] === -1 && end - start === SPAN_ID_SIZE_BYTES) {
        links.spanIds[row] = start;
      } else if (tag === 0x1a && links.textEnds[row] === 0) {
        links.textStarts[row] = start;
        links.textEnds[row] = end;
      } else if (tag !== 0x22 || !this.attribute(nested, start, end)) return false;
      at = end;
    }
    links.attributeEnds[row] = nested.count;
    return at === to && nested.count - (links.attributeStarts[row] as number) <= ATTRIBUTES_MAX;
  }

  /** What every span must have; the slow lane knows which refusal it is, or how to mend it. */
  #isComplete(): boolean {
    const { view, traceId, spanId, startTime, endTime } = this;
    if (traceId < 0 || spanId < 0 || startTime < 0 || endTime < 0) return false;
    const startHigh = view.getInt32(startTime + 4, true);
    const endHigh = view.getInt32(endTime + 4, true);
    const startLow = view.getUint32(startTime, true);
    const endLow = view.getUint32(endTime, true);
    // Past 2^63, at 0, or an end before the start.
    if (startHigh < 0 || endHigh < startHigh) return false;
    if (endHigh === startHigh && endLow < startLow) return false;
    if (startHigh === 0 && startLow === 0) return false;
    const upper = view.getInt32(traceId, true) | view.getInt32(traceId + 4, true);
    const lower = view.getInt32(traceId + 8, true) | view.getInt32(traceId + 12, true);
    return (
      (upper | lower) !== 0 && (view.getInt32(spanId, true) | view.getInt32(spanId + 4, true)) !== 0
    );
  }
}
