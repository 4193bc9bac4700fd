/**
 * Goal: what a request is refused for, and what is said about it; and that a refused span leaves
 * nothing behind. Whether the rows are right is tested in test/fuzz and, in the engine, test/e2e.
 * Method: wire bytes written by hand; a slow lane that only notes what it was given.
 */
import { BATCH_TABLES } from "@spanledger/schema";
import { describe, expect, test } from "vitest";
import { type BatchPlace, type EncodedRows, REQUEST_ROWS_SIZE_MAX_BYTES } from "../base/batch.ts";
import type { DecodedSpan } from "../base/records.ts";
import {
  attribute,
  END_NS,
  field,
  fixed64,
  int,
  request,
  START_NS,
  span,
} from "../base/wire.test.helper.ts";
import { KEYS_MAX } from "./key-table.ts";
import { ATTRIBUTES_MAX, ENVELOPE_ELEMENTS_MAX, REQUEST_SPANS_MAX } from "./limits.ts";
import { createTranscoder, type Transcoder } from "./transcoder.ts";

const PLACE: BatchPlace = {
  batchId: "01J00000000000000000000000",
  workspaceId: "acme",
  retentionClass: "standard",
  tables: BATCH_TABLES.map((_, segment) => ({ segment, nextRow: 5, expiresAtS: 1 })),
};

interface Subject {
  readonly transcoder: Transcoder;
  /** What went the slow lane, and where its first row was to stand. */
  readonly slow: { readonly span: DecodedSpan; readonly nextRow: number | undefined }[];
}

function subject(): Subject {
  const slow: Subject["slow"] = [];
  const transcoder = createTranscoder({
    redactor: "dangerously_unredacted",
    encodeSpans(spans, place) {
      for (const one of spans) slow.push({ span: one, nextRow: place.tables[0]?.nextRow });
      const row: EncodedRows = { bytes: new Uint8Array([7]), rowEnds: Uint32Array.of(1) };
      const none: EncodedRows = { bytes: new Uint8Array(0), rowEnds: new Uint32Array(0) };
      return BATCH_TABLES.map((_, table) => (table === 0 ? row : none));
    },
  });
  return { transcoder, slow };
}

function rowCounts({ transcoder }: Subject, body: Buffer): number[] {
  return transcoder.encodeTraces(body, PLACE).tables.map(({ rowEnds }) => rowEnds.length);
}

const BAD_TEXT = Buffer.from([0x61, 0xff]);
const TWICE = Buffer.concat([attribute(9, "k", int(3, 1)), attribute(9, "k", int(3, 2))]);

test("an empty body is an empty request", () => {
  const encoded = subject().transcoder.encodeTraces(Buffer.alloc(0), PLACE);
  expect(encoded.tables.map(({ rowEnds }) => rowEnds.length)).toEqual([0, 0, 0, 0, 0]);
  expect(encoded).toMatchObject({ rejected: 0, message: "" });
});

test("refused spans are counted by reason, in the order in which they came", () => {
  const body = request(
    span({ 1: Buffer.alloc(0) }),
    span(),
    span({ 5: field(5, BAD_TEXT) }),
    span({ 1: field(1, Buffer.alloc(16)) }),
  );
  const { rejected, message, tables } = subject().transcoder.encodeTraces(body, PLACE);
  expect(rejected).toBe(3);
  expect(message).toBe(
    "2 refused: trace_id must be 16 bytes, not all zero; 1 refused: a string is not valid UTF-8",
  );
  expect(tables[0]?.rowEnds).toHaveLength(1);
});

test("a span that turns out bad while it is written leaves no row in any table", () => {
  const bad = span({
    5: field(5, "evaluate_branch x"),
    9: Buffer.concat([
      attribute(9, "gen_ai.input.messages", field(1, "content")),
      attribute(9, "workflow.decision.name", field(1, "x")),
      attribute(9, "note", field(1, BAD_TEXT)),
    ]),
    15: field(15, int(3, 2)),
  });
  expect(rowCounts(subject(), request(bad))).toEqual([0, 0, 0, 0, 0]);
});

test("a span that ends before it starts is kept, and that is said", () => {
  const one = subject();
  const body = request(span({ 8: fixed64(8, START_NS - 1n) }));
  const { message, rejected } = one.transcoder.encodeTraces(body, PLACE);
  expect(rejected).toBe(0);
  expect(message).toMatch(/^1 kept with end = start/);
  expect(one.slow[0]?.span.endNs).toBe(START_NS);
});

describe("the slow lane takes, in its place among the rows,", () => {
  test.each<[string, Buffer]>([
    ["a key that comes twice", span({ 9: TWICE })],
    ["a key that is too long", span({ 9: attribute(9, "k".repeat(128), int(2, 1)) })],
    ["a field that comes twice", Buffer.concat([span(), field(5, "again")])],
    ["an unknown field", span({ 900: field(900, "future") })],
    ["a value before its key", span({ 9: field(9, field(2, int(2, 1)), field(1, "k")) })],
    ["a length of more bytes than needed", span({ 5: Buffer.from([0x2a, 0x81, 0x00, 0x61]) })],
  ])("%s", (title, bytes) => {
    const one = subject();
    expect(rowCounts(one, request(span(), bytes, span()))[0]).toBe(3);
    // A long form of a length is the one of these that the fast lane understands.
    const expected = title.startsWith("a length") ? [] : [6];
    expect(one.slow.map(({ nextRow }) => nextRow)).toEqual(expected);
  });
});

