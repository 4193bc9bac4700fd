/**
 * Realistic export requests as protobuf, in three sizes of span.
 *
 * In: a shape, a number of spans and a seed other than 0. Out: the wire bytes of an ExportTraceServiceRequest, the same
 * ones for the same arguments. What is in them is written out below, ids and times differ from span
 * to span, and one in eight contents holds personal data, because that costs the most.
 */

/** The shapes, small to large; the size is the mean on the wire. */
export const SHAPES = ["small", "genai", "large"] as const;
export type Shape = (typeof SHAPES)[number];

/** Spans of a request, as OpenTelemetry's batch processors send them. */
export const REQUEST_SPANS = 512;

/** One in so many contents holds personal data. */
const PERSONAL_EVERY = 8;

const WORDS =
  `the customer asked about the refund of an order that arrived late and the agent looked up the
  shipment then explained that the carrier had returned the parcel because nobody was at home so a
  new delivery will be arranged without any cost for the customer who only has to choose a day`.split(
    /\s+/,
  );

const FIRST_NAMES = "ada grace edsger barbara donald margaret alan katherine".split(" ");

/** A stream of numbers from 0 to 2^32 - 1 (xorshift). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

function lengthDelimited(number: number, ...parts: (string | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  return Buffer.concat([varint(number * 8 + 2), varint(body.length), body]);
}

function varintField(number: number, value: number): Buffer {
  return Buffer.concat([varint(number * 8), varint(value)]);
}

function fixed64(number: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return Buffer.concat([varint(number * 8 + 1), bytes]);
}

type Value = string | number | boolean | readonly string[];

function anyValue(value: Value): Buffer {
  if (typeof value === "string") return lengthDelimited(1, value);
  if (typeof value === "boolean") return varintField(2, value ? 1 : 0);
  if (typeof value === "number" && Number.isInteger(value)) return varintField(3, value);
  if (typeof value === "number") {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    return Buffer.concat([varint(4 * 8 + 1), bytes]);
  }
  return lengthDelimited(5, ...value.map((entry) => lengthDelimited(1, anyValue(entry))));
}

function attributes(number: number, entries: Readonly<Record<string, Value>>): Buffer[] {
  return Object.entries(entries).map(([key, value]) =>
    lengthDelimited(number, lengthDelimited(1, key), lengthDelimited(2, anyValue(value))),
  );
}

/** What differs from span to span. */
interface Choice {
  readonly index: number;
  readonly next: () => number;
}

function id(choice: Choice, sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = 0; at < sizeBytes; at += 4) bytes.writeUInt32LE((choice.next() | 1) >>> 0, at);
  return bytes;
}

const ULID_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

function ulid(choice: Choice): string {
  let random = "";
  for (let n = 0; n < 16; n += 1) random += ULID_LETTERS.charAt(choice.next() % 32);
  return `01KAJ3Z8QX${random}`;
}

/** Words of a paragraph: content of models has line breaks, which are escapes in its JSON. */
const PARAGRAPH_WORDS = 40;

function prose(choice: Choice, sizeBytes: number): string {
  let text = "";
  for (let words = 1; text.length < sizeBytes; words += 1) {
    const end = words % PARAGRAPH_WORDS === 0 ? ".\n\n" : " ";
    text += `${WORDS[choice.next() % WORDS.length]}${end}`;
  }
  return text + (choice.index % PERSONAL_EVERY === 0 ? personal(choice) : "");
}

/** One of some hundred persons. */
function personal(choice: Choice): string {
  const name = FIRST_NAMES[choice.next() % FIRST_NAMES.length];
  const number = 100 + (choice.next() % 16);
  return ` My name is ${name}, write to ${name}.${number}@example.com or call +1 415 555 0${number}.`;
}

function messages(choice: Choice, role: string, sizeBytes: number): string {
  const content = prose(choice, sizeBytes);
  return JSON.stringify([{ role, parts: [{ type: "text", content }] }]);
}

