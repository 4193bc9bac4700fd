/**
 * Goal: the reference reads protobuf requests exactly, and nothing hostile gets further than it may;
 * the fuzzer of test/fuzz holds the transcoder against it.
 * Method: wire bytes written by hand with the field numbers of OTLP; both sides of each limit.
 */
import { describe, expect, test } from "vitest";
import type { AttributeValue, DecodedSpan } from "../../receiver/src/base/records.ts";
import {
  attribute,
  END_NS,
  field,
  fixed64,
  int,
  request,
  SPAN_ID,
  START_NS,
  span,
  TRACE_ID,
} from "../../receiver/src/base/wire.test.helper.ts";
import {
  ATTRIBUTES_MAX,
  ENVELOPE_ELEMENTS_MAX,
  EVENTS_MAX,
  LINKS_MAX,
  REQUEST_SPANS_MAX,
  SPAN_ELEMENTS_MAX,
  VALUE_DEPTH_MAX,
} from "../../receiver/src/ingest/limits.ts";
import { ORIGINAL_END_ATTRIBUTE } from "../../receiver/src/ingest/rejections.ts";
import type { RejectionReason } from "../../receiver/src/ingest/types.ts";
import { decodeTraceProtobuf } from "./decode.ts";

function only(body: Buffer): DecodedSpan {
  const decoded = decodeTraceProtobuf(body);
  expect(decoded.rejected.count).toBe(0);
  const [first, second] = decoded.spans;
  if (first === undefined || second !== undefined) throw new Error("not one span");
  return first;
}

function readMember(member: Buffer): AttributeValue | undefined {
  return only(request(span({ 9: attribute(9, "k", member) }))).attributes.get("k");
}

test("every field of a span is read", () => {
  const event = field(11, fixed64(1, 5n), field(2, "tick"), attribute(3, "e", int(2, 1)));
  const link = field(
    13,
    field(1, TRACE_ID),
    field(2, SPAN_ID),
    field(3, "l=1"),
    attribute(4, "x", field(1, "y")),
  );
  const changes = {
    3: field(3, "a=b"),
    4: field(4, Buffer.from("eee19b7ec3c1b173", "hex")),
    6: int(6, 3),
    9: attribute(9, "k", field(1, "v")),
    10: int(10, 7),
    11: event,
    12: int(12, 8),
    13: link,
    14: int(14, 4_294_967_295),
    15: field(15, field(2, "broken"), int(3, 2)),
    16: Buffer.from([0x85, 0x01, 1, 3, 0, 0]),
  };
  expect(only(request(span(changes)))).toEqual({
    traceId: "5b8efff798038103d269b633813fc60c",
    spanId: "eee19b7ec3c1b174",
    parentSpanId: "eee19b7ec3c1b173",
    traceState: "a=b",
    name: "a span",
    kind: "Client",
    startNs: START_NS,
    endNs: END_NS,
    attributes: new Map([["k", "v"]]),
    events: [{ timeNs: 5n, name: "tick", attributes: new Map([["e", true]]) }],
    links: [
      {
        traceId: "5b8efff798038103d269b633813fc60c",
        spanId: "eee19b7ec3c1b174",
        traceState: "l=1",
        attributes: new Map([["x", "y"]]),
      },
    ],
    statusCode: "Error",
    statusMessage: "broken",
    droppedAttributes: 7,
    droppedEvents: 8,
    droppedLinks: 4_294_967_295,
    flags: 769,
    resource: { attributes: new Map([["service.name", "shop"]]) },
    scope: { name: "lib", version: "1.2.3", attributes: new Map() },
  });
});

const DOUBLE = Buffer.from([0x21, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f]);

test.each<[string, Buffer, AttributeValue]>([
  ["a string", field(1, "über 😀"), "über 😀"],
  ["an empty string", field(1, ""), ""],
  ["a replacement character that was sent", field(1, "\ufffd"), "\ufffd"],
  ["false", int(2, 0), false],
  ["the largest int64", int(3, 2n ** 63n - 1n), 2n ** 63n - 1n],
  ["the smallest int64", int(3, -(2n ** 63n)), -(2n ** 63n)],
  ["an int64 beyond 2^53", int(3, 9_007_199_254_740_993n), 9_007_199_254_740_993n],
  ["zero", int(3, 0), 0n],
  ["a double", DOUBLE, 1.5],
  ["bytes", field(7, Buffer.from([0, 255])), new Uint8Array([0, 255])],
  ["an array", field(5, field(1, int(3, 1)), field(1)), [1n, null]],
  ["a list", field(6, attribute(1, "a", int(3, 1))), new Map([["a", 1n]])],
  ["an empty value", Buffer.alloc(0), null],
  ["the last of two members", Buffer.concat([int(3, 1), field(1, "z")]), "z"],
])("%s is read exactly", (_title, member, expected) => {
  expect(readMember(member)).toEqual(expected);
});

