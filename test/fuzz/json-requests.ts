/**
 * Random OTLP/JSON requests: what exporters send, and now and then whatever else JSON allows. Pure
 * but for its choices.
 */
import type { Random } from "./random.ts";

const BLANKS = ["", "", "", "", " ", "\n\t", "\r\n"] as const;

/** Texts with what means something to a scanner, within quotes. */
const TEXTS = [
  "a",
  "ü → 😀",
  '\\"}],[{',
  "\\\\",
  '\\u0022]}\\"',
  "spans",
  '"spans":[1,2]'.replaceAll('"', '\\"'),
  "\\ud83d",
  "x".repeat(300),
] as const;

const VALUES = [
  '{"stringValue":"v"}',
  '{"intValue":9007199254740993}',
  '{"intValue":"7"}',
  '{"doubleValue":1e400}',
  '{"arrayValue":{"values":[{"boolValue":true},{"bytesValue":"AP8="}]}}',
  '{"kvlistValue":{"values":[{"key":"spans","value":{"arrayValue":{}}}]}}',
  "{}",
  "null",
] as const;

/** Members that nobody knows, some with names that lists have elsewhere. */
const UNKNOWN = [
  '"future":{"spans":[{"a":[1,{}]}]}',
  '"schemaUrl":"spans"',
  '"list":[[],[[1]],{}]',
  '"scopeLogs":[{"spans":[3]}]',
  '"n":0',
] as const;

/** Lists where one of messages belongs, and what is no such list. */
const ODD_LISTS = ["null", "[]", "[ \n]", "[null]", "[0]", "[0,1]", "[[]]", "{}", '"x"'] as const;

/** One request; most are what a server must take. */
export function jsonRequest(random: Random): Buffer {
  const group = (): string =>
    object(random, [
      `"resource":{"attributes":[${attribute(random)}]}`,
      `${name(random, "scopeSpans")}:${lists(random, 3, () => scopeSpans(random))}`,
    ]);
  return Buffer.from(
    object(random, [`${name(random, "resourceSpans")}:${lists(random, 3, group)}`]),
  );
}

function scopeSpans(random: Random): string {
  const most = random.oneIn(4) ? 200 : 5;
  return object(random, [
    `"scope":{"name":"${text(random)}"}`,
    `${name(random, "spans")}:${lists(random, most, () => span(random))}`,
  ]);
}

function span(random: Random): string {
  if (random.oneIn(300)) return random.pick(["null", "3", '"x"', "[]", "true"]);
  const hex = (size: number): string =>
    Array.from({ length: size }, () => random.int(16).toString(16)).join("");
  const startNs = random.oneIn(3) ? "1544712660000000001" : '"1544712660000000001"';
  return object(random, [
    `"traceId":"${hex(random.oneIn(60) ? 31 : 32)}"`,
    `"spanId":"${hex(16)}"`,
    `"name":"${text(random)}"`,
    `"startTimeUnixNano":${startNs}`,
    '"endTimeUnixNano":"1544712660000000002"',
    `"attributes":[${attribute(random)},${attribute(random)}]`,
  ]);
}

function attribute(random: Random): string {
  return `{"key":"${text(random)}","value":${random.pick(VALUES)}}`;
}

function text(random: Random): string {
  return random.oneIn(2) ? "b" : random.pick(TEXTS);
}

/** A name, now and then with a letter escaped. */
function name(random: Random, plain: string): string {
  return random.oneIn(40) ? `"\\u0073${plain.slice(1)}"` : `"${plain}"`;
}

function lists(random: Random, most: number, make: () => string): string {
  if (random.oneIn(40)) return random.pick(ODD_LISTS);
  const gap = random.pick(BLANKS);
  const items = Array.from({ length: random.int(most + 1) }, make);
  return `[${gap}${items.join(`${gap},${gap}`)}${gap}]`;
}

/** Members in any order, with some that come twice or are unknown. */
function object(random: Random, members: readonly string[]): string {
  const all = [...members];
  if (random.oneIn(15)) all.push(random.pick(UNKNOWN));
  if (random.oneIn(80)) all.push(random.pick(members));
  for (let at = all.length - 1; at > 0 && random.oneIn(3); at -= 1) {
    const other = random.int(at + 1);
    [all[at], all[other]] = [all[other] as string, all[at] as string];
  }
  const gap = random.pick(BLANKS);
  return `{${gap}${all.join(`${gap},${gap}`)}${gap}}`;
}
