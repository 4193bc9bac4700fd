/**
 * A protobufjs reader for hostile input.
 *
 * In: bytes and a budget of elements. Out: 64-bit integers as bigint, strings checked as UTF-8.
 * Differs from the plain reader in that it counts every length-delimited field, so that a body
 * of empty messages cannot fill the memory. Side effect: draws on the budget.
 */
import { isUtf8 } from "node:buffer";
import protobuf from "protobufjs/light.js";
import { StageError } from "../base/errors.ts";
import { SpanRefusal } from "./rejections.ts";

/** Elements that may still be read; shared by all readers of a request. */
export interface ElementBudget {
  left: number;
}

/** Thrown when the budget of a request, an envelope or a span is used up. */
export class ElementsExceeded extends StageError<"OTLP_ELEMENTS_EXCEEDED"> {
  readonly budget: ElementBudget;

  constructor(budget: ElementBudget) {
    super("OTLP_ELEMENTS_EXCEEDED", "too many values", { retryable: false });
    this.budget = budget;
  }
}

const REPLACEMENT = "\ufffd";

/** Reads one message slice; see the module comment. */
export class WireReader extends protobuf.Reader {
  readonly #bytes: Buffer;
  readonly #budgets: readonly ElementBudget[];

  constructor(bytes: Uint8Array, budgets: readonly ElementBudget[]) {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    super(buffer);
    this.#bytes = buffer;
    this.#budgets = budgets;
    this.discardUnknown = true;
  }

  /** Read a length, and count the element that it belongs to. */
  override size(): number {
    for (const budget of this.#budgets) {
      if (budget.left === 0) throw new ElementsExceeded(budget);
      budget.left -= 1;
    }
    return super.size();
  }

  override string(): string {
    const length = this.size();
    const start = this.pos;
    const end = start + length;
    if (end > this.len) throw new RangeError("index out of range");
    this.pos = end;
    const text = this.#bytes.toString("utf8", start, end);
    // A replacement character is either what was sent or the trace of something invalid.
    if (text.includes(REPLACEMENT) && !isUtf8(this.#bytes.subarray(start, end))) {
      throw new SpanRefusal("utf8");
    }
    return text;
  }

  override stringVerify(): string {
    return this.string();
  }

  // The two below return a bigint where the plain reader returns a Long, which is not declared to
  // be possible; `never` is the one type that fits both.
  override fixed64(): never {
    return this.#bytes.readBigUInt64LE(this.#take(8)) as never;
  }

  override int64(): never {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#take(1)] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value) as never;
    }
    throw new RangeError("varint too long");
  }

  #take(length: number): number {
    const start = this.pos;
    if (start + length > this.len) throw new RangeError("index out of range");
    this.pos = start + length;
    return start;
  }
}
