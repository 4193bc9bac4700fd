/**
 * The checker: holds what is stored against what the load knows, and every sum against a recount.
 *
 * In: a client on the database after the receiver has stopped, and a tally. Out: counts and
 * problems. Reads only.
 */
import type { ClickHouseClient } from "@clickhouse/client";
import { BATCH_TABLES, RUN_STATISTICS, SPANS, TRACE_ID_TS } from "@spanledger/schema";
import { select } from "../fixtures/engine.ts";
import { checkLedger } from "./check-ledger.ts";
import { LETTERS, MARK_ATTRIBUTE, ROWS_BY_PLACE, RUN_SPANS, seedHex } from "./spans.ts";

/** Problems of one kind that are told one by one. */
const EXAMPLES_MAX = 3;

/** Bytes of one stored span in the answer: number (u32) and copies (u8). */
const ENTRY_BYTES = 5;

export type ProblemCode =
  | "SPAN_LOST"
  | "SPAN_TWICE"
  | "SPAN_FOREIGN"
  | "SPAN_MIXED_UP"
  | "ROWS_WRONG"
  | "STATISTICS_WRONG"
  | "TRACE_TIMES_WRONG"
  | "PLACE_WRONG"
  | "LEDGER_MISSING"
  | "LEDGER_WRONG"
  | "FAULT";

export interface Problem {
  readonly code: ProblemCode;
  readonly text: string;
}

/** What the checker needs to know of the load. */
export interface Expectation {
  readonly seed: number;
  readonly spans: number;
  wasAcknowledged(number: number): boolean;
}

export interface Findings {
  readonly acknowledged: number;
  /** Different spans that are stored. */
  readonly stored: number;
  /** Acknowledged and not stored. */
  readonly lost: number;
  /** Stored more than once. */
  readonly twice: number;
  readonly problems: readonly Problem[];
}

/** Check everything. */
export async function check(client: ClickHouseClient, expected: Expectation): Promise<Findings> {
  const spans = await checkSpans(client, expected);
  const rest = await Promise.all([
    checkRows(client),
    checkStatistics(client),
    checkTraceTimes(client),
    checkPlaces(client),
    checkLedger(client),
  ]);
  return { ...spans, problems: [...spans.problems, ...rest.flat()] };
}

async function checkSpans(client: ClickHouseClient, expected: Expectation): Promise<Findings> {
  const prefix = seedHex(expected.seed);
  const [mixed] = await select<{ foreign: string; mixed: string }>(
    client,
    `SELECT countIf(NOT startsWith(SpanId, '${prefix}')) AS foreign,
       countIf(translate(SpanId, '0123456789abcdef', '${LETTERS}')
         != SpanAttributes['${MARK_ATTRIBUTE}']) AS mixed
     FROM ${SPANS.name}`,
  );
  const problems: Problem[] = [];
  const tell = (code: ProblemCode, count: number, text: string): void => {
    if (count > 0) problems.push({ code, text: `${count} ${text}` });
  };
  const copies = await storedCopies(client, prefix, expected.spans);
  const lost: number[] = [];
  const twice: number[] = [];
  let acknowledged = 0;
  let stored = 0;
  for (let number = 0; number < expected.spans; number += 1) {
    const count = copies.of[number] ?? 0;
    if (count > 0) stored += 1;
    if (count > 1) twice.push(number);
    if (!expected.wasAcknowledged(number)) continue;
    acknowledged += 1;
    if (count === 0) lost.push(number);
  }
  tell("SPAN_LOST", lost.length, `acknowledged spans are not stored, ${stretches(lost)}`);
  tell("SPAN_TWICE", twice.length, `spans are stored more than once, ${stretches(twice)}`);
  tell("SPAN_FOREIGN", Number(mixed?.foreign) + copies.beyond, "stored spans were never sent");
  tell("SPAN_MIXED_UP", Number(mixed?.mixed), "spans carry another span's attributes");
  return { acknowledged, stored, lost: lost.length, twice: twice.length, problems };
}

/** How often each span number is stored. */
async function storedCopies(
  client: ClickHouseClient,
  prefix: string,
  spans: number,
): Promise<{ of: Uint8Array; beyond: number }> {
  const { stream } = await client.exec({
    query: `SELECT reinterpretAsUInt32(reverse(unhex(substring(SpanId, 9, 8)))) AS number,
        toUInt8(least(count(), 255)) AS copies
      FROM ${SPANS.name} WHERE startsWith(SpanId, '${prefix}') GROUP BY SpanId FORMAT RowBinary`,
  });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const of = new Uint8Array(spans);
  let beyond = 0;
  for (let at = 0; at < bytes.length; at += ENTRY_BYTES) {
    const number = bytes.readUInt32LE(at);
    if (number < spans) of[number] = bytes.readUInt8(at + 4);
    else beyond += 1;
  }
  return { of, beyond };
}

/** The first stretches of consecutive numbers, to see which requests they were. */
function stretches(numbers: readonly number[]): string {
  const found: string[] = [];
  for (let start = 0; start < numbers.length && found.length < EXAMPLES_MAX; ) {
    let end = start;
    while (numbers[end + 1] === (numbers[end] ?? 0) + 1) end += 1;
    found.push(`${numbers[start]} to ${numbers[end]}`);
    start = end + 1;
  }
  return `numbers ${found.join(", ")}`;
}