test("the fast lane takes what exporters send", () => {
  const one = subject();
  const event = field(
    11,
    fixed64(1, 5n),
    field(2, "tick"),
    attribute(3, "e", int(2, 1)),
    int(4, 0),
  );
  const rich = span({
    4: field(4, Buffer.alloc(8, 7)),
    9: Buffer.concat([
      attribute(9, "s", field(1, "über")),
      attribute(9, "i", int(3, -1)),
      attribute(9, "list", field(6, attribute(1, "a", field(5, field(1, int(3, 1)))))),
      attribute(9, "empty", Buffer.alloc(0)),
    ]),
    11: event,
    13: field(13, field(1, Buffer.alloc(16, 1)), field(2, Buffer.alloc(8, 1)), int(5, 0)),
    15: field(15, field(2, ""), int(3, 1)),
    16: Buffer.from([0x85, 0x01, 1, 1, 0, 0]),
  });
  expect(rowCounts(one, request(rich, span()))[0]).toBe(2);
  expect(one.slow).toEqual([]);
  expect(one.transcoder.lanes).toEqual({ fast: 2, slow: 0 });
});

test("more keys than the table holds go the slow lane, and the next request begins anew", () => {
  const one = subject();
  const many = Array.from({ length: KEYS_MAX + 100 }, (_, at) =>
    span({ 9: attribute(9, `key-${at}`, int(2, 1)) }),
  );
  expect(rowCounts(one, request(...many))[0]).toBe(many.length);
  const slow = one.slow.length;
  expect(slow).toBeGreaterThan(100);
  expect(rowCounts(one, request(span({ 9: attribute(9, "a-new-key", int(2, 1)) })))[0]).toBe(1);
  expect(one.slow).toHaveLength(slow);
});

test("attributes at the limit are taken, above it refused", () => {
  const attributes = (count: number): Buffer =>
    Buffer.concat(Array.from({ length: count }, (_, at) => attribute(9, `k${at}`, int(2, 1))));
  const body = request(
    span({ 9: attributes(ATTRIBUTES_MAX) }),
    span({ 9: attributes(ATTRIBUTES_MAX + 1) }),
  );
  const { rejected, message } = subject().transcoder.encodeTraces(body, PLACE);
  expect([rejected, message]).toEqual([1, "1 refused: too many attributes"]);
});

function times(count: number, bytes: Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => bytes));
}

const LARGE_RESOURCE = field(1, attribute(1, "k", field(1, "x".repeat(1_000_000))));
const LARGE_ROWS = field(
  1,
  LARGE_RESOURCE,
  field(
    2,
    ...Array.from({ length: REQUEST_ROWS_SIZE_MAX_BYTES / 1_000_000 + 1 }, () => field(2, span())),
  ),
);
const SECRET = "card 4111111111111111";

test.each<[string, Buffer, string]>([
  ["text", Buffer.from(`{"${SECRET}":1}`), "OTLP_MALFORMED_PROTOBUF"],
  ["a span cut short", request(span().subarray(0, -3)), "OTLP_MALFORMED_PROTOBUF"],
  ["a group without end", Buffer.from([0x1b]), "OTLP_MALFORMED_PROTOBUF"],
  [
    "too many spans",
    field(1, field(2, times(REQUEST_SPANS_MAX + 1, field(2)))),
    "OTLP_TOO_MANY_VALUES",
  ],
  [
    "too many groups",
    times(ENVELOPE_ELEMENTS_MAX + 1, Buffer.from([0x0a, 0])),
    "OTLP_TOO_MANY_VALUES",
  ],
  ["a resource that its spans make too large", LARGE_ROWS, "OTLP_REQUEST_TOO_LARGE"],
])("a body of %s is refused whole, and the message holds no content", (_title, body, code) => {
  const { transcoder } = subject();
  let message = "";
  try {
    transcoder.encodeTraces(body, PLACE);
  } catch (error) {
    expect(error).toMatchObject({ code, retryable: false });
    message = String(error);
  }
  expect(message).toMatch(/^(Ingest|RequestTooLarge)Error: /);
  expect(message).not.toContain("4111");
  // The next request is not touched by it.
  const next = transcoder.encodeTraces(request(span({ 8: fixed64(8, END_NS) })), PLACE);
  expect(next.tables[0]?.rowEnds).toHaveLength(1);
});

test("memory that one large request needed is given back, and the next one is not touched by it", () => {
  const { transcoder } = subject();
  const spans = Array.from({ length: 40 }, () => field(2, span({ 8: fixed64(8, END_NS) })));
  const large = transcoder.encodeTraces(field(1, LARGE_RESOURCE, field(2, ...spans)), PLACE);
  const [rows] = large.tables;
  expect(rows?.bytes.length).toBeGreaterThan(40_000_000);
  large.release?.(1);
  expect(rows?.bytes.length).toBeGreaterThan(40_000_000);
  large.release?.(0);
  expect(rows?.bytes.length).toBe(0);
  const next = transcoder.encodeTraces(request(span({ 8: fixed64(8, END_NS) })), PLACE);
  expect(next.tables[0]?.rowEnds).toHaveLength(1);
});

test("JSON goes the slow lane as a whole", () => {
  const one = subject();
  const text = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"${"ab".repeat(16)}",
    "spanId":"${"cd".repeat(8)}","startTimeUnixNano":"1","endTimeUnixNano":"2"},{}]}]}]}`;
  const { tables, rejected } = one.transcoder.encodeTracesJson(Buffer.from(text), PLACE);
  expect([tables[0]?.rowEnds.length, rejected]).toEqual([1, 1]);
  expect(one.slow[0]?.nextRow).toBe(5);
});
