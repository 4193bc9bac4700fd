/**
 * Goal: OTLP/JSON is read by its rules, and nothing hostile gets further than it may.
 * Method: texts written by hand; both sides of each limit.
 */
import { describe, expect, test, vi } from "vitest";
import type { AttributeValue, DecodedSpan } from "../base/records.ts";
import { decodeTraceJson } from "./json.test.helper.ts";
import { readTraceJson } from "./json.ts";
import {
  JSON_DEPTH_MAX,
  JSON_PART_TOKENS_MAX,
  JSON_TOKENS_MAX,
  REQUEST_SPANS_MAX,
  VALUE_DEPTH_MAX,
} from "./limits.ts";
import type { RejectionReason } from "./types.ts";

const SPAN =
  '"traceId":"5B8EFFF798038103d269b633813fc60c","spanId":"EEE19B7EC3C1B174",' +
  '"name":"a","startTimeUnixNano":"1","endTimeUnixNano":"2"';

/** Commas of {@link SPAN}, and the one behind it. */
const SPAN_COMMAS = 5;

/** A request of spans whose members are appended to the needed ones; later members win. */
function body(...members: string[]): Buffer {
  const spans = members.map((more) => `{${SPAN}${more === "" ? "" : `,${more}`}}`);
  return Buffer.from(`{"resourceSpans":[{"scopeSpans":[{"spans":[${spans.join(",")}]}]}]}`);
}

function only(members: string): DecodedSpan {
  const decoded = decodeTraceJson(body(members));
  const [span] = decoded.spans;
  if (span === undefined) throw new Error(`refused: ${[...decoded.rejected.reasons.keys()]}`);
  return span;
}

function readMember(anyValue: string): AttributeValue | undefined {
  return only(`"attributes":[{"key":"k","value":${anyValue}}]`).attributes.get("k");
}

test("ids in either case become lower case", () => {
  expect(only("")).toMatchObject({
    traceId: "5b8efff798038103d269b633813fc60c",
    spanId: "eee19b7ec3c1b174",
    parentSpanId: "",
  });
});

test.each<[string, string, AttributeValue]>([
  ["a string", '{"stringValue":"über 😀"}', "über 😀"],
  ["an int64 as text", '{"intValue":"9223372036854775807"}', 9_223_372_036_854_775_807n],
  ["an int64 as a number", '{"intValue":42}', 42n],
  ["an int64 beyond 2^53 as a number", '{"intValue":-9007199254740993}', -9_007_199_254_740_993n],
  ["the smallest int64 as a number", '{"intValue":-9223372036854775808}', -(2n ** 63n)],
  ["a double", '{"doubleValue":1.5}', 1.5],
  ["a double written as a long integer", '{"doubleValue":10000000000000000}', 1e16],
  ["a double as text", '{"doubleValue":"2.5e3"}', 2_500],
  ["NaN", '{"doubleValue":"NaN"}', Number.NaN],
  ["minus infinity", '{"doubleValue":"-Infinity"}', Number.NEGATIVE_INFINITY],
  ["true", '{"boolValue":true}', true],
  ["base64", '{"bytesValue":"AP8="}', new Uint8Array([0, 255])],
  ["base64 for URLs without padding", '{"bytesValue":"-_8"}', new Uint8Array([251, 255])],
  ["an array", '{"arrayValue":{"values":[{"intValue":1},{}]}}', [1n, null]],
  [
    "a list",
    '{"kvlistValue":{"values":[{"key":"a","value":{"intValue":1}}]}}',
    new Map([["a", 1n]]),
  ],
  ["an array without values", '{"arrayValue":{}}', []],
  ["no value", "{}", null],
  ["null", "null", null],
  ["a member that is unknown", '{"futureValue":1}', null],
])("%s is read exactly", (_title, anyValue, expected) => {
  expect(readMember(anyValue)).toEqual(expected);
});

