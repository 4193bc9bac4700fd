/**
 * Random export requests as wire bytes: what exporters send, and now and then whatever else
 * protobuf allows or OTLP forbids. Pure but for its choices.
 */
import { CONTENT_ATTRIBUTES, OTEL, WORKFLOW } from "@spanledger/schema";
import { foreignAttributes, foreignEventName, foreignScopeName } from "./foreign.ts";
import type { Random } from "./random.ts";
import {
  bytesField,
  doubleField,
  fixed32Field,
  fixed64Field,
  messageField,
  shuffled,
  unknownField,
  varintField,
} from "./wire.ts";

const KEYS: readonly string[] = [
  ...Object.values(OTEL),
  ...Object.values(WORKFLOW),
  ...CONTENT_ATTRIBUTES,
  ..."a b note http.request.method http.route server.address db.query.text net.peer.ip".split(" "),
];

/** Keys that redaction looks at, and keys that are personal data themselves. */
const TELLING_KEYS: readonly string[] = [
  ..."password access_token token logprob authorization phone card.number ssn iban email".split(
    " ",
  ),
  ..."order_number order.id set-cookie api_key user.email customer.phone_number n".split(" "),
  ...["bob@example.com", "größe", "k".repeat(127), "k".repeat(128), "", "spanledger.original_end"],
  "spanledger.original_end_time_unix_nano",
];

const PLAIN_TEXTS: readonly string[] = [
  ..."stop chat execute_tool invoke_workflow gpt-x ok GET /orders true paused success 1.5 7".split(
    " ",
  ),
  "",
  "a plain sentence about nothing in particular",
  'line\nbreak\tand "quotes" \\ back',
  "über 😀 “quoted” ＠wide",
  "x".repeat(97),
  "word ".repeat(60),
];

/** What redaction finds, and what only looks like it. */
const TELLING_TEXTS: readonly string[] = [
  "write to bob@example.com or call +1 415 555 0132",
  "4111 1111 1111 1111",
  "4111111111111111",
  "078-05-1120",
  "DE89370400440532013000",
  "sk-abcdefghijklmnopqrstuvwx0123456789",
  "password=hunter22 next",
  '{"password":"hunter2","n":1,"to":"eve@example.org"}',
  // ASCII as many producers write it, of which redaction makes letters that are none.
  '[{"content":"caf\\u00e9 \\u4e2d, write to eve@example.org"}]',
  '[{"role":"user","content":"my number is 415-555-0132"}]',
  "https://user:secret@host/path",
  "Bearer abcdef0123456789abcdef",
  "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefgh",
  "2026-11-21T08:15:00.123456Z",
  "req_0123456789",
  "10.20.30.40",
  "gpt-4o-2024-08-06",
  "user%40example.com",
  "&#64;",
  "\\u0040",
  "the password is swordfish9",
  "-----BEGIN RSA PRIVATE KEY-----",
  "bob＠example.com",
];

const LONG_TEXTS: readonly string[] = ["y".repeat(16_384), "y".repeat(16_385), "ü".repeat(9_000)];

const NAMES: readonly string[] = [
  "invoke_workflow refund",
  "run_step classify",
  "evaluate_branch route",
  "perform_action crm",
  "resolve_approval step",
  "execute_tool t",
  "chat gpt-x",
  "run_step",
  "GET /",
  "",
  "call bob@example.com",
];

const BAD_UTF8: readonly Buffer[] = ["61ff", "eda080", "c3", "f8888080"].map((hex) =>
  Buffer.from(hex, "hex"),
);

function text(random: Random): string | Buffer {
  if (random.oneIn(250)) return random.pick(BAD_UTF8);
  if (random.oneIn(120)) return random.pick(LONG_TEXTS);
  if (random.oneIn(5)) return random.pick(TELLING_TEXTS);
  if (random.oneIn(20)) return String.fromCharCode(32 + random.int(0x300), 32 + random.int(95));
  return random.pick(PLAIN_TEXTS);
}

