/**
 * JSON text to values, every integer kept to its last digit.
 *
 * In: the text in parts, each with its place in the body. Out: what `JSON.parse` makes of it, with
 * bigint for an integer that a double would round. Throws `IngestError` `OTLP_MALFORMED_JSON` that
 * says at which byte of the body, and no content. Pure.
 */
import { keepInteger } from "../base/json-integers.ts";
import { IngestError } from "./errors.ts";

/** Text, and the byte of the body at which it begins. */
export interface TextPart {
  readonly text: string;
  readonly from: number;
}

/** A JSON number of 16 digits or more outside of (nearly) every string. */
const LONG_INTEGER = /[:,[]\s*-?\d{16}/;

/** Parse the parts as one text. */
export function parseTexts(parts: readonly TextPart[]): unknown {
  const text = parts.map((part) => part.text).join("");
  try {
    // The fast path: a reviver makes parsing several times slower, and SDKs send strings.
    return LONG_INTEGER.test(text) ? JSON.parse(text, keepInteger) : JSON.parse(text);
  } catch (error) {
    // The parser's own message quotes the text, so only the position is passed on.
    const position = error instanceof Error ? /position (\d+)/.exec(error.message)?.[1] : undefined;
    const where = position === undefined ? "" : ` at byte ${byteAt(parts, Number(position))}`;
    throw new IngestError("OTLP_MALFORMED_JSON", `the body is not valid JSON${where}`);
  }
}

/** The byte of the body that a position of the joined text stands for. */
function byteAt(parts: readonly TextPart[], position: number): number {
  let rest = position;
  let byte = 0;
  for (const { text, from } of parts) {
    byte = from + Buffer.byteLength(text.slice(0, rest));
    if (rest < text.length) break;
    rest -= text.length;
  }
  return byte;
}