test("times beyond 2^53 keep every digit, as text and as number", () => {
  const asNumbers = only(
    '"startTimeUnixNano":1544712660000000001,"endTimeUnixNano":1544712660000000003',
  );
  expect(asNumbers.startNs).toBe(1_544_712_660_000_000_001n);
  expect(asNumbers.endNs).toBe(1_544_712_660_000_000_003n);
  const asText = only('"endTimeUnixNano":"1544712660000000003"');
  expect(asText.endNs).toBe(1_544_712_660_000_000_003n);
});

test("enums are read as integers, and known names are tolerated", () => {
  expect(only('"kind":3,"status":{"code":2,"message":"m"}')).toMatchObject({
    kind: "Client",
    statusCode: "Error",
    statusMessage: "m",
  });
  expect(only('"kind":"SPAN_KIND_SERVER","status":{"code":"STATUS_CODE_OK"}')).toMatchObject({
    kind: "Server",
    statusCode: "Ok",
  });
  expect(only('"kind":77').kind).toBe("Unspecified");
});

test("unknown and snake_case fields are as if they were not there", () => {
  const span = only('"futureField":{"deep":[1]},"parent_span_id":"ff","__proto__":{"name":"x"}');
  expect(span).toMatchObject({ name: "a", parentSpanId: "" });
});

test("null is the same as absent", () => {
  expect(only('"attributes":null,"events":null,"parentSpanId":null,"status":null')).toMatchObject({
    events: [],
    parentSpanId: "",
    statusCode: "Unset",
  });
});

test.each(["{}", '{"resourceSpans":[]}', '{"resourceSpans":null}', ' {"other":1} '])(
  "%s is an empty request",
  (text) => {
    expect(decodeTraceJson(Buffer.from(text)).spans).toEqual([]);
  },
);

function nested(levels: number): string {
  const open = '{"arrayValue":{"values":['.repeat(levels);
  return `"attributes":[{"key":"k","value":${open}{"intValue":1}${"]}}".repeat(levels)}}]`;
}

describe("one bad span is refused with its reason and the rest kept:", () => {
  test.each<[string, RejectionReason, string]>([
    ["a trace id of 31 digits", "trace_id", `"traceId":"${"a".repeat(31)}"`],
    ["a trace id that is not hex", "trace_id", `"traceId":"${"g".repeat(32)}"`],
    ["a base64 trace id", "trace_id", '"traceId":"W47/95gDgQPSabYzgT/GDA=="'],
    ["a span id of zeros", "span_id", `"spanId":"${"0".repeat(16)}"`],
    ["a start of zero", "start_time", '"startTimeUnixNano":0'],
    ["no end", "end_time", '"endTimeUnixNano":null'],
    ["half a surrogate pair", "utf8", '"name":"\\ud83d"'],
    ["arrays too deep", "depth", nested(VALUE_DEPTH_MAX + 1)],
  ])("%s", (_title, reason, members) => {
    const decoded = decodeTraceJson(body("", members, ""));
    expect(decoded.spans).toHaveLength(2);
    expect([...decoded.rejected.reasons]).toEqual([[reason, 1]]);
  });
});

test("arrays of the greatest depth are within the limit", () => {
  expect(only(nested(VALUE_DEPTH_MAX)).attributes.size).toBe(1);
});

function nestedUnknown(levels: number): Buffer {
  return Buffer.from(`{"x":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`);
}

test("the nesting limit counts brackets outside of strings only", () => {
  expect(decodeTraceJson(nestedUnknown(JSON_DEPTH_MAX)).spans).toEqual([]);
  const text = `{"x":"${'[{\\"\\\\'.repeat(JSON_DEPTH_MAX)}"}`;
  expect(decodeTraceJson(Buffer.from(text)).spans).toEqual([]);
});

const SECRET = "4111111111111111";

