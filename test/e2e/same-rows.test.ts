/**
 * Goal: a trace is stored the same, whichever way it was sent.
 * Method: the example trace of OTLP's documentation, posted as JSON and sent by the official
 * exporters, each into a server process of its own folder; ClickHouse compares the rows.
 */
import { createClient } from "@clickhouse/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ServerProcess, startServerProcess } from "../fixtures/server.ts";
import { EXAMPLE_TRACE_JSON } from "../otlp/example-trace.ts";
import { preparePython, sendWithPython } from "../otlp/python-sender.ts";
import { sendWithGrpc, sendWithHttpJson, sendWithHttpProto } from "../otlp/senders.ts";

let server: ServerProcess;
/** The row of the posted JSON. */
let posted: Record<string, unknown>;

beforeAll(async () => {
  server = await startServerProcess();
  const response = await fetch(`${server.otlpHttpUrl}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: EXAMPLE_TRACE_JSON,
  });
  expect([response.status, await response.json()]).toEqual([200, {}]);
  posted = await takeRow();
});
afterAll(() => server.remove());

/** Everything but the place in a batch, and the flags, which exporters set and the file does not. */
async function takeRow(): Promise<Record<string, unknown>> {
  const rows = await takeRows();
  expect(rows).toHaveLength(1);
  return rows[0] ?? {};
}

async function takeRows(): Promise<Record<string, unknown>[]> {
  await server.flush();
  const client = createClient({ url: server.clickhouseUrl, database: "spanledger" });
  try {
    const result = await client.query({
      query:
        "SELECT * EXCEPT (BatchId, Segment, Row, Flags), toString(toUnixTimestamp64Nano(Timestamp)) AS ns FROM spans",
      format: "JSONEachRow",
    });
    const rows = await result.json<Record<string, unknown>>();
    await client.command({ query: "TRUNCATE TABLE spans" });
    return rows;
  } finally {
    await client.close();
  }
}

describe("the example trace", () => {
  test("posted as JSON has every field of the file", () => {
    expect(posted).toMatchObject({
      ns: "1544712660000000000",
      TraceId: "5b8efff798038103d269b633813fc60c",
      SpanId: "eee19b7ec3c1b174",
      ParentSpanId: "eee19b7ec3c1b173",
      SpanName: "I'm a server span",
      SpanKind: "Server",
      ServiceName: "my.service",
      ResourceAttributes: { "service.name": "my.service" },
      ScopeName: "my.library",
      ScopeVersion: "1.0.0",
      ScopeAttributes: { "my.scope.attribute": "some scope attribute" },
      SpanAttributes: { "my.span.attr": "some value" },
      Duration: 1_000_000_000,
      StatusCode: "Unset",
    });
  });

  test.each([
    ["exporter-trace-otlp-grpc", () => sendWithGrpc(server.otlpGrpcUrl)],
    ["exporter-trace-otlp-http", () => sendWithHttpJson(`${server.otlpHttpUrl}/v1/traces`)],
    ["exporter-trace-otlp-proto", () => sendWithHttpProto(`${server.otlpHttpUrl}/v1/traces`)],
  ])("sent by %s is stored as the posted one", async (_, send) => {
    await send();
    expect(await takeRow()).toEqual(posted);
  });

  test("sent by exporter-trace-otlp-grpc with gzip is the same request, and not stored again", async () => {
    await sendWithGrpc(server.otlpGrpcUrl, "gzip");
    expect(await takeRows()).toEqual([]);
  });

  test.for(["grpc", "http"] as const)(
    "sent by the Python SDK over %s is stored as the posted one",
    async (transport, { skip }) => {
      const python = await preparePython();
      if ("missing" in python) return skip(python.missing);
      const url = transport === "grpc" ? server.otlpGrpcUrl : `${server.otlpHttpUrl}/v1/traces`;
      await sendWithPython(python.path, transport, url);
      expect(await takeRow()).toEqual(posted);
    },
  );
});
