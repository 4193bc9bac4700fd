/**
 * Goal: what an application could not send stands in the record. Method: the one import with a queue
 * that is too small, in a process of its own; a server process; the command line against its API.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCli } from "../../receiver/src/cli/program.ts";
import { type ServerProcess, startServerProcess } from "../fixtures/server.ts";
import { runApp } from "../instrumentation/child.ts";

let server: ServerProcess;

beforeAll(async () => {
  server = await startServerProcess();
});
afterAll(() => server.remove());

test("dropped spans are an error of the service, with their number", async () => {
  const ended = await runApp("runs.mjs", ["5"], {
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: server.otlpGrpcUrl,
      OTEL_SERVICE_NAME: "shop",
      OTEL_BSP_MAX_QUEUE_SIZE: "2",
      OTEL_BSP_SCHEDULE_DELAY: "60000",
    },
  });
  expect(ended.stderr).toContain("spanledger: spans are dropped: queue_full");
  await server.flush();
  let out = "";
  await runCli(["query", "errors", "--format", "json", "--url", server.apiUrl], {
    serve: async () => 0,
    version: "0",
    stdout: { write: (text) => (out += text) },
    stderr: { write: () => undefined },
    env: {},
    fetch,
  });
  const [gap] = JSON.parse(out) as Record<string, unknown>[];
  expect(gap).toMatchObject({ SpanName: "record_gap", ServiceName: "shop", Type: "queue_full" });
  expect(gap?.Message).toMatch(/^\d+ spans were dropped: queue_full$/);
});
