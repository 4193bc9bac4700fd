/**
 * Arrays of plain strings, which telemetry is full of (finish reasons, options, tags), as JSON text.
 *
 * In: the wire bytes of an AnyValue that holds an array. Out: its JSON in a sink, where that is no
 * more than its strings between quotes. Side effect: the sink.
 */
import type { ByteSink } from "./sink.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** @returns false where something else is in it, or something is to be escaped; nothing was written */
export function writePlainArray(
  sink: ByteSink,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  // One member, whose size takes the rest.
  let at = afterLength(bytes, start + 1, end);
  if (at < 0) return false;
  sink.reserve(2 * (end - start) + 2);
  const first = sink.at;
  sink.bytes[sink.at++] = OPEN_BRACKET;
  while (at < end) {
    // An AnyValue that is a string, both with a size of one byte.
    const size = bytes[at + 1] as number;
    const isString = bytes[at] === 0x0a && bytes[at + 2] === 0x0a && bytes[at + 3] === size - 2;
    const next = at + 2 + size;
    if (!isString || size >= 0x80 || next > end || !writeQuoted(sink, bytes, at + 4, next)) {
      sink.at = first;
      return false;
    }
    at = next;
  }
  // The comma after the last element becomes the bracket.
  if (sink.bytes[sink.at - 1] === COMMA) sink.at -= 1;
  sink.bytes[sink.at++] = CLOSE_BRACKET;
  return true;
}

/** `"text",`, if the text is ASCII that JSON does not escape. */
function writeQuoted(sink: ByteSink, bytes: Uint8Array, start: number, end: number): boolean {
  const out = sink.bytes;
  let place = sink.at;
  out[place++] = QUOTE;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte < 0x20 || byte >= 0x80 || byte === QUOTE || byte === BACKSLASH) return false;
    out[place++] = byte;
  }
  out[place++] = QUOTE;
  out[place++] = COMMA;
  sink.at = place;
  return true;
}

/** Where the content of a length-delimited field starts that ends exactly at `end`, or -1. */
export function afterLength(bytes: Uint8Array, at: number, end: number): number {
  let size = 0;
  let next = at;
  for (let shift = 0; shift < 28 && next < end; shift += 7) {
    const byte = bytes[next] as number;
    next += 1;
    size |= (byte & 0x7f) << shift;
    if (byte < 0x80) return next + size === end ? next : -1;
  }
  return -1;
}
