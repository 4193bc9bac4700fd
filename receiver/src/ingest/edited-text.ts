/**
 * A text of the request with some of it exchanged, written without making a string of it.
 *
 * In: an ASCII text in a memory and its edits. Out: the new text in a sink, or nothing where it may be
 * so long that it is cut (`attributeText`).
 */
import type { TextEdits } from "../base/field-redactor.ts";
import { TEXT_SIZE_MAX_BYTES } from "../base/span-rules.ts";
import type { ByteSink } from "./sink.ts";

/** Most bytes of UTF-8 that one UTF-16 unit takes. */
const UNIT_SIZE_MAX_BYTES = 3;

/** @returns false when nothing was written */
export function writeEdited(
  sink: ByteSink,
  bytes: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  edits: TextEdits,
): boolean {
  let sizeMaxBytes = end - start;
  for (let n = 0; n < edits.size; n += 1) {
    sizeMaxBytes += edits.textOf(n).length * UNIT_SIZE_MAX_BYTES;
  }
  if (sizeMaxBytes > TEXT_SIZE_MAX_BYTES) return false;
  sink.reserve(sizeMaxBytes);
  let last = start;
  for (let n = 0; n < edits.size; n += 1) {
    sink.copy(bytes, view, last, start + edits.startOf(n));
    // What came as ASCII may have got another letter out of an escape.
    const text = edits.textOf(n);
    sink.rawText(text, Buffer.byteLength(text));
    last = start + edits.endOf(n);
  }
  sink.copy(bytes, view, last, end);
  return true;
}
