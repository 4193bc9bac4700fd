/**
 * Goal: the same log records arrive as the same records, whoever sends them and however.
 * Method: the real exporters of two SDKs send to real listeners with a handler that keeps what it
 * got; the records written out in example-logs.ts are the reference.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { DecodedLog } from "../../receiver/src/base/records.ts";
import { readLogsJson, readLogsProtobuf } from "../../receiver/src/ingest/logs.ts";
import { startOtlpGrpc } from "../../receiver/src/otlp/grpc-server.ts";
import { startOtlpHttp } from "../../receiver/src/otlp/http-server.ts";
import type { ExportRequest, OtlpServer } from "../../receiver/src/otlp/types.ts";
import { DECODED_LOGS } from "./example-logs.ts";
import { sendLogsWithGrpc, sendLogsWithHttpJson, sendLogsWithHttpProto } from "./log-senders.ts";
import { preparePython, sendWithPython } from "./python-sender.ts";

const PREPARE_TIMEOUT_MS = 300_000;

const received: ExportRequest[] = [];
const refusals: string[] = [];
const log = {
  debug: () => undefined,
  warn: (_fields: object, message: string) => void refusals.push(message),
  error: (_fields: object, message: string) => void refusals.push(message),
};
let grpc: OtlpServer;
let http: OtlpServer;
let grpcUrl: string;
let httpUrl: string;

beforeAll(async () => {
  const options = {
    host: "127.0.0.1",
    port: 0,
    log,
    handler: async (request: ExportRequest) => {
      received.push(request);
      return { rejected: 1, message: "1 refused: only log records with GenAI content are kept" };
    },
  };
  grpc = await startOtlpGrpc(options);
  http = await startOtlpHttp(options);
  grpcUrl = `http://127.0.0.1:${grpc.port}`;
  httpUrl = `http://127.0.0.1:${http.port}/v1/logs`;
});

afterAll(async () => {
  await Promise.all([grpc.stop(1_000), http.stop(1_000)]);
});

beforeEach(() => {
  received.length = 0;
  refusals.length = 0;
});

/** Once: a partial success is no reason for an exporter to send again. */
function expectExample(transport: "grpc" | "http", format: "protobuf" | "json"): void {
  expect(refusals).toEqual([]);
  expect(received).toHaveLength(1);
  expect(received[0]).toMatchObject({ signal: "logs", transport, format });
  const body = received[0]?.body ?? Buffer.alloc(0);
  const records: DecodedLog[] = [];
  const read = format === "json" ? readLogsJson : readLogsProtobuf;
  read(body, (record) => void records.push(record));
  expect(records).toEqual(DECODED_LOGS);
}

describe.each(["none", "gzip"] as const)("with compression %s", (compression) => {
  test("the JavaScript gRPC exporter's records are the reference", async () => {
    await sendLogsWithGrpc(grpcUrl, compression);
    expectExample("grpc", "protobuf");
  });

  test("the JavaScript HTTP/JSON exporter's records are the reference", async () => {
    await sendLogsWithHttpJson(httpUrl, compression);
    expectExample("http", "json");
  });

  test("the JavaScript HTTP/protobuf exporter's records are the reference", async () => {
    await sendLogsWithHttpProto(httpUrl, compression);
    expectExample("http", "protobuf");
  });
});

describe("Python's exporters", () => {
  let python = "";
  let missing: string | undefined;

  beforeAll(async () => {
    const prepared = await preparePython();
    if ("path" in prepared) python = prepared.path;
    else missing = prepared.missing;
  }, PREPARE_TIMEOUT_MS);

  test.for([
    ["grpc", "none"],
    ["grpc", "gzip"],
    ["http", "none"],
    ["http", "gzip"],
  ] as const)("%s, %s, send the reference", async ([protocol, compression], context) => {
    if (missing !== undefined) context.skip(missing);
    await sendWithPython(
      python,
      protocol,
      protocol === "grpc" ? grpcUrl : httpUrl,
      compression,
      "logs",
    );
    expectExample(protocol, "protobuf");
  });
});