test.each<[string, string | Buffer, RegExp]>([
  ["nothing", "", /not valid JSON/],
  ["half a text", '{"resourceSpans":', /not valid JSON/],
  ["an unquoted secret", `{"a": ${SECRET}x}`, /not valid JSON/],
  [
    "a secret where a comma belongs",
    `{"a": "${SECRET}" "${SECRET}"}`,
    /not valid JSON at byte 25$/,
  ],
  ["a byte order mark", "\ufeff{}", /not valid JSON/],
  ["bytes that are not UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), /not valid UTF-8/],
  ["an array", "[]", /the body is not an object/],
  ["a number", SECRET, /the body is not an object/],
  ["resourceSpans as an object", '{"resourceSpans":{}}', /resourceSpans is not an array/],
  [
    "a span as text",
    `{"resourceSpans":[{"scopeSpans":[{"spans":["${SECRET}"]}]}]}`,
    /spans is not/,
  ],
  ["a name as a number", body(`"name":${SECRET}`), /name is not a string/],
  ["attributes as an object", body('"attributes":{"a":"b"}'), /attributes is not an array/],
  ["a time as a fraction", body('"startTimeUnixNano":1.5'), /startTimeUnixNano is not an integer/],
  ["a negative time", body('"startTimeUnixNano":"-1"'), /startTimeUnixNano is not an integer/],
  ["a time of 2^64", body(`"startTimeUnixNano":"${2n ** 64n}"`), /startTimeUnixNano is not/],
  ["a count of 2^32", body('"droppedLinksCount":4294967296'), /droppedLinksCount is not/],
  ["an unknown enum name", body('"kind":"SPAN_KIND_SECRET"'), /kind is not an integer/],
  [
    "text as base64",
    body('"attributes":[{"value":{"bytesValue":"!"}}]'),
    /bytesValue is not base64/,
  ],
  ["text as a boolean", body('"attributes":[{"value":{"boolValue":"true"}}]'), /boolValue is not/],
  ["an int64 of 2^63", body(`"attributes":[{"value":{"intValue":"${2n ** 63n}"}}]`), /intValue is/],
  [
    "an integer with a million digits",
    `{"resourceSpans":${"9".repeat(1_000_000)}}`,
    /not an array/,
  ],
  ["one level too many", nestedUnknown(JSON_DEPTH_MAX + 1), /nested more than/],
  ["ten million brackets", "[".repeat(10_000_000), /nested more than/],
])("%s is refused whole, naming what is wrong and no content", (_title, text, message) => {
  let said = "";
  try {
    decodeTraceJson(Buffer.from(text as string));
  } catch (error) {
    expect(error).toMatchObject({ code: "OTLP_MALFORMED_JSON", retryable: false });
    said = String(error);
  }
  expect(said).toMatch(message);
  expect(said).not.toContain("4111");
});

describe("a long list of spans", () => {
  const LONG = Array.from({ length: 200 }, (_, index) => `"name":"ü${index}"`);

  test("is handed over some spans at a time, in their order", () => {
    const slices: string[][] = [];
    readTraceJson(body(...LONG), (spans) => slices.push(spans.map(({ name }) => name)));
    expect(slices.map((slice) => slice.length)).toEqual([64, 64, 64, 8]);
    expect(slices.flat()).toEqual(LONG.map((_, index) => `ü${index}`));
  });

  test("is cut after some large ones", () => {
    const slices: number[] = [];
    const large = Array.from({ length: 5 }, () => `"name":"${"x".repeat(100_000)}"`);
    readTraceJson(body(...large), (spans) => slices.push(spans.length));
    expect(slices).toEqual([3, 2]);
  });

  test("with a fault in it is refused at the byte where it is", () => {
    const good = body(...LONG).toString();
    const at = good.indexOf('"name":"ü150"') + '"name"'.length;
    const text = `${good.slice(0, at)};${good.slice(at + 1)}`;
    const byte = Buffer.byteLength(text.slice(0, at));
    expect(() => decodeTraceJson(Buffer.from(text))).toThrow(
      `the body is not valid JSON at byte ${byte}`,
    );
  });

  test("with a fault behind it is refused at the byte where it is", () => {
    const bytes = body(...LONG);
    bytes[bytes.length - 2] = ";".charCodeAt(0);
    expect(() => decodeTraceJson(bytes)).toThrow(
      `the body is not valid JSON at byte ${bytes.length - 2}`,
    );
  });

  test("that ends too early is refused without being read", () => {
    const bytes = body(...LONG);
    const visit = vi.fn();
    expect(() => readTraceJson(bytes.subarray(0, -20), visit)).toThrow(/it is cut off/);
    expect(visit).not.toHaveBeenCalled();
  });

  test("that comes twice counts the last time, and both must be JSON", () => {
    const twice = (first: string): Buffer =>
      Buffer.from(`{"resourceSpans":[{"scopeSpans":[{"spans":[${first}],"spans":[{${SPAN}}]}]}]}`);
    expect(decodeTraceJson(twice(`{${SPAN}},{${SPAN}}`)).spans).toHaveLength(1);
    expect(() => decodeTraceJson(twice("{} {}"))).toThrow(/not valid JSON/);
  });

  test("under a resource that is refused must be JSON", () => {
    const under = (spans: string): Buffer =>
      Buffer.from(
        `{"resourceSpans":[{"scopeSpans":[{"spans":[${spans}]}],` +
          '"resource":{"attributes":[{"key":"\\ud83d"}]}}]}',
      );
    expect([...decodeTraceJson(under("{},{}")).rejected.reasons]).toEqual([["utf8", 2]]);
    expect(() => decodeTraceJson(under("{},{"))).toThrow(/not valid JSON/);
  });

  test("is found under a name with an escape", () => {
    const text = body(...LONG)
      .toString()
      .replace('"spans"', '"sp\\u0061ns"');
    expect(decodeTraceJson(Buffer.from(text)).spans).toHaveLength(200);
  });
});

test("more spans than a request may have refuse it", () => {
  const text = Buffer.from(
    `{"resourceSpans":[{"scopeSpans":[{"spans":[${"{},".repeat(REQUEST_SPANS_MAX)}{}]}]}]}`,
  );
  expect(() => decodeTraceJson(text)).toThrow(
    expect.objectContaining({ code: "OTLP_TOO_MANY_VALUES" }),
  );
});

/** Members with so many braces, brackets and commas. */
function values(tokens: number): string {
  return `"x":[${"1,".repeat(tokens - 1)}1]`;
}

describe("more values than a limit are refused before they are built:", () => {
  test.each<[string, (more: number) => Buffer]>([
    ["outside of all spans", (more) => Buffer.from(`{${values(JSON_PART_TOKENS_MAX - 1 + more)}}`)],
    [
      "in the first span, the comma behind it included",
      (more) => body(values(JSON_PART_TOKENS_MAX - 2 - SPAN_COMMAS + more), ""),
    ],
    ["in the last span", (more) => body("", values(JSON_PART_TOKENS_MAX - 1 - SPAN_COMMAS + more))],
  ])("%s", (_title, request) => {
    expect(() => decodeTraceJson(request(0))).not.toThrow();
    expect(() => decodeTraceJson(request(1))).toThrow(
      expect.objectContaining({ code: "OTLP_TOO_MANY_VALUES" }),
    );
  });
});

test("more values than a request may have refuse it", () => {
  const half = values(JSON_PART_TOKENS_MAX / 2);
  const halves = (2 * JSON_TOKENS_MAX) / JSON_PART_TOKENS_MAX;
  const request = (spans: number): Buffer => body(...Array.from({ length: spans }, () => half));
  expect(decodeTraceJson(request(halves - 1)).spans).toHaveLength(halves - 1);
  expect(() => decodeTraceJson(request(halves))).toThrow(
    expect.objectContaining({ code: "OTLP_TOO_MANY_VALUES" }),
  );
});
