/**
 * All spans of an OTLP/JSON request at once, as tests look at them.
 */
import type { DecodedSpan } from "../base/records.ts";
import { type ReadTraces, readTraceJson } from "./json.ts";

export interface DecodedTraces extends ReadTraces {
  readonly spans: readonly DecodedSpan[];
}

export function decodeTraceJson(body: Uint8Array): DecodedTraces {
  const spans: DecodedSpan[] = [];
  const read = readTraceJson(body, (some) => spans.push(...some));
  return { ...read, spans };
}
