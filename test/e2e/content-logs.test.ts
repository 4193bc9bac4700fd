/**
 * Goal: content and exceptions that come as log records are found with the AI call that they belong
 * to, in the run of it, however they were sent; redacted; and other records are refused with a word.
 * Method: a server process gets the records from the official exporters and a span of the same trace
 * as JSON, in either order; the audit views and the command line's queries are the surface.
 */
import { type ClickHouseClient, createClient } from "@clickhouse/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { select } from "../fixtures/engine.ts";
import { type ServerProcess, startServerProcess } from "../fixtures/server.ts";
import { EMAIL, SPAN_ID, TRACE_ID } from "../otlp/example-logs.ts";
import {
  sendLogsWithGrpc,
  sendLogsWithHttpJson,
  sendLogsWithHttpProto,
} from "../otlp/log-senders.ts";
import { findInBytes, findInFiles, findInTables } from "./clear-text.ts";

const RUN_ID = "01J000000000000000000RUN01";
const JSON_TYPE = { "content-type": "application/json" };

let server: ServerProcess;
let client: ClickHouseClient;

beforeAll(async () => {
  server = await startServerProcess();
  client = createClient({ url: server.clickhouseUrl, database: "spanledger" });
});
afterAll(async () => {
  await client.close();
  await server.remove();
});

function attributes(facts: Readonly<Record<string, string>>): object[] {
  return Object.entries(facts).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}

/** The AI call, within a step of a run, without content. */
const SPAN = {
  traceId: TRACE_ID,
  spanId: SPAN_ID,
  name: "chat gpt-x",
  kind: 3,
  startTimeUnixNano: "1544712660000000000",
  endTimeUnixNano: "1544712661000000000",
  attributes: attributes({
    "gen_ai.operation.name": "chat",
    "workflow.run.id": RUN_ID,
    "workflow.id": "refund",
    "workflow.step.name": "answer",
  }),
};

async function post(path: string, request: object): Promise<unknown> {
  const body = JSON.stringify(request);
  const answer = await fetch(`${server.otlpHttpUrl}${path}`, {
    method: "POST",
    headers: JSON_TYPE,
    body,
  });
  expect(answer.status).toBe(200);
  return answer.json();
}

const PLACE = {
  RunId: RUN_ID,
  WorkflowId: "refund",
  StepName: "answer",
  SpanType: "ai",
  SpanId: SPAN_ID,
};

