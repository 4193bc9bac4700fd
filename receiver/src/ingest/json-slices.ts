/**
 * A JSON body whose longest lists are parsed piece by piece.
 *
 * In: the decompressed body, and the names of the lists that lead to its entries. Out: the rest of
 * the body as one value, in which each list of entries is a {@link SlicedList}. Throws `IngestError`
 * (`OTLP_MALFORMED_JSON`, `OTLP_TOO_MANY_VALUES`). Pure.
 *
 * As text and as objects, a body takes many times its own memory. One look over its bytes bounds its
 * shape and finds where its lists of entries stand; only their slices become text, one at a time.
 */
import { isUtf8 } from "node:buffer";
import { IngestError } from "./errors.ts";
import { parseTexts, type TextPart } from "./json-text.ts";
import { JSON_DEPTH_MAX, JSON_PART_TOKENS_MAX, JSON_TOKENS_MAX } from "./limits.ts";

/** Names of the lists within one another, from the outside: `resourceSpans`, `scopeSpans`, `spans`. */
export type ListNames = readonly [string, string, string];

/** Entries after which a slice ends: what the slow lane encodes between two looks at the size of the rows. */
const SLICE_ENTRIES_MAX = 64;

/** Bytes after which a slice ends (256 KiB): its text and objects die young. */
const SLICE_SIZE_BYTES = 262_144;

/** Entries that stand in the body, parsed as they are asked for. */
export class SlicedList {
  readonly length: number;
  readonly #body: Buffer;
  /** Where each slice begins, and behind the last one where the list ends. */
  readonly #bounds: readonly number[];

  constructor(body: Buffer, bounds: readonly number[], length: number) {
    this.#body = body;
    this.#bounds = bounds;
    this.length = length;
  }

  /** @throws {IngestError} `OTLP_MALFORMED_JSON` */
  *slices(): Iterable<readonly unknown[]> {
    let from = this.#bounds[0] ?? 0;
    for (const end of this.#bounds.slice(1)) {
      const text = this.#body.toString("utf8", from, end);
      const parts: TextPart[] = [
        { text: "[", from },
        { text, from },
        { text: "]", from: end },
      ];
      yield parseTexts(parts) as readonly unknown[];
      // Behind the comma.
      from = end + 1;
    }
  }
}

const NO_ENTRIES = new SlicedList(Buffer.alloc(0), [], 0);

/** See the module comment. */
export class SlicedJson {
  /** The body, in which {@link entries} knows what an innermost list stands for. */
  readonly envelope: unknown;
  readonly #lists: readonly SlicedList[];
  readonly #unread: Set<SlicedList>;

  constructor(envelope: unknown, lists: readonly SlicedList[]) {
    this.envelope = envelope;
    this.#lists = lists;
    this.#unread = new Set(lists);
  }

  /** @param list an innermost list of the envelope: empty, or with its number as its only element */
  entries(list: readonly unknown[]): SlicedList {
    if (list.length === 0) return NO_ENTRIES;
    const entries = this.#lists[list[0] as number];
    if (entries === undefined) throw new Error("a list of entries was parsed with the rest");
    this.#unread.delete(entries);
    return entries;
  }

  /**
   * Look at the lists that nobody asked for: of a member that comes twice only the last one counts.
   *
   * @throws {IngestError} `OTLP_MALFORMED_JSON`
   */
  checkUnread(): void {
    for (const list of this.#unread) for (const _slice of list.slices());
  }
}

/**
 * Parse a body within the limits of its shape.
 *
 * @param body UTF-8 JSON text; neither changed nor kept beyond its lists
 * @throws {IngestError} `OTLP_MALFORMED_JSON`, `OTLP_TOO_MANY_VALUES`
 */
export function parseSliced(body: Uint8Array, names: ListNames): SlicedJson {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (!isUtf8(bytes)) throw new IngestError("OTLP_MALFORMED_JSON", "the body is not valid UTF-8");
  return new Scan(bytes, names).run();
}

/** Longest string that may be the name of a list, in bytes: sixteen letters, each as an escape. */
const NAME_SIZE_MAX_BYTES = 96;

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPENING_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** Depth within the innermost list: three objects and the three lists in them. */
const ENTRIES_DEPTH = 6;

/** One look over the bytes. */
class Scan {
  readonly #body: Buffer;
  readonly #names: readonly Buffer[];
  readonly #lists: SlicedList[] = [];
  /** The text outside of the lists, and in place of each list its number. */
  readonly #parts: TextPart[] = [];
  #depth = 0;
  #tokens = 0;
  /** Of them, those of the entry at hand, and those outside of all entries. */
  #tokensOfEntry = 0;
  #tokensOfEnvelope = 0;
  /** Of the lists that lead to the entries, how many are open. */
  #openLists = 0;
  /** The last string at a depth at which the names of the lists stand. */
  #name: Buffer;
  /** Up to where the body is in `#parts`. */
  #taken = 0;
  #bounds: number[] = [];
  #entries = 0;
  #entriesOfSlice = 0;

