/**
 * Goal: the one import honours the standard variables of OpenTelemetry, and SPANLEDGER_CAPTURE.
 * Method: a real process for each variable; an HTTP server that keeps requests as they came.
 */
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Ended, runApp } from "./child.ts";

interface Request {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

let requests: Request[] = [];
let server: Server;
let endpoint: string;
/** How the server answers; a test may make it slow. */
let isSilent = false;

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { url = "", headers } = request;
      requests.push({ path: url, headers, text: Buffer.concat(chunks).toString("utf8") });
      if (!isSilent) response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  requests = [];
  isSilent = false;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function run(environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return runApp("environment.mjs", [], {
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      ...environment,
    },
  });
}

const sent = () => requests.map(({ text }) => text).join("\n");
const spans = () =>
  requests
    .flatMap(({ text }) => JSON.parse(text).resourceSpans)
    .flatMap(({ scopeSpans }) => scopeSpans)
    .flatMap((scope) => scope.spans)
    .filter(({ name }) => !name.startsWith("define_workflow"));
const resource = () =>
  Object.fromEntries(
    JSON.parse(requests[0]?.text ?? "").resourceSpans[0].resource.attributes.map(
      (one: { key: string; value: { stringValue: string } }) => [one.key, one.value.stringValue],
    ),
  );

describe("OTEL_*", () => {
  test("nothing set: every span, with the ids of the run, and W3C headers for others", async () => {
    expect(await run()).toMatchObject({ code: 0, stdout: "baggage,traceparent" });
    expect(requests.map(({ path }) => path)).toEqual(["/v1/traces"]);
    expect(spans()).toHaveLength(4);
    for (const { attributes } of spans()) {
      const keys = attributes.map(({ key }: { key: string }) => key);
      expect(keys).toEqual(
        expect.arrayContaining(["workflow.run.id", "workflow.id", "request.id"]),
      );
    }
    expect(Object.keys(resource()).toSorted()).toEqual([
      "service.instance.id",
      "service.name",
      "telemetry.sdk.language",
      "telemetry.sdk.name",
      "telemetry.sdk.version",
    ]);
  });

  test("TRACES_ENDPOINT and HEADERS: where spans go, and with which key", async () => {
    await run({
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${endpoint}/own/path`,
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20key-1",
    });
    expect(requests[0]?.path).toBe("/own/path");
    expect(requests[0]?.headers.authorization).toBe("Bearer key-1");
  });

  test("PROTOCOL http/protobuf and COMPRESSION gzip", async () => {
    await run({
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
      OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
    });
    expect(requests[0]?.headers["content-type"]).toBe("application/x-protobuf");
    expect(requests[0]?.headers["content-encoding"]).toBe("gzip");
  });

  test("TIMEOUT: no longer wait for a receiver that does not answer", async () => {
    isSilent = true;
    const ended = await run({ OTEL_EXPORTER_OTLP_TIMEOUT: "50" });
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain("spanledger: 4 spans could not be sent and are lost");
  });

  test("SERVICE_NAME and RESOURCE_ATTRIBUTES: who says so", async () => {
    await run({
      OTEL_SERVICE_NAME: "shop",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test,service.name=other",
    });
    expect(resource()).toMatchObject({
      "service.name": "shop",
      "deployment.environment.name": "test",
    });
  });

  test("NODE_RESOURCE_DETECTORS: others than ours", async () => {
    await run({ OTEL_NODE_RESOURCE_DETECTORS: "process" });
    expect(resource()).toHaveProperty("process.runtime.name");
    expect(resource()).not.toHaveProperty("service.instance.id");
  });

  test("TRACES_SAMPLER: fewer spans", async () => {
    await run({ OTEL_TRACES_SAMPLER: "always_off" });
    expect(requests).toEqual([]);
  });

  test("PROPAGATORS: other headers for others", async () => {
    expect(await run({ OTEL_PROPAGATORS: "b3" })).toMatchObject({ code: 0, stdout: "b3" });
  });

  test("BSP_MAX_EXPORT_BATCH_SIZE: spans of a request", async () => {
    await run({ OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "3" });
    const sizes = requests.map(({ text }) => text.match(/"spanId"/g)?.length ?? 0);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(3);
    expect(spans()).toHaveLength(4);
  });

  test("BSP_MAX_QUEUE_SIZE: what does not fit is counted and recorded", async () => {
    await run({ OTEL_BSP_MAX_QUEUE_SIZE: "2" });
    const gap = spans().find(({ name }) => name === "record_gap");
    const count = gap.attributes.find(({ key }: { key: string }) => key === "spanledger.gap.spans");
    expect(Number(count.value.intValue) + spans().length - 1).toBeGreaterThanOrEqual(4);
  });

  test("TRACES_EXPORTER none: nothing is sent", async () => {
    expect(await run({ OTEL_TRACES_EXPORTER: "none" })).toMatchObject({ code: 0 });
    expect(requests).toEqual([]);
  });
});

describe("SPANLEDGER_CAPTURE", () => {
  test("full: content is recorded", async () => {
    const { stderr } = await run();
    expect(sent()).toContain("Dear Ada, hello");
    expect(sent()).toContain("no such Ada");
    expect(stderr).not.toContain("content");
  });

  test("metadata: facts and what people and errors say", async () => {
    const { stderr } = await run({ SPANLEDGER_CAPTURE: "metadata" });
    expect(sent()).not.toContain("Dear Ada");
    expect(sent()).toContain("the law");
    expect(sent()).toContain("no such Ada");
    expect(resource()["spanledger.capture"]).toBe("metadata");
    expect(stderr).toContain("content is not recorded: SPANLEDGER_CAPTURE is metadata");
  });

  test("none: facts alone", async () => {
    await run({ SPANLEDGER_CAPTURE: "none" });
    expect(sent()).not.toContain("Ada");
    expect(sent()).not.toContain("the law");
    expect(spans()).toHaveLength(4);
    expect(sent()).toContain("RangeError");
  });
});