/** An HTTP or database span of an instrumented service. */
function small(choice: Choice): Record<string, Value> {
  return {
    "http.request.method": "GET",
    "url.path": `/orders/${choice.next() % 10_000}/items`,
    "http.response.status_code": 200,
    "server.address": "orders.internal",
    "http.route": "/orders/:id/items",
    "network.protocol.version": "1.1",
  };
}

/** A call to a model within a step of a workflow. */
function genai(choice: Choice): Record<string, Value> {
  return {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-2024-08-06",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.response.id": `chatcmpl-${ulid(choice)}`,
    "gen_ai.request.temperature": 0.7,
    "gen_ai.request.max_tokens": 1024,
    "gen_ai.usage.input_tokens": 100 + (choice.next() % 900),
    "gen_ai.usage.output_tokens": choice.next() % 500,
    "gen_ai.response.finish_reasons": ["stop"],
    "server.address": "api.openai.com",
    "server.port": 443,
    "workflow.id": "refund_flow",
    "workflow.run.id": ulid(choice),
    "workflow.step.name": "classify",
    "request.id": ulid(choice),
    "user.id": `u-${choice.next() % 1_000}`,
    "gen_ai.input.messages": messages(choice, "user", 340),
    "gen_ai.output.messages": messages(choice, "assistant", 220),
  };
}

/** The same with a long conversation. */
function large(choice: Choice): Record<string, Value> {
  return {
    ...genai(choice),
    "gen_ai.system_instructions": JSON.stringify([{ type: "text", content: prose(choice, 3_000) }]),
    "gen_ai.input.messages": messages(choice, "user", 9_000),
    "gen_ai.output.messages": messages(choice, "assistant", 2_800),
  };
}

const ATTRIBUTES: Readonly<Record<Shape, (choice: Choice) => Record<string, Value>>> = {
  small,
  genai,
  large,
};
const NAMES: Readonly<Record<Shape, string>> = {
  small: "GET /orders/:id/items",
  genai: "chat gpt-4o-2024-08-06",
  large: "chat gpt-4o-2024-08-06",
};

const START_NS = 1_795_000_000_000_000_000n;

function spanOf(shape: Shape, choice: Choice): Buffer {
  const startNs = START_NS + BigInt(choice.index) * 1_000_003n;
  return Buffer.concat([
    lengthDelimited(1, id(choice, 16)),
    lengthDelimited(2, id(choice, 8)),
    lengthDelimited(4, id(choice, 8)),
    lengthDelimited(5, NAMES[shape]),
    varintField(6, 3),
    fixed64(7, startNs),
    fixed64(8, startNs + BigInt(choice.next() % 1_000_000_000)),
    ...attributes(9, ATTRIBUTES[shape](choice)),
    lengthDelimited(15, varintField(3, 1)),
    Buffer.from([0x85, 0x01, 0x01, 0x01, 0x00, 0x00]),
  ]);
}

/**
 * One request with all spans under one resource and scope, as an SDK sends it.
 *
 * @param seed not zero; another one gives other ids and contents
 */
export function requestOf(
  shape: Shape,
  spans: number = REQUEST_SPANS,
  seed: number = 0x9e3779b9,
): Buffer {
  const next = numbers(seed);
  const resource = attributes(1, {
    "service.name": "refunds",
    "service.version": "1.4.2",
    "service.instance.id": "627cc493-f310-47de-96bd-71410b7dec09",
    "deployment.environment.name": "production",
    "host.name": "refunds-7d9c4b6f5-x2k8p",
    "process.runtime.name": "nodejs",
    "process.runtime.version": "24.11.1",
    "telemetry.sdk.language": "nodejs",
    "telemetry.sdk.name": "opentelemetry",
    "telemetry.sdk.version": "2.2.0",
  });
  const scope = [
    lengthDelimited(1, "@spanledger/instrumentation-openai"),
    lengthDelimited(2, "0.1.0"),
  ];
  const encoded = Array.from({ length: spans }, (_, index) =>
    lengthDelimited(2, spanOf(shape, { index, next })),
  );
  return lengthDelimited(
    1,
    lengthDelimited(1, ...resource),
    lengthDelimited(2, lengthDelimited(1, ...scope), ...encoded),
  );
}
