/**
 * A request that is sent again and again, each time with ids of its own, without being encoded anew.
 *
 * In: an encoded ExportTraceServiceRequest. Out: a buffer whose trace ids, span ids, run ids and
 * times are overwritten in place before each send. One template belongs to one request under way.
 *
 * A span's id is (load, request, span) as a 64-bit number, multiplied by an odd constant: it looks
 * like a random one to a compressor, and ClickHouse finds the request again by the inverse.
 */

/** Spans that share a trace and a run. */
const SPANS_PER_TRACE = 16;

/** Odd, so that the multiplication modulo 2^64 loses nothing: 2^64 divided by the golden ratio. */
const SCATTER = 0x9e37_79b9_7f4a_7c15n;
const GATHER: bigint = inverse(SCATTER);

/** Requests that one load can send: 24 bits of the span id. */
export const REQUESTS_MAX: number = 2 ** 24;

/** Loads told apart by the upper 24 bits. */
export const LOADS_MAX: number = 2 ** 24;

/** Spans of one request, as far as the lower 16 bits reach. */
export const LOAD_SPANS_MAX: number = 2 ** 16;

/** Time between two spans' starts and each one's duration, in nanoseconds. */
const SPAN_STEP_NS = 1_000n;
const SPAN_DURATION_NS = 750_000_000n;

/** Field numbers of opentelemetry/proto/trace/v1/trace.proto. */
const SPAN = { traceId: 1, spanId: 2, parentSpanId: 4, start: 7, end: 8, attributes: 9 } as const;

/** Attribute whose value stands for a run, 26 characters. */
const RUN_ID_KEY = "workflow.run.id";
const RUN_ID_LENGTH = 26;

const CROCKFORD = Buffer.from("0123456789ABCDEFGHJKMNPQRSTVWXYZ");

/** Where in the buffer a span's values stand; -1 where it has none. */
interface SpanPlaces {
  readonly traceId: number;
  readonly spanId: number;
  readonly parentSpanId: number;
  readonly start: number;
  readonly end: number;
  readonly runId: number;
}

export class LoadTemplate {
  readonly bytes: Buffer;
  readonly #spans: readonly SpanPlaces[];
  readonly #random = Buffer.alloc(16);
  #state: number;

  /**
   * @param request an encoded request; it is copied
   * @param seed for the trace and run ids, which need only differ
   */
  constructor(request: Uint8Array, seed: number) {
    this.bytes = Buffer.from(request);
    this.#spans = spanPlaces(this.bytes);
    if (this.#spans.length === 0 || this.#spans.length > LOAD_SPANS_MAX) {
      throw new RangeError(`a load request holds 1 to ${LOAD_SPANS_MAX} spans`);
    }
    this.#state = seed | 0 || 1;
  }

  get spans(): number {
    return this.#spans.length;
  }

  /** Make the next request of it. */
  patch(load: number, request: number, nowMs: number): void {
    if (load >= LOADS_MAX || request >= REQUESTS_MAX) throw new RangeError("no ids are left");
    const first = (BigInt(load) << 40n) | (BigInt(request) << 16n);
    const startNs = BigInt(nowMs) * 1_000_000n;
    for (const [index, places] of this.#spans.entries()) {
      if (index % SPANS_PER_TRACE === 0) this.#fillRandom();
      this.#random.copy(this.bytes, places.traceId, 0, 16);
      const id = BigInt.asUintN(64, (first | BigInt(index)) * SCATTER);
      this.bytes.writeBigUInt64BE(id, places.spanId);
      // A step that is sent by another request, as calls to a model have it.
      if (places.parentSpanId !== -1) this.#random.copy(this.bytes, places.parentSpanId, 8, 16);
      if (places.start !== -1) {
        const ns = startNs + BigInt(index) * SPAN_STEP_NS;
        this.bytes.writeBigUInt64LE(ns, places.start);
        this.bytes.writeBigUInt64LE(ns + SPAN_DURATION_NS, places.end);
      }
      if (places.runId !== -1) this.#writeRunId(places.runId, nowMs);
    }
  }

