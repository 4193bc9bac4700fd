/**
 * Goal: no place of a log record reaches a row in clear text, and rows stand where the batch says.
 * Method: a request with personal data in every place, through the shipped stages; the bytes of the
 * rows are searched.
 */
import { expect, test } from "vitest";
import { firstPlace } from "./classify/place.ts";
import { createLogEncoder } from "./encode-logs.ts";
import { createRedactor } from "./redact/index.ts";

const EMAIL = "anna.example@example.com";
const SECRET = "hunter2-and-more";
const redactor = createRedactor({ key: new Uint8Array(32).fill(7) });
const encodeLogs = createLogEncoder(redactor);
const place = firstPlace({
  batchId: "01J00000000000000000000000",
  workspaceId: "acme",
  retentionClass: "standard",
  receivedAtMs: Date.UTC(2026, 0, 1),
});

function text(stringValue: string): object {
  return { stringValue };
}

function keys(values: Readonly<Record<string, object>>): object[] {
  return Object.entries(values).map(([key, value]) => ({ key, value }));
}

function body(...logRecords: object[]): Buffer {
  const resource = { attributes: keys({ "service.name": text(`shop of ${EMAIL}`) }) };
  return Buffer.from(JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] }));
}

const RECORD = { timeUnixNano: "5", traceId: "5b8efff798038103d269b633813fc60c" };

/** All rows of all tables as text, and how many each table has. */
function encode(request: Buffer): { text: string; rows: number[]; rejected: number } {
  const { tables, rejected } = encodeLogs(request, "json", place);
  return {
    text: Buffer.concat(tables.map(({ bytes }) => bytes)).toString("latin1"),
    rows: tables.map(({ rowEnds }) => rowEnds.length),
    rejected,
  };
}

test("no place of a record reaches a row in clear text", () => {
  const nested = { kvlistValue: { values: keys({ content: text(`I am ${EMAIL}`) }) } };
  const found = encode(
    body(
      {
        ...RECORD,
        eventName: `gen_ai.event.${EMAIL}`,
        body: { arrayValue: { values: [nested, text(`{"mail":"${EMAIL}"}`)] } },
        attributes: keys({
          [`note ${EMAIL}`]: text("x"),
          "http.request.header.authorization": text(SECRET),
          password: { kvlistValue: { values: keys({ value: text(SECRET) }) } },
          "gen_ai.input.messages": text(`[{"role":"user","content":"${EMAIL}"}]`),
          "workflow.step.name": text(EMAIL),
        }),
      },
      {
        ...RECORD,
        severityText: EMAIL,
        body: text(`failed for ${EMAIL}`),
        attributes: keys({
          "exception.type": text(`Error ${EMAIL}`),
          "exception.message": text(`no account ${EMAIL}`),
          "exception.stacktrace": text(`at ${EMAIL}`),
        }),
      },
    ),
  );
  expect(found.rows).toEqual([0, 3, 0, 0, 1]);
  expect(found.text).toContain("[email:");
  expect(found.text).not.toContain("example.com");
  expect(found.text).not.toContain(SECRET);
});

test("rows continue those of the open batch", () => {
  const tables = place.tables.map((table) => ({ ...table, segment: 9, nextRow: 0x01_02_03 }));
  const record = { ...RECORD, eventName: "gen_ai.user.message", body: text("Hi") };
  const encoded = encodeLogs(body(record, record), "json", { ...place, tables });
  const payloads = encoded.tables[1];
  const ends = [...(payloads?.rowEnds ?? [])];
  const bytes = Buffer.from(payloads?.bytes ?? []);
  // Segment and row stand before class and expiry: 2 + 4 bytes, then a text and 4 bytes.
  const tail = 1 + "standard".length + 4;
  const numbers = ends.map((end) => [
    bytes.readUInt16LE(end - tail - 6),
    bytes.readUInt32LE(end - tail - 4),
  ]);
  expect(numbers).toEqual([
    [9, 0x01_02_03],
    [9, 0x01_02_04],
  ]);
});

test("rows are the same whether one record comes or more than are encoded at a time", () => {
  const record = { ...RECORD, eventName: "gen_ai.user.message", body: text("Hi") };
  const rows = (records: number, nextRow: number): Buffer[] => {
    const tables = place.tables.map((table) => ({ ...table, nextRow }));
    const many = body(...Array.from({ length: records }, () => record));
    const [, payloads] = encodeLogs(many, "json", { ...place, tables }).tables;
    let from = 0;
    return [...(payloads?.rowEnds ?? [])].map((end) => {
      const row = Buffer.from(payloads?.bytes.subarray(from, end) ?? []);
      from = end;
      return row;
    });
  };
  const oneByOne = Array.from({ length: 150 }, (_, index) => rows(1, index)).flat();
  expect(rows(150, 0)).toEqual(oneByOne);
});

test("a text above the limit is cut with its size and digest", () => {
  const record = { ...RECORD, attributes: keys({ "workflow.step.input": text("a".repeat(2e6)) }) };
  const found = encode(body(record));
  expect(found.rows).toEqual([0, 1, 0, 0, 0]);
  expect(found.text).toMatch(/a\[cut: 2000000 bytes, sha256:[0-9a-f]{64}\]/);
});

test("records that are not kept leave no row", () => {
  const found = encode(body({ ...RECORD, body: text("started") }));
  expect(found).toEqual({ text: "", rows: [0, 0, 0, 0, 0], rejected: 1 });
});