test("a span without a status is unset and has no message", () => {
  expect(only(request(span()))).toMatchObject({ statusCode: "Unset", statusMessage: "" });
});

test("the last of repeated keys wins", () => {
  const twice = Buffer.concat([attribute(9, "k", int(3, 1)), attribute(9, "k", int(3, 2))]);
  expect(only(request(span({ 9: twice }))).attributes).toEqual(new Map([["k", 2n]]));
});

test("a resource that comes in two parts is merged", () => {
  const part = (key: string) => field(1, attribute(1, key, field(1, "v")));
  const body = field(1, part("a"), part("b"), field(2, field(2, span())));
  expect([...only(body).resource.attributes.keys()]).toEqual(["a", "b"]);
});

test("unknown fields and values are passed over", () => {
  const unknown = Buffer.concat([field(900, "future"), int(901, 1)]);
  const body = Buffer.concat([request(span({ 6: int(6, 99), 900: unknown })), unknown]);
  expect(only(body).kind).toBe("Unspecified");
});

test("spans of one group share their resource and scope objects", () => {
  const [first, second] = decodeTraceProtobuf(request(span(), span())).spans;
  expect(first?.resource).toBe(second?.resource);
  expect(first?.scope).toBe(second?.scope);
});

test("eight zero bytes as the parent mean a root", () => {
  expect(only(request(span({ 4: field(4, Buffer.alloc(8)) }))).parentSpanId).toBe("");
});

test("a link to nothing keeps its attributes and has ids of zeros", () => {
  const { links } = only(request(span({ 13: field(13, attribute(4, "k", int(2, 1))) })));
  expect(links).toEqual([
    {
      traceId: "0".repeat(32),
      spanId: "0".repeat(16),
      traceState: "",
      attributes: new Map([["k", true]]),
    },
  ]);
});

test("a span that ends before it starts is kept, with the end that was sent", () => {
  const decoded = decodeTraceProtobuf(request(span({ 8: fixed64(8, START_NS - 5n) })));
  expect(decoded.clampedSpans).toBe(1);
  expect(decoded.spans[0]?.endNs).toBe(START_NS);
  expect(decoded.spans[0]?.attributes.get(ORIGINAL_END_ATTRIBUTE)).toBe(START_NS - 5n);
});

function nested(levels: number): Buffer {
  let member = int(2, 1);
  for (let level = 0; level < levels; level += 1) member = field(5, field(1, member));
  return attribute(9, "k", member);
}

function nestedLists(levels: number): Buffer {
  let member = int(2, 1);
  for (let level = 0; level < levels; level += 1) member = field(6, attribute(1, "k", member));
  return attribute(9, "k", member);
}

function times(count: number, bytes: Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => bytes));
}

function attributes(count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, at) => attribute(9, `k${at}`, int(2, 1))));
}

const BAD_TEXT = Buffer.from([0x61, 0xff]);