  /** Marsaglia's xorshift32: fast, and never zero. */
  #fillRandom(): void {
    for (let at = 0; at < 16; at += 4) {
      let state = this.#state;
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      this.#state = state;
      this.#random.writeInt32LE(state, at);
    }
  }

  /** A ULID: ten characters of time, sixteen of the trace's random bytes. */
  #writeRunId(at: number, nowMs: number): void {
    let time = nowMs;
    for (let index = 9; index >= 0; index -= 1) {
      this.bytes[at + index] = CROCKFORD[time % 32] ?? 0;
      time = Math.floor(time / 32);
    }
    for (let index = 0; index < 16; index += 1) {
      this.bytes[at + 10 + index] = CROCKFORD[(this.#random[index] ?? 0) & 31] ?? 0;
    }
  }
}

/** SQL that gives the load and the request of a span id; both as numbers. */
export const LOAD_OF_SPAN_SQL: string = `bitShiftRight(${idSql()}, 40)`;
export const REQUEST_OF_SPAN_SQL: string = `bitAnd(bitShiftRight(${idSql()}, 16), ${REQUESTS_MAX - 1})`;

function idSql(): string {
  return `(reinterpretAsUInt64(reverse(unhex(SpanId))) * toUInt64(${GATHER}))`;
}

/** Inverse modulo 2^64 by Newton's iteration: each step doubles the right bits. */
function inverse(odd: bigint): bigint {
  let guess = odd;
  for (let step = 0; step < 6; step += 1) {
    guess = BigInt.asUintN(64, guess * (2n - odd * guess));
  }
  return guess;
}

/** Every span of a request: field 1 (ResourceSpans), in it 2 (ScopeSpans), in it 2 (Span). */
function spanPlaces(bytes: Buffer): readonly SpanPlaces[] {
  const places: SpanPlaces[] = [];
  for (const resource of fieldsOf(bytes, 0, bytes.length)) {
    if (resource.number !== 1) continue;
    for (const scope of fieldsOf(bytes, resource.from, resource.to)) {
      if (scope.number !== 2) continue;
      for (const span of fieldsOf(bytes, scope.from, scope.to)) {
        if (span.number === 2) places.push(placesOf(bytes, span));
      }
    }
  }
  return places;
}

function placesOf(bytes: Buffer, span: Field): SpanPlaces {
  const fields = [...fieldsOf(bytes, span.from, span.to)];
  const find = (number: number): number => {
    const field = fields.find((candidate) => candidate.number === number);
    return field === undefined || field.from === field.to ? -1 : field.from;
  };
  const run = fields.find(
    (field) =>
      field.number === SPAN.attributes &&
      bytes.toString("latin1", field.from + 2, field.from + 2 + RUN_ID_KEY.length) === RUN_ID_KEY,
  );
  return {
    traceId: find(SPAN.traceId),
    spanId: find(SPAN.spanId),
    parentSpanId: find(SPAN.parentSpanId),
    start: find(SPAN.start),
    end: find(SPAN.end),
    runId: run === undefined ? -1 : run.to - RUN_ID_LENGTH,
  };
}

interface Field {
  readonly number: number;
  /** Where its value begins: behind the length of a length-delimited one. */
  readonly from: number;
  readonly to: number;
}

function* fieldsOf(bytes: Buffer, from: number, to: number): Generator<Field> {
  let at = from;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at] ?? 0;
      at += 1;
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < to) {
    const tag = varint();
    const wireType = tag & 7;
    let length: number;
    if (wireType === 2) length = varint();
    else if (wireType === 1) length = 8;
    else if (wireType === 5) length = 4;
    else {
      varint();
      length = 0;
    }
    yield { number: tag >>> 3, from: at, to: at + length };
    at += length;
  }
}