describe("records of an AI call", () => {
  const viewOf = (view: string): string =>
    `SELECT * FROM ${view} WHERE RunId = '${RUN_ID}' ORDER BY Timestamp, Name`;

  test("are kept before their span is known, without a run", async () => {
    await sendLogsWithGrpc(server.otlpGrpcUrl);
    await server.flush();
    const rows = await select<{ RunId: string; Name: string }>(
      client,
      "SELECT RunId, Name FROM audit_payloads ORDER BY Timestamp",
    );
    expect(rows).toEqual([
      { RunId: "", Name: "gen_ai.input.messages" },
      { RunId: "", Name: "gen_ai.output.messages" },
      { RunId: "", Name: "exception" },
    ]);
  });

  test("stand in the run of the call once its span has come", async () => {
    expect(
      await post("/v1/traces", { resourceSpans: [{ scopeSpans: [{ spans: [SPAN] }] }] }),
    ).toEqual({});
    await server.flush();
    const rows = await select<{ Content: string }>(client, viewOf("audit_payloads"));
    expect(rows).toMatchObject([
      { ...PLACE, Name: "gen_ai.input.messages" },
      { ...PLACE, Name: "gen_ai.output.messages" },
      { ...PLACE, Name: "exception" },
    ]);
    const [input, output, rest] = rows.map(({ Content }) => JSON.parse(Content) as unknown);
    expect(input).toEqual([
      {
        role: "user",
        parts: [{ type: "text", content: expect.stringMatching(/^Refund \[email:\w+\], please$/) }],
      },
    ]);
    expect(output).toEqual([
      {
        role: "assistant",
        parts: [{ type: "text", content: "Done." }],
        index: 0,
        finish_reason: "stop",
      },
    ]);
    expect(rest).toEqual({ body: "refund failed", severity_text: "ERROR" });
  });

  test("make an error of the exception, at the call's step", async () => {
    const errors = await select(client, `SELECT * FROM audit_errors WHERE RunId = '${RUN_ID}'`);
    expect(errors).toMatchObject([
      {
        ...PLACE,
        SpanName: "chat gpt-x",
        ServiceName: "my.service",
        Type: "TimeoutError",
        Message: "late",
        Attempt: 0,
      },
    ]);
  });

  test("join the call of the view of AI calls by their span", async () => {
    const rows = await select(
      client,
      `SELECT c.SpanId AS SpanId, c.Operation AS Operation, count() AS Contents
       FROM audit_ai_calls AS c JOIN audit_payloads AS p USING (RunId, TraceId, SpanId)
       WHERE RunId = '${RUN_ID}' AND p.Name LIKE 'gen_ai.%' GROUP BY SpanId, Operation`,
    );
    expect(rows).toEqual([{ SpanId: SPAN_ID, Operation: "chat", Contents: 2 }]);
  });

  test("are answered by the query of a run's inputs", async () => {
    const answer = await fetch(`${server.apiUrl}/api/v1/runs/${RUN_ID}/inputs`);
    const text = await answer.text();
    expect([answer.status, text]).toEqual([200, expect.stringContaining("gen_ai.input.messages")]);
  });

  test("are not doubled by a span that was sent twice", async () => {
    await sendLogsWithHttpJson(`${server.otlpHttpUrl}/v1/logs`);
    const again = { ...SPAN, endTimeUnixNano: "1544712661000000001" };
    await post("/v1/traces", { resourceSpans: [{ scopeSpans: [{ spans: [again] }] }] });
    await server.flush();
    const rows = await select(client, viewOf("audit_payloads"));
    expect(rows).toHaveLength(6);
  });

  test("sent again by the same road are kept once", async () => {
    const count = "SELECT count() AS rows FROM payloads";
    await sendLogsWithHttpProto(`${server.otlpHttpUrl}/v1/logs`);
    await server.flush();
    const [before] = await select<{ rows: number }>(client, count);
    await sendLogsWithHttpProto(`${server.otlpHttpUrl}/v1/logs`);
    await server.flush();
    expect(await select(client, count)).toEqual([before]);
  });
});

describe("a request of log records", () => {
  test("with others than content and exceptions is told so", async () => {
    const record = { timeUnixNano: "1544712660300000000", body: { stringValue: "started" } };
    const wanted = { ...record, eventName: "gen_ai.user.message" };
    const logRecords = [record, { ...record, traceId: TRACE_ID }, wanted];
    expect(await post("/v1/logs", { resourceLogs: [{ scopeLogs: [{ logRecords }] }] })).toEqual({
      partialSuccess: {
        rejectedLogRecords: "3",
        errorMessage:
          "2 refused: only log records with GenAI content or an exception are kept; " +
          "1 refused: a log record needs a trace_id or the attribute workflow.run.id to find its run by",
      },
    });
  });

  test("that names the run needs no span", async () => {
    const record = {
      timeUnixNano: "1544712660300000000",
      eventName: "gen_ai.user.message",
      body: { stringValue: "Hi" },
      attributes: attributes({ "workflow.run.id": "01J000000000000000000RUN02" }),
    };
    expect(
      await post("/v1/logs", { resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] }),
    ).toEqual({});
    await server.flush();
    const rows = await select(
      client,
      "SELECT Name FROM audit_payloads WHERE RunId = '01J000000000000000000RUN02'",
    );
    expect(rows).toEqual([{ Name: "gen_ai.input.messages" }]);
  });
});

test("no personal data of a log record is at rest anywhere", async () => {
  const words = [EMAIL];
  expect(await findInTables(client, words)).toEqual([]);
  expect(findInBytes("log", Buffer.from(server.log()), words)).toEqual([]);
  await server.stop();
  expect(await findInFiles(server.dataDir, words)).toEqual([]);
});
