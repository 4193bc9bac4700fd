/**
 * Goal: the same trace arrives as the same record, whoever sends it and however.
 * Method: the real exporters of two SDKs send to real listeners with a handler that keeps what it
 * got; the record written out below is the reference, not another run of the decoder.
 */
import { beforeAll, describe, expect, test } from "vitest";
import type { DecodedSpan } from "../../receiver/src/base/records.ts";
import { decodeTraceJson } from "../../receiver/src/ingest/json.test.helper.ts";
import { decodeTraceProtobuf } from "../reference/decode.ts";
import { EXAMPLE_TRACE_JSON } from "./example-trace.ts";
import { useKeepingListeners } from "./keeping-listeners.ts";
import { preparePython, sendWithPython } from "./python-sender.ts";
import { sendWithGrpc, sendWithHttpJson, sendWithHttpProto } from "./senders.ts";

const PREPARE_TIMEOUT_MS = 300_000;

const EXPECTED: DecodedSpan = {
  traceId: "5b8efff798038103d269b633813fc60c",
  spanId: "eee19b7ec3c1b174",
  parentSpanId: "eee19b7ec3c1b173",
  traceState: "",
  name: "I'm a server span",
  kind: "Server",
  startNs: 1_544_712_660_000_000_000n,
  endNs: 1_544_712_661_000_000_000n,
  attributes: new Map([["my.span.attr", "some value"]]),
  events: [],
  links: [],
  statusCode: "Unset",
  statusMessage: "",
  droppedAttributes: 0,
  droppedEvents: 0,
  droppedLinks: 0,
  flags: 0,
  resource: { attributes: new Map([["service.name", "my.service"]]) },
  scope: {
    name: "my.library",
    version: "1.0.0",
    attributes: new Map([["my.scope.attribute", "some scope attribute"]]),
  },
};

const on = useKeepingListeners({ rejected: 0, message: "" });

function expectExample(transport: "grpc" | "http", format: "protobuf" | "json"): void {
  expect(on.refusals).toEqual([]);
  expect(on.received).toHaveLength(1);
  expect(on.received[0]).toMatchObject({ signal: "traces", transport, format });
  const body = on.received[0]?.body ?? Buffer.alloc(0);
  const { spans } = format === "json" ? decodeTraceJson(body) : decodeTraceProtobuf(body);
  // Exporters differ in the flags of a span, which SDKs began to send one by one.
  expect(spans.map((span) => ({ ...span, flags: 0 }))).toEqual([EXPECTED]);
}

test("the example posted as JSON arrives as the reference record", async () => {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(`${on.httpUrl}/v1/traces`, {
    method: "POST",
    headers,
    body: EXAMPLE_TRACE_JSON,
  });
  expect(await answer.text()).toBe("{}");
  expectExample("http", "json");
});

describe.each(["none", "gzip"] as const)("with compression %s", (compression) => {
  test("the JavaScript gRPC exporter's trace is the reference record", async () => {
    await sendWithGrpc(on.grpcUrl, compression);
    expectExample("grpc", "protobuf");
  });

  test("the JavaScript HTTP/JSON exporter's trace is the reference record", async () => {
    await sendWithHttpJson(`${on.httpUrl}/v1/traces`, compression);
    expectExample("http", "json");
  });

  test("the JavaScript HTTP/protobuf exporter's trace is the reference record", async () => {
    await sendWithHttpProto(`${on.httpUrl}/v1/traces`, compression);
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

  test.for(["none", "gzip"] as const)(
    "gRPC, %s, is the reference record",
    async (compression, context) => {
      if (missing !== undefined) context.skip(missing);
      await sendWithPython(python, "grpc", on.grpcUrl, compression);
      expectExample("grpc", "protobuf");
    },
  );

  test.for(["none", "gzip"] as const)(
    "HTTP, %s, is the reference record",
    async (compression, context) => {
      if (missing !== undefined) context.skip(missing);
      await sendWithPython(python, "http", `${on.httpUrl}/v1/traces`, compression);
      expectExample("http", "protobuf");
    },
  );
});