  constructor(body: Buffer, names: ListNames) {
    this.#body = body;
    this.#names = names.map((name) => Buffer.from(name));
    this.#name = body.subarray(0, 0);
  }

  run(): SlicedJson {
    const body = this.#body;
    for (let at = 0; at < body.length; at += 1) {
      const byte = body[at] as number;
      if (byte === QUOTE) at = this.#string(at);
      else if (byte === COMMA) this.#comma(at);
      // With bit 5 set, `[` is `{` and `]` is `}`; no other byte of JSON becomes one of them.
      else if ((byte | 0x20) === OPENING_BRACE) this.#open(at, byte);
      else if ((byte | 0x20) === CLOSING_BRACE) this.#close(at);
    }
    if (this.#depth > 0 && this.#openLists === this.#names.length) {
      throw new IngestError("OTLP_MALFORMED_JSON", "the body is not valid JSON: it is cut off");
    }
    this.#parts.push({ text: body.toString("utf8", this.#taken), from: this.#taken });
    return new SlicedJson(parseTexts(this.#parts), this.#lists);
  }

  #string(start: number): number {
    const end = endOfString(this.#body, start);
    if (this.#depth === 2 * this.#openLists + 1) {
      this.#name = nameOf(this.#body.subarray(start, end + 1));
    }
    return end;
  }

  #comma(at: number): void {
    this.#count();
    if (this.#depth !== ENTRIES_DEPTH || this.#openLists !== this.#names.length) return;
    this.#tokensOfEntry = 0;
    this.#entries += 1;
    this.#entriesOfSlice += 1;
    const sizeBytes = at - (this.#bounds.at(-1) as number);
    if (this.#entriesOfSlice < SLICE_ENTRIES_MAX && sizeBytes < SLICE_SIZE_BYTES) return;
    this.#bounds.push(at);
    this.#entriesOfSlice = 0;
  }

  #open(at: number, byte: number): void {
    this.#count();
    const isUnderName = this.#depth === 2 * this.#openLists + 1;
    this.#depth += 1;
    if (this.#depth > JSON_DEPTH_MAX) {
      const message = `nested more than ${JSON_DEPTH_MAX} levels deep`;
      throw new IngestError("OTLP_MALFORMED_JSON", message);
    }
    // In valid JSON the last string of an object before a bracket is the name of the list.
    const name = this.#names[this.#openLists];
    if (!isUnderName || byte !== OPENING_BRACKET || name === undefined) return;
    if (!this.#name.equals(name)) return;
    this.#openLists += 1;
    if (this.#openLists < this.#names.length) return;
    this.#tokensOfEntry = 0;
    this.#bounds = [at + 1];
    this.#entries = 0;
    this.#entriesOfSlice = 0;
  }

  #close(at: number): void {
    if (this.#depth === 2 * this.#openLists) {
      if (this.#openLists === this.#names.length) this.#endList(at);
      this.#openLists = Math.max(0, this.#openLists - 1);
    }
    this.#depth -= 1;
  }

  #endList(at: number): void {
    const from = this.#bounds[0] as number;
    if (this.#entries === 0 && isBlank(this.#body, from, at)) return;
    const text = this.#body.toString("utf8", this.#taken, from);
    this.#parts.push({ text, from: this.#taken }, { text: String(this.#lists.length), from });
    this.#lists.push(new SlicedList(this.#body, [...this.#bounds, at], this.#entries + 1));
    this.#taken = at;
  }

  #count(): void {
    this.#tokens += 1;
    if (this.#openLists === this.#names.length) this.#tokensOfEntry += 1;
    else this.#tokensOfEnvelope += 1;
    const isTooMuch =
      this.#tokens > JSON_TOKENS_MAX ||
      this.#tokensOfEntry > JSON_PART_TOKENS_MAX ||
      this.#tokensOfEnvelope > JSON_PART_TOKENS_MAX;
    if (isTooMuch) {
      throw new IngestError("OTLP_TOO_MANY_VALUES", "too many values; send smaller batches");
    }
  }
}

/** @param quoted a string as it stands in the body */
function nameOf(quoted: Buffer): Buffer {
  const name = quoted.subarray(1, -1);
  if (name.length > NAME_SIZE_MAX_BYTES || !name.includes(BACKSLASH)) return name;
  try {
    return Buffer.from(JSON.parse(quoted.toString()));
  } catch {
    // Where the envelope is parsed, it is refused.
    return name;
  }
}

/** Whether there is only white space: no value begins with a byte up to the blank. */
function isBlank(body: Buffer, from: number, to: number): boolean {
  return body.subarray(from, to).every((byte) => byte <= 0x20);
}

/** Position of the quote that ends the string beginning at `start`, or the end of the text. */
function endOfString(bytes: Buffer, start: number): number {
  let end = bytes.indexOf(QUOTE, start + 1);
  while (end !== -1) {
    let slashes = 0;
    while (bytes[end - 1 - slashes] === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return end;
    end = bytes.indexOf(QUOTE, end + 1);
  }
  return bytes.length;
}
