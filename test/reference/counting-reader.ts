/**
 * A protobufjs reader that counts every length-delimited field and gives 64-bit integers as bigint.
 *
 * In: bytes and budgets. Out: values. Side effect: draws on the budgets.
 */
import protobuf from "protobufjs/light.js";

/** Fields that may still be read; shared by the readers of a request. */
export interface ElementBudget {
  left: number;
}

/** A budget is used up. */
export class ElementsExceeded extends Error {}

/** See the module comment. */
export class CountingReader extends protobuf.Reader {
  readonly #bytes: Buffer;
  readonly #budget: ElementBudget;

  constructor(bytes: Uint8Array, budget: ElementBudget) {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    super(buffer);
    this.#bytes = buffer;
    this.#budget = budget;
    this.discardUnknown = true;
  }

  /** Read a length, and count the field that it belongs to. */
  override size(): number {
    if (this.#budget.left === 0) throw new ElementsExceeded();
    this.#budget.left -= 1;
    return super.size();
  }

  // These return a bigint where the plain reader returns a Long, which is not declared to be
  // possible; `never` is the one type that fits both.
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