function integer(random: Random): bigint {
  const size = BigInt(random.pick([3, 8, 20, 39, 40, 49, 53, 63]));
  const value = BigInt.asUintN(Number(size), BigInt(random.int(2 ** 31)) * 1_234_567_891n);
  if (random.oneIn(30)) return 4_111_111_111_111_111n;
  return random.oneIn(8) ? -value : value;
}

function double(random: Random): number {
  return random.pick([0, -0, 0.7, 1.5, -2.25, 1e21, 1e-7, 4.2e12, Number.NaN, Infinity, 123456]);
}

/** Members of an AnyValue; nearly always one. */
function anyValue(random: Random, depth: number): Buffer[] {
  const members = random.oneIn(60) ? random.int(4) : 1;
  return Array.from({ length: members }, () => member(random, depth));
}

function member(random: Random, depth: number): Buffer {
  const kind = random.int(depth > 2 ? 12 : 16);
  if (kind < 8) return bytesField(1, text(random));
  if (kind === 8) return varintField(2, random.int(2));
  if (kind === 9) return varintField(3, integer(random));
  if (kind === 10) return doubleField(4, double(random));
  if (kind === 11) return bytesField(7, Buffer.from(text(random) as string));
  const count = random.int(4);
  if (kind < 15) {
    const isPlain = random.oneIn(2);
    const values = Array.from({ length: count }, () =>
      messageField(
        random,
        1,
        isPlain ? [bytesField(1, text(random))] : anyValue(random, depth + 1),
      ),
    );
    return messageField(random, 5, values);
  }
  const entries = Array.from({ length: count }, () => attribute(random, 1, depth + 1));
  return messageField(random, 6, entries);
}

function attribute(random: Random, number: number, depth: number): Buffer {
  const key = random.oneIn(12) ? random.pick(TELLING_KEYS) : random.pick(KEYS);
  let fields = [bytesField(1, key)];
  if (!random.oneIn(40)) fields.push(messageField(random, 2, anyValue(random, depth)));
  if (random.oneIn(60)) fields = shuffled(random, fields);
  if (random.oneIn(80)) fields.push(unknownField(random));
  return messageField(random, number, fields);
}

function attributes(random: Random, number: number, most: number): Buffer[] {
  return Array.from({ length: random.int(most + 1) }, () => attribute(random, number, 0));
}

function id(random: Random, sizeBytes: number): Buffer {
  if (random.oneIn(80)) return Buffer.alloc(random.pick([0, 1, 7, 8, 15, 16, 17]), random.int(3));
  return Buffer.from(Array.from({ length: sizeBytes }, () => random.int(256)));
}

function time(random: Random): bigint {
  if (random.oneIn(100)) return random.pick([0n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, 1n]);
  return 1_700_000_000_000_000_000n + BigInt(random.int(2 ** 31));
}

function event(random: Random): Buffer {
  const common = random.oneIn(3) ? "exception" : text(random);
  const name = random.oneIn(12) ? foreignEventName(random) : common;
  const fields = [fixed64Field(1, time(random)), bytesField(2, name), ...attributes(random, 3, 4)];
  if (random.oneIn(6)) fields.push(bytesField(3, exceptionAttribute(random)));
  if (random.oneIn(3)) fields.push(varintField(4, random.int(200)));
  return messageField(random, 11, random.oneIn(8) ? shuffled(random, fields) : fields);
}

function exceptionAttribute(random: Random): Buffer {
  const key = random.pick(["exception.type", "exception.message"]);
  return Buffer.concat([bytesField(1, key), bytesField(2, bytesField(1, text(random)))]);
}

function link(random: Random): Buffer {
  const fields = [bytesField(1, id(random, 16)), bytesField(2, id(random, 8))];
  if (random.oneIn(2)) fields.push(bytesField(3, text(random)));
  fields.push(...attributes(random, 4, 2));
  if (random.oneIn(2)) fields.push(varintField(5, 0), fixed32Field(6, 257));
  return messageField(random, 13, random.oneIn(8) ? shuffled(random, fields) : fields);
}

