/**
 * Goal: the same log records arrive as the same records, whoever sends them and however.
 * Method: the real exporters of two SDKs send to real listeners with a handler that keeps what it
 * got; the records written out in example-logs.ts are the reference.
 */
import { beforeAll, describe, expect, test } from "vitest";
import type { DecodedLog } from "../../receiver/src/base/records.ts";
import { readLogsJson, readLogsProtobuf } from "../../receiver/src/ingest/logs.ts";
import { DECODED_LOGS } from "./example-logs.ts";
import { useKeepingListeners } from "./keeping-listeners.ts";
import { sendLogsWithGrpc, sendLogsWithHttpJson, sendLogsWithHttpProto } from "./log-senders.ts";
import { preparePython, sendWithPython } from "./python-sender.ts";

const PREPARE_TIMEOUT_MS = 300_000;

const on = useKeepingListeners({
  rejected: 1,
  message: "1 refused: only log records with GenAI content are kept",
});

/** Once: a partial success is no reason for an exporter to send again. */
function expectExample(transport: "grpc" | "http", format: "protobuf" | "json"): void {
  expect(on.refusals).toEqual([]);
  expect(on.received).toHaveLength(1);
  expect(on.received[0]).toMatchObject({ signal: "logs", transport, format });
  const body = on.received[0]?.body ?? Buffer.alloc(0);
  const records: DecodedLog[] = [];
  const read = format === "json" ? readLogsJson : readLogsProtobuf;
  read(body, (record) => void records.push(record));
  expect(records).toEqual(DECODED_LOGS);
}

describe.each(["none", "gzip"] as const)("with compression %s", (compression) => {
  test("the JavaScript gRPC exporter's records are the reference", async () => {
    await sendLogsWithGrpc(on.grpcUrl, compression);
    expectExample("grpc", "protobuf");
  });

  test("the JavaScript HTTP/JSON exporter's records are the reference", async () => {
    await sendLogsWithHttpJson(`${on.httpUrl}/v1/logs`, compression);
    expectExample("http", "json");
  });

  test("the JavaScript HTTP/protobuf exporter's records are the reference", async () => {
    await sendLogsWithHttpProto(`${on.httpUrl}/v1/logs`, compression);
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
      protocol === "grpc" ? on.grpcUrl : `${on.httpUrl}/v1/logs`,
      compression,
      "logs",
    );
    expectExample(protocol, "protobuf");
  });
});