/** Every other table holds, for each stored span, exactly the rows that its kind leaves. */
async function checkRows(client: ClickHouseClient): Promise<Problem[]> {
  const place = `(reinterpretAsUInt32(reverse(unhex(substring(SpanId, 9, 8)))) % ${RUN_SPANS})`;
  const problems: Problem[] = [];
  for (const [table, byPlace] of Object.entries(ROWS_BY_PLACE)) {
    const [places, rows] = [Object.keys(byPlace), Object.values(byPlace)];
    const [difference] = await select<{ spans: string; examples: string[] }>(
      client,
      `SELECT count() AS spans, groupArray(${EXAMPLES_MAX})(SpanId) AS examples FROM (
         SELECT SpanId, sum(wanted) AS w, sum(found) AS f FROM (
           SELECT SpanId, transform(${place}, [${places}], [${rows}], 0) AS wanted, 0 AS found
           FROM ${SPANS.name}
           UNION ALL SELECT SpanId, 0 AS wanted, 1 AS found FROM ${table}
         ) GROUP BY SpanId HAVING w != f)`,
    );
    if (Number(difference?.spans) > 0) {
      const text = `${difference?.spans} spans have other rows than theirs in ${table}`;
      problems.push({ code: "ROWS_WRONG", text: `${text}: ${difference?.examples.join(", ")}` });
    }
  }
  return problems;
}

/** Sums per run, counted again from the spans. */
const RECOUNT = `SELECT WorkspaceId, RunId, toUInt64(count()) AS Spans,
    toUInt64(sum(SpanType = 'step')) AS Steps,
    toUInt64(sum(SpanType = 'step' AND StatusCode = 'Error')) AS FailedSteps,
    toUInt64(sum(SpanType = 'ai')) AS AiCalls,
    toUInt64(sum(if(SpanType = 'ai',
      toUInt64OrZero(SpanAttributes['gen_ai.usage.input_tokens']), 0))) AS InputTokens,
    toUInt64(sum(if(SpanType = 'ai',
      toUInt64OrZero(SpanAttributes['gen_ai.usage.output_tokens']), 0))) AS OutputTokens,
    toUInt64(sum(SpanType = 'tool')) AS Tools, toUInt64(sum(SpanType = 'action')) AS Actions,
    toUInt64(sum(SpanType = 'decision')) AS Decisions,
    toUInt64(sum(SpanType = 'approval')) AS Approvals,
    toUInt64(sum(StatusCode = 'Error')) AS Errors, max(ExpiresAt) AS Expires
  FROM ${SPANS.name} WHERE RunId != '' GROUP BY WorkspaceId, RunId`;

const KEPT = `SELECT WorkspaceId, RunId, toUInt64(sum(Spans)), toUInt64(sum(Steps)),
    toUInt64(sum(FailedSteps)), toUInt64(sum(AiCalls)), toUInt64(sum(InputTokens)),
    toUInt64(sum(OutputTokens)), toUInt64(sum(Tools)), toUInt64(sum(Actions)),
    toUInt64(sum(Decisions)), toUInt64(sum(Approvals)), toUInt64(sum(Errors)), max(ExpiresAt)
  FROM ${RUN_STATISTICS} GROUP BY WorkspaceId, RunId`;

async function checkStatistics(client: ClickHouseClient): Promise<Problem[]> {
  const wrong = await differences(client, KEPT, RECOUNT);
  if (wrong === 0) return [];
  const text = `${RUN_STATISTICS} and a recount differ in ${wrong} rows`;
  return [{ code: "STATISTICS_WRONG", text }];
}

/** First and last second of each trace, and one row for each of its batches. */
async function checkTraceTimes(client: ClickHouseClient): Promise<Problem[]> {
  const wrong = await differences(
    client,
    `SELECT TraceId, min(Start), max(End), toUInt64(count()) FROM ${TRACE_ID_TS} GROUP BY TraceId`,
    `SELECT TraceId, toDateTime(min(Timestamp)), toDateTime(max(Timestamp)),
       toUInt64(uniqExact(BatchId)) FROM ${SPANS.name} GROUP BY TraceId`,
  );
  if (wrong === 0) return [];
  return [
    { code: "TRACE_TIMES_WRONG", text: `${TRACE_ID_TS} and a recount differ in ${wrong} rows` },
  ];
}

/** Rows that only one of two queries has. */
async function differences(client: ClickHouseClient, one: string, two: string): Promise<number> {
  const [found] = await select<{ rows: string }>(
    client,
    `SELECT (SELECT count() FROM (${one} EXCEPT ALL ${two}))
       + (SELECT count() FROM (${two} EXCEPT ALL ${one})) AS rows`,
  );
  return Number(found?.rows);
}

/** Rows are numbered from 0 without holes in each segment, and a segment is of one table. */
async function checkPlaces(client: ClickHouseClient): Promise<Problem[]> {
  const all = BATCH_TABLES.map(
    ({ name }) => `SELECT '${name}' AS source, BatchId, Segment, Row FROM ${name}`,
  ).join(" UNION ALL ");
  const wrong = await select<{ BatchId: string; Segment: number; why: string }>(
    client,
    `SELECT BatchId, Segment, multiIf(uniqExact(source) > 1, 'several tables',
         count() != uniqExact(Row), 'a row number twice',
         min(Row) != 0 OR max(Row) != count() - 1, 'a row number missing', '') AS why
     FROM (${all}) GROUP BY BatchId, Segment HAVING why != '' ORDER BY BatchId, Segment`,
  );
  const examples = wrong
    .slice(0, EXAMPLES_MAX)
    .map((one) => `batch ${one.BatchId} segment ${one.Segment}: ${one.why}`);
  if (wrong.length === 0) return [];
  const text = `${wrong.length} segments are not numbered from 0: ${examples.join("; ")}`;
  return [{ code: "PLACE_WRONG", text }];
}