describe("one bad span is refused with its reason and the rest kept:", () => {
  test.each<[string, RejectionReason, Readonly<Record<number, Buffer>>]>([
    ["no trace id", "trace_id", { 1: Buffer.alloc(0) }],
    ["a trace id of 15 bytes", "trace_id", { 1: field(1, TRACE_ID.subarray(1)) }],
    ["a trace id of zeros", "trace_id", { 1: field(1, Buffer.alloc(16)) }],
    ["a span id of 9 bytes", "span_id", { 2: field(2, Buffer.alloc(9, 1)) }],
    ["a span id of zeros", "span_id", { 2: field(2, Buffer.alloc(8)) }],
    ["a parent id of 16 bytes", "parent_span_id", { 4: field(4, TRACE_ID) }],
    ["a link id of 3 bytes", "link_id", { 13: field(13, field(1, "abc")) }],
    ["no start", "start_time", { 7: Buffer.alloc(0) }],
    ["a start of 2^63", "start_time", { 7: fixed64(7, 2n ** 63n) }],
    ["an end of zero", "end_time", { 8: fixed64(8, 0n) }],
    ["an event at 2^64-1", "event_time", { 11: field(11, fixed64(1, 2n ** 64n - 1n)) }],
    ["a name that is not UTF-8", "utf8", { 5: field(5, BAD_TEXT) }],
    ["a key that is not UTF-8", "utf8", { 9: attribute(9, BAD_TEXT, int(2, 1)) }],
    ["a value that is not UTF-8", "utf8", { 9: attribute(9, "k", field(1, BAD_TEXT)) }],
    ["an encoded surrogate", "utf8", { 5: field(5, Buffer.from("eda080", "hex")) }],
    ["arrays too deep", "depth", { 9: nested(VALUE_DEPTH_MAX + 1) }],
    ["lists too deep", "depth", { 9: nestedLists(VALUE_DEPTH_MAX + 1) }],
    ["arrays 20,000 deep", "depth", { 9: nested(20_000) }],
    ["too many attributes", "attributes", { 9: attributes(ATTRIBUTES_MAX + 1) }],
    ["too many events", "events", { 11: times(EVENTS_MAX + 1, field(11)) }],
    ["too many links", "links", { 13: times(LINKS_MAX + 1, field(13)) }],
    ["too many values", "size", { 9: times(SPAN_ELEMENTS_MAX + 1, field(9)) }],
  ])("%s", (_title, reason, changes) => {
    const decoded = decodeTraceProtobuf(request(span(), span(changes), span()));
    expect(decoded.spans).toHaveLength(2);
    expect(decoded.rejected.count).toBe(1);
    expect([...decoded.rejected.reasons]).toEqual([[reason, 1]]);
  });
});

test.each<[string, Readonly<Record<number, Buffer>>]>([
  ["arrays of the greatest depth", { 9: nested(VALUE_DEPTH_MAX) }],
  ["lists of the greatest depth", { 9: nestedLists(VALUE_DEPTH_MAX) }],
  ["the most attributes", { 9: attributes(ATTRIBUTES_MAX) }],
  ["the most events", { 11: times(EVENTS_MAX, field(11)) }],
  ["the most links", { 13: times(LINKS_MAX, field(13)) }],
  ["the last time there is", { 8: fixed64(8, 2n ** 63n - 1n) }],
])("%s are within the limit", (_title, changes) => {
  expect(decodeTraceProtobuf(request(span(changes))).spans).toHaveLength(1);
});

test("a resource that is not UTF-8 refuses the spans under it and no others", () => {
  const bad = field(
    1,
    field(1, attribute(1, "k", field(1, BAD_TEXT))),
    field(2, field(2, span()), field(2, span())),
  );
  const decoded = decodeTraceProtobuf(Buffer.concat([bad, request(span())]));
  expect(decoded.spans).toHaveLength(1);
  expect([...decoded.rejected.reasons]).toEqual([["utf8", 2]]);
});

test("an empty body is an empty request", () => {
  expect(decodeTraceProtobuf(Buffer.alloc(0)).spans).toEqual([]);
});

const SECRET = "card 4111111111111111";

test.each<[string, Buffer, string]>([
  ["text", Buffer.from(`{"${SECRET}":1}`), "OTLP_MALFORMED_PROTOBUF"],
  ["a length past the end", Buffer.from([0x0a, 0x7f, 1]), "OTLP_MALFORMED_PROTOBUF"],
  ["a span cut short", request(span().subarray(0, -3)), "OTLP_MALFORMED_PROTOBUF"],
  ["a varint without end", Buffer.alloc(20, 0xff), "OTLP_MALFORMED_PROTOBUF"],
  ["field number zero", Buffer.from([0, 0]), "OTLP_MALFORMED_PROTOBUF"],
  ["a group without end", Buffer.from([0x0b]), "OTLP_MALFORMED_PROTOBUF"],
  ["groups 10,000 deep", Buffer.alloc(10_000, 0x53), "OTLP_MALFORMED_PROTOBUF"],
  [
    "too many spans",
    field(1, field(2, times(REQUEST_SPANS_MAX + 1, field(2)))),
    "OTLP_TOO_MANY_VALUES",
  ],
  [
    "too many empty groups",
    times(ENVELOPE_ELEMENTS_MAX + 1, Buffer.from([0x0a, 0])),
    "OTLP_TOO_MANY_VALUES",
  ],
])("a body of %s is refused whole, and the message holds no content", (_title, body, code) => {
  let message = "";
  try {
    decodeTraceProtobuf(body);
  } catch (error) {
    expect(error).toMatchObject({ code, retryable: false });
    message = String(error);
  }
  expect(message).toContain("IngestError");
  expect(message).not.toContain("4111");
});
