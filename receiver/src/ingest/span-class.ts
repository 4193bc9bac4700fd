/**
 * What the span at hand stands for: its type and its result; as `classify/span-type.ts`, on bytes.
 *
 * In: a span that was scanned and whose texts are known. Out: its type, and where its result is.
 */
import { SPAN_TYPES, type SpanType } from "@spanledger/schema";
import { FAILURE_RESULT, TYPE_BY_FIRST_WORD, TYPE_BY_OPERATION } from "../base/span-rules.ts";
import type { TextPlace } from "./field-writer.ts";
import { KEY, REQUIRED_KEYS, RESULT_KEYS } from "./known-keys.ts";
import { textPiece } from "./shared-columns.ts";
import type { Piece } from "./sink.ts";
import type { SpanScan } from "./span-scan.ts";
import type { Texts } from "./texts.ts";
import { WordTable } from "./word-table.ts";

const KIND_SERVER = 2;

/** Status code of a span that failed. */
export const STATUS_ERROR = 2;

const FAILURE: Piece = textPiece(FAILURE_RESULT);
const EMPTY: Piece = textPiece("");

const TYPE_OTHER: number = SPAN_TYPES.indexOf("other");
const TYPE_HTTP: number = SPAN_TYPES.indexOf("http");

const OPERATIONS: WordTable = wordsOf(TYPE_BY_OPERATION);
const FIRST_WORDS: WordTable = wordsOf(TYPE_BY_FIRST_WORD);

function wordsOf(types: ReadonlyMap<string, SpanType>): WordTable {
  return new WordTable([...types].map(([word, type]) => [word, SPAN_TYPES.indexOf(type)]));
}

/** See the module comment. */
export class SpanClass {
  /** Index of the type in `SPAN_TYPES`. */
  type: number = TYPE_OTHER;
  /** Row of the attribute that is the result, or -1, and then {@link result} is. */
  resultRow = -1;
  result: Piece = EMPTY;
  readonly #scan: SpanScan;
  readonly #texts: Texts;

  constructor(scan: SpanScan, texts: Texts) {
    this.#scan = scan;
    this.#texts = texts;
  }

  /** Look at the span that the scan and the texts hold. */
  classify(name: TextPlace): void {
    const { own } = this.#scan;
    this.type = this.#typeOf(name);
    const resultKey = RESULT_KEYS[this.type] as number;
    this.resultRow = resultKey < 0 ? -1 : own.rowOf(resultKey);
    if (this.resultRow >= 0 && own.textSizeOf(this.resultRow) === 0) this.resultRow = -1;
    this.result = this.#scan.statusCode === STATUS_ERROR ? FAILURE : EMPTY;
  }

  #typeOf(name: TextPlace): number {
    const { own } = this.#scan;
    const operation = own.rowOf(KEY.operation);
    let type = -1;
    if (operation >= 0) {
      const bytes = this.#texts.bytesOf(own.sourceOf(operation));
      type = OPERATIONS.find(bytes, own.textStartOf(operation), own.textEndOf(operation));
    }
    if (type < 0) type = this.#typeOfName(name);
    if (type >= 0) {
      const required = REQUIRED_KEYS[type] as number;
      if (required < 0 || own.rowOf(required) >= 0) return type;
    }
    return this.#scan.kind === KIND_SERVER && own.rowOf(KEY.httpMethod) >= 0
      ? TYPE_HTTP
      : TYPE_OTHER;
  }

  #typeOfName(name: TextPlace): number {
    const { source, start, end } = name;
    const bytes = this.#texts.bytesOf(source);
    let space = start;
    while (space < end && bytes[space] !== 0x20) space += 1;
    return FIRST_WORDS.find(bytes, start, space);
  }
}