function span(random: Random): Buffer {
  const startNs = time(random);
  const fields = [
    bytesField(1, id(random, 16)),
    bytesField(2, id(random, 8)),
    bytesField(5, random.oneIn(2) ? random.pick(NAMES) : text(random)),
    varintField(6, random.oneIn(50) ? integer(random) : random.int(7)),
    fixed64Field(7, startNs),
    fixed64Field(8, random.oneIn(50) ? time(random) : startNs + BigInt(random.int(2 ** 31))),
    ...attributes(random, 9, random.oneIn(10) ? 40 : 12),
  ];
  const optional: (() => Buffer)[] = [
    () => bytesField(3, text(random)),
    () => bytesField(4, random.oneIn(4) ? Buffer.alloc(8) : id(random, 8)),
    () => varintField(10, random.int(300)),
    () => varintField(12, random.int(300)),
    () => varintField(14, random.int(300)),
    () => fixed32Field(16, random.int(1024)),
    () => messageField(random, 15, [bytesField(2, text(random)), varintField(3, random.int(4))]),
    () => event(random),
    () => event(random),
    () => link(random),
  ];
  for (const make of optional) if (random.oneIn(3)) fields.push(make());
  if (random.oneIn(10)) fields.push(...foreignAttributes(random));
  if (random.oneIn(60)) fields.push(unknownField(random));
  if (random.oneIn(80)) fields.push(random.pick(fields));
  return Buffer.concat(random.oneIn(6) ? shuffled(random, fields) : fields);
}

/** One request of a few spans. */
export function request(random: Random): Buffer {
  const groups = Array.from({ length: random.oneIn(3) ? random.int(4) : 1 }, () => {
    const scopes = Array.from({ length: random.oneIn(4) ? random.int(3) : 1 }, () => {
      const scopeName = random.oneIn(25) ? foreignScopeName(random) : text(random);
      const name = [bytesField(1, scopeName), bytesField(2, "1.0")];
      const scope = messageField(random, 1, [...name, ...attributes(random, 3, 2)]);
      const spans = Array.from({ length: random.int(6) }, () => bytesField(2, span(random)));
      const parts = [scope, ...spans, bytesField(3, "https://schema")];
      return messageField(random, 2, random.oneIn(6) ? shuffled(random, parts) : parts);
    });
    const own = [...attributes(random, 1, 5), varintField(2, 0)];
    const service = Buffer.concat([
      bytesField(1, OTEL.serviceName),
      bytesField(2, bytesField(1, "shop")),
    ]);
    const resource = messageField(random, 1, [bytesField(1, service), ...own]);
    const parts = [resource, ...scopes];
    return messageField(random, 1, random.oneIn(6) ? shuffled(random, parts) : parts);
  });
  return Buffer.concat(groups);
}

/** One to four changes: a byte, a cut, a doubling, a splice, a run of one byte. */
export function mutated(random: Random, source: Buffer): Buffer {
  let bytes = Buffer.from(source);
  for (let changes = 1 + random.int(4); changes > 0; changes -= 1) {
    const at = random.int(bytes.length + 1);
    const length = random.int(20);
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
    const kind = random.int(12);
    if (kind < 8) bytes = Buffer.concat([head, Buffer.from([random.int(256)]), tail.subarray(1)]);
    else if (kind === 8) bytes = Buffer.concat([head, tail.subarray(length)]);
    else if (kind === 9) bytes = Buffer.concat([head, tail.subarray(0, length), tail]);
    else if (kind === 10) bytes = Buffer.from(head);
    else bytes = Buffer.concat([head, Buffer.alloc(length, random.int(256)), tail]);
  }
  return bytes;
}

/** Bytes without a meaning. */
export function noise(random: Random): Buffer {
  return Buffer.from(Array.from({ length: random.int(200) }, () => random.int(256)));
}
