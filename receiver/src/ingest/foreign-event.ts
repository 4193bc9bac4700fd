/**
 * Whether a span has an event that carries content of a call: the slow lane moves it to payloads.
 *
 * In: a span that was scanned. Out: yes or no, by the beginnings of its events' names.
 */
import { GEN_AI_EVENT_PREFIX } from "../base/dialects.ts";
import type { SpanScan } from "./span-scan.ts";

const PREFIX: Uint8Array = new Uint8Array(Buffer.from(GEN_AI_EVENT_PREFIX));

/** See the module comment. */
export function hasForeignEvent(scan: SpanScan): boolean {
  const { events } = scan;
  for (let row = 0; row < events.count; row += 1) {
    if (startsSo(scan, events.textStarts[row] as number, events.textEnds[row] as number))
      return true;
  }
  return false;
}

function startsSo({ bytes }: SpanScan, start: number, end: number): boolean {
  if (end - start < PREFIX.length) return false;
  for (let at = 0; at < PREFIX.length; at += 1) {
    if (bytes[start + at] !== PREFIX[at]) return false;
  }
  return true;
}
